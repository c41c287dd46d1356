use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use session_servers::free_port;
use session_testkit::http::{Client, Socket};

/// The program, on a port that stays the same when it is killed and restarted.
pub struct Showcase {
    store: String,
    address: SocketAddr,
    child: Option<Child>,
}

impl Showcase {
    pub fn start(store: String) -> Self {
        let mut showcase = Self {
            store,
            address: ([127, 0, 0, 1], free_port()).into(),
            child: None,
        };
        showcase.restart();
        showcase
    }

    /// Returns a browser without cookies.
    pub fn browser(&self) -> Client {
        Client::new(Arc::new(Socket::new(self.address)))
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn restart(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_showcase-axum"))
            .args(["--insecure", "--store", &self.store])
            .args(["--listen", &self.address.to_string()])
            // Every 503 would log a line.
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // The program prints only one line, so nothing else has to be read.
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        self.child = Some(child);
        assert!(line.starts_with("listening on"), "{line:?}");
    }

    /// Returns the program's memory in MiB; `None` without `/proc`.
    pub fn memory(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let mut words = status.split_whitespace();
        let found = words.find(|word| *word == "VmRSS:");
        let kib = found.and_then(|_| words.next()?.parse::<u64>().ok());
        kib.unwrap_or_default() / 1_024
    }
}

impl Drop for Showcase {
    fn drop(&mut self) {
        self.kill();
    }
}
