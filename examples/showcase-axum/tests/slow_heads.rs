//! A client that never ends the head of its request does not keep its connection.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_head_that_is_never_ended_is_cut_off() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_showcase-axum"))
        .args(["--listen", "127.0.0.1:0", "--store", "memory"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhos").unwrap();
    let mut answer = Vec::new();
    let ended = client.read_to_end(&mut answer);
    server.kill().unwrap();
    server.wait().unwrap();
    // The server has closed the connection, with or without an answer.
    assert!(ended.is_ok(), "{ended:?}");
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}
