//! Misbehaving clients, over real sockets.

mod events;
mod log;
mod streams;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use session_core::Store;
use session_store::BlockingStore;
use session_testkit::{FaultyStore, ModelStore, SpyStore};
use showcase::{App, StopFlag};

use crate::connection::{self, Limits};
use crate::head::Head;
use crate::server;
use crate::site::Site;
use crate::wire::Wire;

/// A time that only a hanging server reaches.
const PATIENCE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);

fn application() -> (App, BlockingStore) {
    let flags = ["--store", "memory", "--insecure"];
    let app = pollster::block_on(showcase::prepare("blocking", &flags)).unwrap();
    let store = BlockingStore::new(Arc::clone(app.sessions().store())).unwrap();
    (app, store)
}

/// A site whose connections are made by the test.
struct Door {
    site: Arc<Site>,
    listener: TcpListener,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    fn new() -> Self {
        let (app, store) = application();
        Self::to(app, store)
    }

    /// Uses another store than the application's command line names.
    fn over(store: impl Store) -> Self {
        let store = BlockingStore::new(Arc::new(store)).unwrap();
        Self::to(application().0, store)
    }

    fn to(app: App, store: BlockingStore) -> Self {
        Self {
            site: Arc::new(Site::new(app, store)),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    fn connect(&self, limits: Limits) -> (TcpStream, JoinHandle<()>) {
        let client = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.set_write_timeout(Some(PATIENCE)).unwrap();
        let (server, _) = self.listener.accept().unwrap();
        let site = Arc::clone(&self.site);
        let serving = thread::spawn(move || connection::serve(&site, server, limits));
        (client, serving)
    }

    /// Sends only these bytes, and returns the answer.
    fn ask(&self, bytes: &[u8]) -> String {
        let (mut client, serving) = self.connect(Limits::default());
        client.write_all(bytes).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let answer = rest(&mut client);
        serving.join().unwrap();
        answer
    }

    fn get(&self, path: &str, cookie: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        self.ask(head.as_bytes())
    }

    /// Stores a value and returns the cookie.
    fn visitor(&self) -> String {
        let answer = self.ask(&put("here", "", b"1"));
        let (_, cookie) = answer.split_once("set-cookie: ").unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn put(key: &str, cookie: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PUT /api/data/{key} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn rest(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn a_malformed_request_is_answered_with_its_fault() {
    let door = Door::new();
    for (bytes, expected) in [
        (&b"nonsense\r\n\r\n"[..], "400"),
        (b"GET / HTTP/1.1\r\nhost: x", "400"),
        (
            b"PUT /api/data/k HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1",
            "400",
        ),
        (b"GET / HTTP/3.0\r\n\r\n", "505"),
    ] {
        assert_eq!(
            status(&door.ask(bytes)),
            expected,
            "{}",
            bytes.escape_ascii()
        );
    }
    assert_eq!(door.ask(b""), "");
}

#[test]
fn a_body_may_come_in_chunks_or_wait_for_a_100() {
    let door = Door::new();
    let chunked = b"PUT /api/data/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
        2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n";
    assert_eq!(status(&door.ask(chunked)), "204");

    let (mut client, serving) = door.connect(Limits::default());
    let head = "PUT /api/data/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nexpect: 100-continue";
    write!(client, "{head}\r\n\r\n").unwrap();
    let mut told = [0; 17];
    client.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 \r\n\r\n");
    client.write_all(b"1").unwrap();
    assert_eq!(status(&rest(&mut client)), "204");
    serving.join().unwrap();
}

#[test]
fn a_stream_is_chunked_only_for_http_1_1() {
    let door = Door::new();
    let new = door.get("/api/stream", "");
    assert!(
        new.contains("transfer-encoding: chunked") && new.contains("after: refused"),
        "{new}"
    );
    assert!(new.ends_with("0\r\n\r\n"), "{new}");
    let old = door.ask(b"GET /api/stream HTTP/1.0\r\n\r\n");
    assert!(
        !old.contains("chunked") && old.ends_with("\r\n\r\nafter: refused\n"),
        "{old}"
    );
    let head = door.ask(b"HEAD /api/stream HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(
        head.ends_with("\r\n\r\n") && !head.contains("refused"),
        "{head}"
    );
}

#[test]
fn a_body_that_is_too_large_is_refused_also_while_it_is_being_sent() {
    let door = Door::new();
    let largest = vec![b'1'; 2 << 20];
    let cookie = door.visitor();
    // The session refuses the body, but the server has read it.
    let answer = door.ask(&put("large", &cookie, &largest));
    assert!(answer.contains("session would be too large"), "{answer}");
    let larger = vec![b'1'; 3 << 20];
    let answer = door.ask(&put("large", &cookie, &larger));
    assert_eq!(status(&answer), "413");
    assert!(answer.contains("the body is too large"), "{answer}");
}

#[test]
fn a_silent_client_is_cut_off_and_one_that_stops_is_told_so() {
    let door = Door::new();
    let limits = Limits {
        head: SHORT,
        body: SHORT,
        ..Limits::default()
    };
    for (begun, expected) in [
        (&b""[..], ""),
        (b"GET / HTTP/1.1\r\nhos", "408"),
        (
            b"PUT /api/data/k HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1",
            "408",
        ),
        (
            b"PUT /api/data/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            "408",
        ),
    ] {
        let (mut client, serving) = door.connect(limits);
        client.write_all(begun).unwrap();
        assert_eq!(status(&rest(&mut client)), expected);
        drop(client);
        serving.join().unwrap();
    }
}

#[test]
fn a_client_that_keeps_sending_does_not_move_the_deadline() {
    let door = Door::new();
    let mut client = TcpStream::connect(door.listener.local_addr().unwrap()).unwrap();
    client.write_all(b"more").unwrap();
    let (server, _) = door.listener.accept().unwrap();
    let mut late = Wire::new(server, Duration::ZERO);
    let read = late.read(&mut [0; 4]).unwrap_err();
    let write = late.write(b"more").unwrap_err();
    assert_eq!(
        (read.kind(), write.kind()),
        (io::ErrorKind::TimedOut, io::ErrorKind::TimedOut)
    );
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let door = Door::new();
    let limits = Limits {
        response: Duration::ZERO,
        ..Limits::default()
    };
    let (mut client, serving) = door.connect(limits);
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    serving.join().unwrap();
    assert_eq!(rest(&mut client), "");
}

#[test]
fn a_client_that_goes_away_does_no_harm() {
    let door = Door::new();
    let cookie = door.visitor();
    // In mid-body: there is no request yet.
    let request = put("half", &cookie, b"12");
    let (mut client, serving) = door.connect(Limits::default());
    client.write_all(&request[..request.len() - 1]).unwrap();
    drop(client);
    serving.join().unwrap();
    // After the request: it is carried out, although nobody waits for the answer.
    let (mut client, serving) = door.connect(Limits::default());
    client.write_all(&put("whole", &cookie, b"12")).unwrap();
    drop(client);
    serving.join().unwrap();
    let state = door.get("/api/session", &cookie);
    assert!(state.contains(r#""data":{"here":1,"whole":12}"#), "{state}");
}

#[test]
fn a_panic_is_answered_and_commits_nothing() {
    let door = Door::new();
    let cookie = door.visitor();
    let head = format!("POST /api/panic HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    let answer = door.ask(head.as_bytes());
    assert_eq!(status(&answer), "500");
    assert!(!answer.contains("set-cookie"), "{answer}");
    assert!(answer.contains("vary: Cookie\r\n"), "{answer}");
    let state = door.get("/api/session", &cookie);
    assert!(state.contains(r#""data":{"here":1}"#), "{state}");
}

#[test]
fn the_store_is_asked_as_seldom_as_by_the_other_servers() {
    let spy = SpyStore::new(ModelStore::new());
    let door = Door::over(spy.clone());
    let cookie = door.visitor();
    assert_eq!(spy.take().total(), 1);
    let request = |line: &str, body: &str| {
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    for (request, calls) in [
        (request("GET /api/untouched", ""), 0),
        (request("GET /nowhere", ""), 0),
        (request("GET /api/session", ""), 1),
        (request("POST /api/clear?status=500", ""), 1),
        (request("PUT /api/data/k", "1"), 2),
        // An early save leaves nothing for the end.
        (request("POST /api/data/k/increment", ""), 2),
        (request("POST /api/logout", ""), 1),
        (request("POST /api/login", r#"{"user":"ada"}"#), 2),
    ] {
        door.ask(request.as_bytes());
        assert_eq!(spy.take().total(), calls, "{request}");
    }
}

#[test]
fn an_outage_is_a_503_that_leaves_the_cookie_alone() {
    let faulty = FaultyStore::new(ModelStore::new());
    let door = Door::over(faulty.clone());
    let cookie = door.visitor();
    let is_opaque = |answer: &str| {
        assert_eq!(status(answer), "503", "{answer}");
        assert!(
            answer.ends_with(r#"{"error":"session store unavailable"}"#),
            "{answer}"
        );
        assert!(!answer.contains("set-cookie"), "{answer}");
    };
    faulty.go_down();
    is_opaque(&door.get("/healthz", &cookie));
    let depends_on_the_cookie = |answer: &str| {
        is_opaque(answer);
        assert!(answer.contains("vary: Cookie\r\n"), "{answer}");
    };
    for path in ["/", "/api/session", "/api/data/here"] {
        depends_on_the_cookie(&door.get(path, &cookie));
    }
    // The page that may be seen meanwhile.
    let calm = door.get("/api/calm", &cookie);
    assert_eq!(status(&calm), "200", "{calm}");
    for part in [
        r#"{"exists":false,"outage":true}"#,
        "vary: Cookie\r\n",
        "no-store",
    ] {
        assert!(calm.contains(part), "{calm}");
    }
    assert!(!calm.contains("set-cookie"), "{calm}");
    // No load is needed, so the commit fails.
    depends_on_the_cookie(&door.ask(&put("new", "", b"1")));
    faulty.come_up();
    let state = door.get("/api/session", &cookie);
    assert!(state.contains(r#""data":{"here":1}"#), "{state}");
}

#[test]
fn a_failure_of_one_session_keeps_the_cookie_of_the_other() {
    let faulty = FaultyStore::new(ModelStore::new());
    let flags = ["--store", "memory", "--insecure", "--second"];
    let app = pollster::block_on(showcase::prepare("blocking", &flags)).unwrap();
    let store = BlockingStore::new(Arc::new(faulty.clone())).unwrap();
    let door = Door::to(app, store);
    // Without a cookie nothing is loaded: the first write is one session's, the second the other's.
    faulty.fail(faulty.calls() + 2);
    let put = "PUT /both/data/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n1";
    let answer = door.ask(put.as_bytes()).to_lowercase();
    assert_eq!(status(&answer), "503");
    assert_eq!(
        answer.matches("set-cookie: session=").count(),
        1,
        "{answer}"
    );
    assert_eq!(answer.matches("set-cookie: ").count(), 1, "{answer}");
    assert_eq!(answer.matches("vary: cookie").count(), 1, "{answer}");
}

#[test]
fn a_request_that_is_under_way_is_finished_when_the_server_stops() {
    let (app, store) = application();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let flag = StopFlag::default();
    let raised = flag.clone();
    let serving = thread::spawn(move || server::serve(app, store, listener, &raised));

    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "PUT /api/data/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nexpect: 100-continue";
    write!(client, "{head}\r\n\r\n").unwrap();
    // The answer shows that the connection is accepted.
    client.read_exact(&mut [0; 17]).unwrap();
    flag.raise();
    drop(TcpStream::connect(address).unwrap());
    client.write_all(b"1").unwrap();
    assert_eq!(status(&rest(&mut client)), "204");
    drop(client);
    serving.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
}
