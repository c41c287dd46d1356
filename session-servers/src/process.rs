use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process_tree::{process_tree, signal};

/// A server's process, which can be frozen, killed and restarted with the same arguments.
///
/// Signals go to all its descendants too. The server ends with the current process, even if that is
/// killed.
#[derive(Debug)]
pub struct Process {
    command: Vec<String>,
    log: PathBuf,
    port: u16,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    guard: Child,
}

impl Process {
    /// Starts a program and waits until something listens on the port.
    ///
    /// Its output goes to `name.log` in `folder`.
    ///
    /// # Errors
    ///
    /// The program can't be started, ends by itself, or does not listen within 90 seconds; the
    /// message has the last lines of its log.
    pub fn start(name: &str, command: Vec<String>, folder: &Path, port: u16) -> io::Result<Self> {
        let mut process = Self {
            command,
            log: folder.join(format!("{name}.log")),
            port,
            running: None,
        };
        process.restart()?;
        Ok(process)
    }

    /// Starts the program again after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let [program, arguments @ ..] = &*self.command else {
            return Err(io::Error::other("no program"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        match self.guard(child.id()) {
            Ok(guard) => self.running = Some(Running { child, guard }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        }
        self.wait_until_it_listens()
    }

    /// Kills the process (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(Running {
            mut child,
            mut guard,
        }) = self.running.take()
        {
            // A frozen process starts no more children, and SIGKILL ends it all the same.
            let _ = signal("-STOP", &process_tree(child.id()));
            let _ = signal("-KILL", &process_tree(child.id()));
            let _ = child.wait();
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }

    /// Freezes the process: its connections stay open without answers (SIGSTOP).
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn freeze(&self) -> io::Result<()> {
        // The second signal reaches a child that was just being started.
        signal("-STOP", &self.tree()?)?;
        signal("-STOP", &self.tree()?)
    }

    /// Lets the process go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// As [`freeze`](Self::freeze).
    pub fn thaw(&self) -> io::Result<()> {
        signal("-CONT", &self.tree()?)
    }

    /// Says whether the process was started and not killed since.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns the port that the process listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the output.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn tree(&self) -> io::Result<Vec<u32>> {
        match &self.running {
            Some(running) => Ok(process_tree(running.child.id())),
            None => Err(io::Error::other("the server does not run")),
        }
    }

    /// Starts a process that ends the server and removes its folder after the current process.
    fn guard(&self, id: u32) -> io::Result<Child> {
        let folder = self.log.parent().unwrap_or(&self.log);
        Command::new("sh")
            .args(["-c", GUARD, "guard", &id.to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            let ended = match &mut self.running {
                Some(running) => running.child.try_wait()?,
                None => None,
            };
            if ended.is_some() || Instant::now() > deadline {
                let log = self.log();
                let last: Vec<&str> = log.lines().rev().take(8).collect();
                let message = format!("{} does not run: {last:?}", self.command[0]);
                return Err(io::Error::other(message));
            }
            // Polled, because servers do not tell when they listen.
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A script that waits for the end of its input, which comes with the end of the current process.
const GUARD: &str = r#"trap '' INT TERM HUP; cat >/dev/null
for id in $(ps -o pid= --ppid "$1") "$1"; do kill -KILL "$id"; done; rm -rf -- "$2""#;
