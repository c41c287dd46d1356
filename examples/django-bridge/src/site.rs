use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep};

use crate::Trouble;

/// The Django project in `site/`: its Python, its database and its key.
#[derive(Debug)]
pub struct Site {
    python: PathBuf,
    database: String,
    key_file: PathBuf,
}

impl Site {
    /// Finds or makes a virtual environment with Django.
    ///
    /// # Errors
    ///
    /// No Python is new enough, or pip could not install Django.
    pub async fn find(database: &str, key_file: &Path) -> Result<Self, Trouble> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/install-django");
        // What it does, and what it misses, goes to our stderr.
        let mut install = Command::new(script);
        install.arg("--any").stderr(Stdio::inherit());
        let output = install
            .output()
            .await
            .map_err(|error| Trouble::new(script, error))?;
        if !output.status.success() {
            return Err(Trouble::NoDjango);
        }
        Ok(Self {
            python: String::from_utf8_lossy(&output.stdout).trim().into(),
            database: database.to_owned(),
            key_file: key_file.to_owned(),
        })
    }

    /// Runs a management command.
    ///
    /// # Errors
    ///
    /// The command failed; it has said why on stderr.
    pub async fn manage(&self, arguments: &[&str]) -> Result<(), Trouble> {
        let status = self.command(arguments).stdout(Stdio::null()).status().await;
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Trouble::new(
                "manage.py",
                io::Error::other(status.to_string()),
            )),
            Err(error) => Err(Trouble::new("manage.py", error)),
        }
    }

    /// Starts Django's development server on a free port, and waits until it listens.
    ///
    /// # Errors
    ///
    /// The server ended, or did not listen in time.
    pub async fn serve(&self) -> Result<Served, Trouble> {
        let trouble = |error| Trouble::new("Django's server", error);
        let address = free_address().await.map_err(trouble)?;
        let mut child = self
            .command(&["serve", "--noreload", "--skip-checks", &address.to_string()])
            // It ends when this pipe does, also if we are killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(trouble)?;
        let input = child.stdin.take();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(Served {
                    child,
                    address,
                    _input: input,
                });
            }
            if let Some(status) = child.try_wait().map_err(trouble)? {
                return Err(trouble(io::Error::other(status.to_string())));
            }
            if Instant::now() > deadline {
                return Err(trouble(io::ErrorKind::TimedOut.into()));
            }
            // Polled, because the server does not tell when it listens.
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/site"))
            .arg("manage.py")
            .args(arguments)
            .env("DATABASE_URL", &self.database)
            .env("SECRET_KEY_FILE", &self.key_file)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Django's running server.
#[derive(Debug)]
pub struct Served {
    child: Child,
    address: SocketAddr,
    // Waiting for the child would close the input that it has.
    _input: Option<ChildStdin>,
}

impl Served {
    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server ends, which it should not do by itself.
    pub async fn ended(&mut self) -> Trouble {
        let ended = self.child.wait().await;
        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        Trouble::new("Django's server", io::Error::other(status))
    }
}

async fn free_address() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    listener.local_addr()
}
