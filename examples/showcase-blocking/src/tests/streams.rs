//! The stream that ends with its session, and the clients that leave it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pollster::block_on;
use session_testkit::{FaultyStore, ModelStore};

use super::{Door, rest, status};
use crate::connection::Limits;

/// The delay that is promised.
const BOUND: Duration = Duration::from_secs(2);

/// Opens a stream, and reads its first event.
fn begin(door: &Door, cookie: &str) -> (TcpStream, JoinHandle<()>) {
    let (mut client, serving) = door.connect(Limits::default());
    let head = format!("GET /api/ended HTTP/1.0\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    let mut begun = Vec::new();
    while !begun.ends_with(b"event: ready\ndata: {}\n\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        begun.push(byte[0]);
    }
    (client, serving)
}

#[test]
fn an_outage_ends_no_stream_and_a_logout_does_in_time_once_the_store_is_back() {
    let faulty = FaultyStore::new(ModelStore::new());
    let door = Door::over(faulty.clone());
    let cookie = door.visitor();
    let (mut client, serving) = begin(&door, &cookie);
    faulty.go_down();
    let third = faulty.pause_before(faulty.calls() + 3);
    block_on(third.reached());
    faulty.come_up();
    third.open();
    let logout = format!("POST /api/logout HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    assert_eq!(status(&door.ask(logout.as_bytes())), "204");
    let begun = Instant::now();
    assert_eq!(rest(&mut client), "event: ended\ndata: {}\n\n");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    drop(client);
    serving.join().unwrap();
}

#[test]
fn a_client_that_leaves_a_stream_is_noticed_at_once() {
    let door = Door::new();
    let cookie = door.visitor();
    let (client, serving) = begin(&door, &cookie);
    let begun = Instant::now();
    drop(client);
    serving.join().unwrap();
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}
