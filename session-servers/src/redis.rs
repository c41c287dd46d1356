use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::signals::signal_process;
use crate::{Process, certify, free_port, program};

/// A single Redis server.
#[derive(Debug)]
pub struct Redis {
    node: Node,
    settings: RedisSettings,
    folder: TempDir,
}

/// The settings of a [`Redis`].
#[derive(Debug, Clone, Default)]
pub struct RedisSettings {
    password: Option<String>,
    is_durable: bool,
    is_tls: bool,
}

impl RedisSettings {
    /// Requires a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Writes to the disk before it acknowledges.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.is_durable = true;
        self
    }

    /// Accepts only TLS.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.is_tls = true;
        self
    }
}

impl Redis {
    /// The programs that a server, Sentinel and a cluster need, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 2] = ["redis-server", "redis-cli"];

    /// Starts a server without a password, which loses its data when it ends.
    ///
    /// # Errors
    ///
    /// The server can't be started.
    pub fn start() -> io::Result<Self> {
        Self::start_with(RedisSettings::default())
    }

    /// Starts a server with settings.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: RedisSettings) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut arguments = Vec::new();
        let mut add =
            |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        if let Some(password) = &settings.password {
            add(&["--requirepass", password]);
        }
        if settings.is_durable {
            add(&["--appendonly", "yes", "--appendfsync", "always"]);
        }
        let port = free_port();
        if settings.is_tls {
            certify(folder.path())?;
            let file = |name: &str| folder.path().join(name).display().to_string();
            let port = port.to_string();
            add(&["--port", "0", "--tls-port", &port]);
            add(&[
                "--tls-cert-file",
                &file("cert.pem"),
                "--tls-key-file",
                &file("key.pem"),
            ]);
            add(&[
                "--tls-ca-cert-file",
                &file("cert.pem"),
                "--tls-auth-clients",
                "no",
            ]);
        }
        let node = Node::start(folder.path(), port, &arguments)?;
        let redis = Self {
            node,
            settings,
            folder,
        };
        redis.wait_until_it_answers()?;
        Ok(redis)
    }

    /// Returns the URL for a store.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.settings.is_tls {
            "rediss"
        } else {
            "redis"
        };
        let login = match &self.settings.password {
            Some(password) => format!(":{password}@"),
            None => String::new(),
        };
        format!("{scheme}://{login}127.0.0.1:{}", self.port())
    }

    /// Returns the server's certificate as PEM.
    ///
    /// # Errors
    ///
    /// The server does not use TLS.
    pub fn certificate(&self) -> io::Result<Vec<u8>> {
        fs::read(self.folder.path().join("cert.pem"))
    }

    /// Runs a command with `redis-cli` and returns its output.
    ///
    /// # Errors
    ///
    /// The server can't be reached, or refuses the command.
    pub fn cli(&self, words: &[&str]) -> io::Result<String> {
        let mut options = Vec::new();
        let certificate = self.folder.path().join("cert.pem").display().to_string();
        if self.settings.is_tls {
            options.extend(["--tls", "--cacert", &certificate]);
        }
        if let Some(password) = &self.settings.password {
            options.extend(["--no-auth-warning", "-a", password]);
        }
        options.extend(words);
        self.node.cli(&options)
    }

    /// Cuts all connections, and answers once that is done.
    ///
    /// # Errors
    ///
    /// As [`cli`](Self::cli).
    pub fn cut_connections(&self) -> io::Result<()> {
        self.cli(&["CLIENT", "KILL", "TYPE", "normal"]).map(drop)
    }

    /// Starts the server again with the data on its disk.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> io::Result<()> {
        self.node.process.restart()?;
        self.wait_until_it_answers()
    }

    /// Waits until the server has read its files; it listens before.
    fn wait_until_it_answers(&self) -> io::Result<()> {
        wait_until("Redis answers", || {
            Ok(self
                .cli(&["ping"])
                .is_ok_and(|answer| answer.trim() == "PONG"))
        })
    }
}

signal_process!(Redis, node.process);

/// A server process, alone or in a group.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: Process,
}

impl Node {
    pub(crate) fn start(folder: &Path, port: u16, arguments: &[String]) -> io::Result<Self> {
        let name = format!("redis-{port}");
        let home = folder.join(&name);
        fs::create_dir_all(&home)?;
        let mut command = vec![server()?.display().to_string()];
        // A configuration file must be the first argument.
        let (file, rest) = match arguments.split_first() {
            Some((first, rest)) if !first.starts_with("--") => (Some(first.clone()), rest),
            _ => (None, arguments),
        };
        command.extend(file.clone());
        if !rest.iter().any(|argument| argument == "--port") {
            command.extend(["--port".to_owned(), port.to_string()]);
        }
        let home = home.display().to_string();
        let usual = ["--bind", "127.0.0.1", "--save", "", "--dir", &home];
        command.extend(usual.map(str::to_owned));
        if file.is_none() {
            // A primary would wait 5 seconds for further replicas.
            command.extend(["--repl-diskless-sync-delay", "0"].map(str::to_owned));
        }
        command.extend(rest.iter().cloned());
        let process = Process::start(&name, command, folder, port)?;
        Ok(Self { process })
    }

    /// Says whether the node is a replica of the other one.
    pub(crate) fn follows(&self, primary: &Self) -> io::Result<bool> {
        let role = self.cli(&["ROLE"])?;
        let words: Vec<_> = role.lines().collect();
        let port = primary.process.port().to_string();
        Ok(words.first() == Some(&"slave") && words.get(2) == Some(&&*port))
    }

    /// Waits until the node has the primary's present data; `WAIT` covers only one client's writes.
    pub(crate) fn catch_up(&self, primary: &Self) -> io::Result<()> {
        let offset = |node: &Self, line: usize| {
            let role = node.cli(&["ROLE"])?;
            let offset = role
                .lines()
                .nth(line)
                .and_then(|line| line.parse::<u64>().ok());
            offset.ok_or_else(|| io::Error::other(format!("an unknown role: {role}")))
        };
        let goal = offset(primary, 1)?;
        wait_until("the replica catches up", || Ok(offset(self, 4)? >= goal))
    }

    pub(crate) fn cli(&self, words: &[&str]) -> io::Result<String> {
        let port = self.process.port().to_string();
        // With -e an error reply makes redis-cli fail.
        let mut all = vec!["-h", "127.0.0.1", "-p", &port, "-e"];
        all.extend(words);
        run_cli(&all)
    }
}

/// Runs `redis-cli` and returns its output.
pub(crate) fn run_cli(words: &[&str]) -> io::Result<String> {
    let program =
        program("redis-cli").ok_or_else(|| io::Error::other("redis-cli is not installed"))?;
    let output = Command::new(program).args(words).output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "redis-cli {words:?}: {printed}{reason}"
    )))
}

/// Polls until a condition holds, because servers do not tell.
pub(crate) fn wait_until(
    what: &str,
    mut holds: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds()? {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("waited in vain until {what}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn server() -> io::Result<PathBuf> {
    program("redis-server").ok_or_else(|| io::Error::other("redis-server is not installed"))
}
