//! On every framework, a stream and a WebSocket end soon after a logout, and are there only for those with a session.
#![allow(clippy::unwrap_used)]

mod wire;

use std::io::{BufRead, Read};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use rocket::fairing::AdHoc;
use session_core::{Policy, Sessions};
use session_extras::Csrf;
use session_store::MemoryStore;
use session_testkit::FaultyStore;
use session_testkit::http::{Client, Socket};
use sockets::{servers, sessions};

use wire::{TEXT, hear, hear_farewell, is_closed_within, open, open_and_stall, say};

/// The poll is half a second.
const BOUND: Duration = Duration::from_secs(2);

/// Starts a server, and says where it listens.
type Serve = fn(Sessions) -> SocketAddr;

const SERVERS: [(&str, Serve); 3] = [
    ("axum", on_axum),
    ("actix-web", on_actix),
    ("Rocket", on_rocket),
];

#[test]
fn sockets_close_at_logout_on_axum() {
    close_at_logout(on_axum(sessions()));
}

#[test]
fn sockets_close_at_logout_on_actix() {
    close_at_logout(on_actix(sessions()));
}

#[test]
fn sockets_close_at_logout_on_rocket() {
    close_at_logout(on_rocket(sessions()));
}

fn close_at_logout(address: SocketAddr) {
    for path in ["/events", "/socket"] {
        assert_eq!(open(address, path, "").1, "401", "{path}");
    }
    let (client, cookies) = log_in(address);
    let (mut events, status) = open(address, "/events", &cookies);
    assert_eq!(status, "200");
    let mut first = String::new();
    while !first.starts_with("data:1") && !first.starts_with("data: 1") {
        first.clear();
        assert!(events.read_line(&mut first).unwrap() > 0);
    }

    let (mut socket, status) = open(address, "/socket", &cookies);
    assert_eq!(status, "101");
    for count in [b"1", b"2"] {
        say(&mut socket, b"hello");
        assert_eq!(hear(&mut socket), (TEXT, count.to_vec()));
    }

    assert_eq!(block_on(client.post("/logout", "")).unwrap().status(), 200);
    let begun = Instant::now();
    // "Policy violation". (RFC 6455, 7.4.1.)
    assert_eq!(hear_farewell(&mut socket), 1008);
    let mut rest = String::new();
    events.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("ended"), "{rest}");
    // Without such a line a browser tells the page nothing.
    let is_data = |line: &str| line.starts_with("data:") && line.ends_with("{}");
    assert!(rest.lines().any(is_data), "{rest}");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    assert_eq!(open(address, "/events", &cookies).1, "401");
}

#[test]
fn a_socket_whose_client_does_not_read_is_closed_at_logout_too() {
    // On actix-web the handler ends too, but its connection waits for the client without a limit.
    for (name, serve) in [SERVERS[0], SERVERS[2]] {
        let address = serve(sessions());
        let (client, cookies) = log_in(address);
        let socket = open_and_stall(address, &cookies);
        assert_eq!(block_on(client.post("/logout", "")).unwrap().status(), 200);
        assert!(
            is_closed_within(socket, BOUND + sockets::PATIENCE),
            "{name}"
        );
    }
}

#[test]
fn an_outage_is_told_as_an_outage() {
    for (name, serve) in SERVERS {
        let store = FaultyStore::new(MemoryStore::new());
        let address = serve(Sessions::new(Policy::development(), store.clone()));
        let (_, cookies) = log_in(address);
        let (mut socket, _) = open(address, "/socket", &cookies);
        store.go_down();
        say(&mut socket, b"hello");
        // "Try again later", which a logout is not.
        assert_eq!(hear_farewell(&mut socket), 1013, "{name}");
        store.come_up();
        let (mut socket, _) = open(address, "/socket", &cookies);
        say(&mut socket, b"hello");
        assert_eq!(hear(&mut socket), (TEXT, b"1".to_vec()), "{name}");
    }
}

#[test]
fn a_page_of_another_origin_opens_no_websocket() {
    for (name, serve) in SERVERS {
        let address = serve(sessions());
        let (_, cookies) = log_in(address);
        let rows = [
            ("", "101"),
            ("origin: https://shop.example\r\n", "101"),
            // The Lax cookie comes along from these two.
            ("origin: https://blog.shop.example\r\n", "403"),
            ("origin: https://shop.example:8443\r\n", "403"),
            ("origin: null\r\n", "403"),
            ("origin: https://evil.example\r\n", "403"),
            (
                "origin: https://shop.example\r\norigin: https://evil.example\r\n",
                "403",
            ),
        ];
        for (origin, status) in rows {
            let opened = open(address, "/socket", &format!("{cookies}{origin}"));
            assert_eq!(opened.1, status, "{name}: {origin}");
        }
    }
}

fn log_in(address: SocketAddr) -> (Client, String) {
    let client = Client::new(Arc::new(Socket::new(address)));
    assert_eq!(block_on(client.post("/login", "")).unwrap().status(), 200);
    let cookies = format!("cookie: {}\r\n", client.cookie_header());
    (client, cookies)
}

fn csrf() -> Csrf {
    Csrf::new(["https://shop.example"]).unwrap()
}

fn on_axum(sessions: Sessions) -> SocketAddr {
    let (listener, address) = listen();
    thread::spawn(move || runtime().block_on(servers::axum(sessions, csrf(), listener)));
    address
}

fn on_actix(sessions: Sessions) -> SocketAddr {
    let (listener, address) = listen();
    thread::spawn(move || {
        let server = servers::actix(sessions, csrf(), listener);
        actix_web::rt::System::new().block_on(server)
    });
    address
}

fn on_rocket(sessions: Sessions) -> SocketAddr {
    let (lifted, address) = channel();
    thread::spawn(move || {
        let config = rocket::Config {
            port: 0,
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::default()
        };
        let liftoff = AdHoc::on_liftoff("address", move |rocket| {
            let config = rocket.config();
            lifted
                .send(SocketAddr::new(config.address, config.port))
                .unwrap();
            Box::pin(async {})
        });
        let rocket = servers::rocket(sessions, csrf());
        let rocket = rocket.configure(config).attach(liftoff);
        runtime().block_on(rocket.launch()).map(drop).unwrap();
    });
    address.recv().unwrap()
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}
