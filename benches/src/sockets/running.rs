//! A server that runs, and single requests to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use session_costs::cookie_header;
use session_servers::{Process, free_port};

use crate::sockets::databases::{Databases, Kind};
use crate::{Backend, Peer};

/// A server in a process of its own.
#[derive(Debug)]
pub struct Running {
    /// What it serves.
    pub peer: Peer,
    /// The kind of its backend.
    pub kind: Kind,
    process: Process,
}

impl Running {
    /// Starts a server; this program's command `serve` is its process.
    ///
    /// # Errors
    ///
    /// It does not listen within 30 seconds.
    pub fn start(
        peer: &Peer,
        kind: Kind,
        sliding: bool,
        databases: &Databases,
        folder: &Path,
    ) -> Result<Self> {
        let backend = databases.place(kind)?;
        let port = free_port();
        let mut command = vec![std::env::current_exe()?.display().to_string()];
        let flags = [
            "serve",
            peer.name,
            &backend.to_string(),
            "--port",
            &port.to_string(),
        ];
        command.extend(flags.map(str::to_owned));
        if sliding {
            command.push("--sliding".to_owned());
        }
        let name = format!("server-{port}");
        let process = Process::start(&name, command, folder, port)
            .with_context(|| format!("{} on {}", peer.name, kind.name()))?;
        Ok(Self {
            peer: *peer,
            kind,
            process,
        })
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// Asks for `/seed` and returns the `Cookie` header of the session that began. A server without sessions gets one
    /// that is as long as ours.
    ///
    /// # Errors
    ///
    /// The server does not answer, or sets no cookie.
    pub fn seed(&self) -> Result<String> {
        if self.peer.role == session_costs::Role::Bare {
            return Ok(format!("__Host-session={}", "a".repeat(48)));
        }
        let mut visitor = Visitor::new(self.port())?;
        let answer = visitor.get("/seed", "")?;
        ensure!(
            !answer.cookie.is_empty(),
            "/seed sets no cookie: {answer:?}"
        );
        Ok(answer.cookie)
    }
}

/// A backend's sessions are of one server, so it is enough to look at its kind.
#[must_use]
pub fn has(peer: &Peer, kind: Kind) -> bool {
    let example = match kind {
        Kind::Memory => Backend::Memory,
        Kind::Redis => Backend::Redis(String::new()),
        Kind::Postgres => Backend::Postgres(String::new()),
        Kind::SqliteFull => Backend::Sqlite("".into(), crate::Durability::Full),
        Kind::SqliteNormal => Backend::Sqlite("".into(), crate::Durability::Normal),
    };
    (peer.has)(&example)
}

/// A connection for single requests.
#[derive(Debug)]
pub struct Visitor(TcpStream);

/// What came.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Answer {
    /// The `Cookie` header to send from now on; empty if no cookie was set.
    pub cookie: String,
    /// The body.
    pub body: String,
}

impl Visitor {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Nobody listens.
    pub fn new(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(stream))
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    ///
    /// The answer's status is not 200, or it is cut off.
    pub fn get(&mut self, path: &str, cookie: &str) -> Result<Answer> {
        self.0.write_all(&request(path, cookie))?;
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            self.fill(&mut bytes)?;
        };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let length = content_length(&bytes[..head]).context("no length")?;
        while bytes.len() < head + 4 + length {
            self.fill(&mut bytes)?;
        }
        ensure!(is_success(&bytes), "{text}");
        let set_cookies = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.trim())
        });
        Ok(Answer {
            cookie: cookie_header(set_cookies),
            body: String::from_utf8_lossy(&bytes[head + 4..]).into_owned(),
        })
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let mut chunk = [0; 16_384];
        let count = self.0.read(&mut chunk)?;
        ensure!(count > 0, "the connection was closed");
        bytes.extend_from_slice(&chunk[..count]);
        Ok(())
    }
}

/// Writes a request as browsers do, as far as it matters here.
#[must_use]
pub fn request(path: &str, cookie: &str) -> Vec<u8> {
    let mut text = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n");
    if !cookie.is_empty() {
        text.push_str("cookie: ");
        text.push_str(cookie);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Says whether an answer begins with a status of success.
#[must_use]
pub fn is_success(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 2")
}

/// Reads `content-length` in an answer's head.
#[must_use]
pub fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| {
        line.get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    })?;
    std::str::from_utf8(&line[NAME.len()..])
        .ok()?
        .trim()
        .parse()
        .ok()
}
