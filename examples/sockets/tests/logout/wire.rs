//! A client's half of a stream and of a WebSocket, byte by byte.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// Sends a request that may become a WebSocket, with these lines of its head, and returns the connection behind the answer's head, and the status.
pub fn open(address: SocketAddr, path: &str, headers: &str) -> (BufReader<TcpStream>, String) {
    open_on(TcpStream::connect(address).unwrap(), path, headers)
}

fn open_on(mut stream: TcpStream, path: &str, headers: &str) -> (BufReader<TcpStream>, String) {
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    let upgrade = match path {
        "/socket" => {
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        _ => "connection: close\r\n",
    };
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: sockets.example\r\n{headers}{upgrade}\r\n"
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line);
    }
    let status = head[0].split(' ').nth(1).unwrap().to_owned();
    (reader, status)
}

/// Opens a WebSocket and says so much without reading that the server can't answer any more.
pub fn open_and_stall(address: SocketAddr, headers: &str) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    // The server's buffer for answers is so many segments.
    socket.set_tcp_mss(536).unwrap();
    socket.connect(&address.into()).unwrap();
    let (reader, status) = open_on(socket.into(), "/socket", headers);
    assert_eq!(status, "101");
    let mut stream = reader.into_inner();
    let patience = Some(Duration::from_secs(1));
    stream.set_write_timeout(patience).unwrap();
    let hello = frame(b"hello");
    let words = hello.repeat(100);
    let mut said = 0;
    loop {
        match stream.write(&words[said % hello.len()..]) {
            Ok(count) => said += count,
            // It takes nothing more for a whole second.
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    stream
        .set_write_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    stream
}

/// Says whether the server closes a connection within a time, without reading from it.
pub fn is_closed_within(mut stream: TcpStream, time: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < time {
        match stream.write(&[0; 4_096]) {
            // Soon there is no room, and each try waits for the socket's time-out.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return true,
        }
    }
    false
}

/// Sends a short text.
pub fn say(socket: &mut BufReader<TcpStream>, text: &[u8]) {
    socket.get_mut().write_all(&frame(text)).unwrap();
}

/// Returns the frame of a short text, masked by zeros. (RFC 6455, 5.2.)
fn frame(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let mut frame = vec![0x80 | TEXT, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(text);
    frame
}

/// Reads a short frame: its kind, and what it says.
pub fn hear(socket: &mut BufReader<TcpStream>) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    socket.read_exact(&mut head).unwrap();
    let mut said = vec![0; usize::from(head[1])];
    socket.read_exact(&mut said).unwrap();
    (head[0] & 0x0f, said)
}

/// Reads the farewell, and returns its code.
pub fn hear_farewell(socket: &mut BufReader<TcpStream>) -> u16 {
    let (kind, reason) = hear(socket);
    assert_eq!(kind, CLOSE, "{}", reason.escape_ascii());
    u16::from_be_bytes([reason[0], reason[1]])
}

pub const TEXT: u8 = 1;
const CLOSE: u8 = 8;
