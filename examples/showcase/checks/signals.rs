//! Checks of the showcase's program when it is told to end, or killed: requests and streams that wait, and writes that
//! were acknowledged.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pollster::block_on;

use super::program::{Running, session};

#[test]
fn a_signal_ends_it_with_exit_code_0_also_while_requests_wait() {
    for name in ["-TERM", "-INT"] {
        let program = Running::start(&["--store", "memory"], "warn");
        let client = program.client();
        let waiting =
            std::thread::spawn(move || block_on(client.get("/api/session?delay_ms=60000")).is_ok());
        block_on(program.client().get("/healthz")).unwrap();
        let asked = Instant::now();
        let (code, log) = program.signal(name);
        assert_eq!(code, Some(0), "{log}");
        assert!(asked.elapsed() < Duration::from_secs(20));
        drop(waiting.join());
    }
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let first = Running::start(&["--store", &url], "warn");
    let client = first.client();
    for number in 0..20 {
        let answer = block_on(client.put(&format!("/api/data/key{number}"), "\"kept\"")).unwrap();
        assert_eq!(answer.status(), 204);
    }
    block_on(client.post("/api/login", r#"{"user":"ada"}"#)).unwrap();
    let cookies = client.cookie_header();
    let (code, _) = first.signal("-KILL");
    assert_eq!(code, None);

    let second = Running::start(&["--store", &url], "warn");
    let state = session(&second, &cookies);
    assert_eq!(state["exists"], true);
    assert_eq!(state["owner"], "ada");
    assert_eq!(state["data"].as_object().unwrap().len(), 20);
    assert_eq!(state["data"]["key19"], "kept");
}

#[test]
fn a_signal_closes_a_stream_that_waits_for_the_end_of_its_session() {
    let program = Running::start(&["--store", "memory"], "warn");
    let client = program.client();
    let login = client.post("/api/login", r#"{"user":"ada"}"#);
    assert_eq!(block_on(login).unwrap().status(), 204);
    let mut stream = TcpStream::connect(&program.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "GET /api/ended HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n",
        client.cookie_header()
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("event: ready") {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0);
    }
    let begun = Instant::now();
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        rest
    });
    assert_eq!(program.signal("-TERM").0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let rest = rest.join().unwrap();
    // It is whole, and the session goes on.
    assert!(
        rest.ends_with("0\r\n\r\n") && !rest.contains("ended"),
        "{rest:?}"
    );
}
