use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A server's process, which can be frozen, killed and started again with the same arguments.
#[derive(Debug)]
pub struct Process {
    command: Vec<String>,
    log: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Process {
    /// Starts a program and waits until something listens on the port.
    ///
    /// What it prints goes to a file of that name in `folder`.
    ///
    /// # Errors
    ///
    /// It cannot be started, ends by itself, or does not listen within half a minute; the message
    /// has the last lines of its log.
    pub fn start(name: &str, command: Vec<String>, folder: &Path, port: u16) -> io::Result<Self> {
        let mut process = Self {
            command,
            log: folder.join(format!("{name}.log")),
            port,
            child: None,
        };
        process.restart()?;
        Ok(process)
    }

    /// Starts it again after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let [program, arguments @ ..] = &*self.command else {
            return Err(io::Error::other("no program"));
        };
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        self.wait_until_it_listens()
    }

    /// Kills it at once, as `kill -9` does; nothing is saved or said goodbye to.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It has ended already, or ends now.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Freezes it: its connections stay, and nobody answers (SIGSTOP).
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// As [`freeze`](Self::freeze).
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// Returns the port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        let Some(child) = &self.child else {
            return Err(io::Error::other("it does not run"));
        };
        let id = child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("kill {name} {id} failed")))
        }
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?,
                None => None,
            };
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(8).collect();
                let message = format!("{} does not run: {last:?}", self.command[0]);
                return Err(io::Error::other(message));
            }
            // There is no event to wait for: a server does not tell when it listens.
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A frozen process dies of SIGKILL too.
        self.kill();
    }
}
