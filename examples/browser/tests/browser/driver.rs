use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The programs that the tests need.
#[derive(Debug)]
pub struct Tools {
    pub browser: PathBuf,
    pub driver: PathBuf,
}

impl Tools {
    /// Finds the programs as a shell would.
    pub fn find() -> Result<Self, String> {
        let browsers = ["chromium", "chromium-browser", "google-chrome"];
        let missing = |name| format!("{name} is missing; scripts/install-browser installs it");
        Ok(Self {
            browser: browsers
                .iter()
                .find_map(|name| which(name))
                .ok_or_else(|| missing("Chromium"))?,
            driver: which("chromedriver").ok_or_else(|| missing("chromedriver"))?,
        })
    }
}

/// The chromedriver of this run, started when it is first needed.
#[derive(Debug)]
pub struct Driver {
    tools: Tools,
    running: OnceLock<Running>,
}

impl Driver {
    pub fn new(tools: Tools) -> Self {
        let running = OnceLock::new();
        Self { tools, running }
    }

    pub fn browser(&self) -> &Path {
        &self.tools.browser
    }

    /// Returns the address to which commands are sent.
    pub fn url(&self) -> String {
        let running = self.running.get_or_init(|| {
            let start = |_| Running::start(&self.tools.driver);
            // Another process may take the port in between.
            let started = (0..10).find_map(start);
            started.expect("chromedriver starts on one of ten free ports")
        });
        format!("http://127.0.0.1:{}", running.port)
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    port: u16,
    // Held open, so that chromedriver can write on.
    _stdout: BufReader<ChildStdout>,
    // For all files of chromedriver and its browsers outside of a profile.
    _home: TempDir,
}

impl Running {
    fn start(program: &Path) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = Command::new(program)
            .arg(format!("--port={port}"))
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env("XDG_CACHE_HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while stdout.read_line(&mut line).unwrap() > 0 {
            if line.contains("started successfully") {
                return Some(Self {
                    child,
                    port,
                    _stdout: stdout,
                    _home: home,
                });
            }
            line.clear();
        }
        let _ = child.wait();
        None
    }

    /// Asks chromedriver to end, with every browser that a failed proof left open.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        socket
            .write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        socket.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ask_to_end().is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn which(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
