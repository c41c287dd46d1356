use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::socket::Socket;
use super::{App, BoxError, Hangup, Request, Response, Server};

/// A program that serves the application over TCP, started once for every set of flags.
///
/// Its first line of output must be `listening on http://ADDRESS:PORT`. It is killed after its
/// cases. The program without flags serves many cases.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    plain: Mutex<Option<Arc<dyn App>>>,
}

impl Program {
    /// Describes a program and its permanent arguments.
    pub fn new<A: Into<String>>(
        path: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            path: path.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            plain: Mutex::default(),
        }
    }

    fn spawn(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        let mut child = Command::new(&self.path)
            .args(&self.arguments)
            .args(flags)
            // Printing a backtrace blocks a thread for longer than some cases wait, and with it
            // the other requests of that thread.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err("the program has no output".into());
        };
        // From here on it is killed in any case.
        let mut running = Running {
            child,
            stdout: BufReader::new(stdout),
            socket: None,
        };
        // The log is read so that the program never blocks, and reported if it does not start.
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            log
        });
        let mut line = String::new();
        running.stdout.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://");
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            drop(running);
            let log = log.join().unwrap_or_default();
            return Err(format!("the first line was {line:?}; the log: {log}").into());
        };
        running.socket = Some(Socket::new(address));
        Ok(Arc::new(running))
    }
}

#[async_trait]
impl Server for Program {
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        if !flags.is_empty() {
            return self.spawn(flags);
        }
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(app) = &*plain {
            return Ok(Arc::clone(app));
        }
        let app = self.spawn(&[])?;
        *plain = Some(Arc::clone(&app));
        Ok(app)
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    // Held open, or a second line of output would end the program.
    stdout: BufReader<ChildStdout>,
    socket: Option<Socket>,
}

#[async_trait]
impl App for Running {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        match &self.socket {
            Some(socket) => socket.send(request).await,
            None => Err("the program is not listening".into()),
        }
    }

    async fn abort(&self, request: Request, hangup: Hangup) -> Result<(), BoxError> {
        match &self.socket {
            Some(socket) => socket.abort(request, hangup).await,
            None => Err("the program is not listening".into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
