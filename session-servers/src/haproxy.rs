use std::io;

use tempfile::TempDir;

use crate::signals::signal_process;
use crate::{Process, free_port, program};

/// `HAProxy` in front of servers, which it asks five times a second whether they accept connections.
#[derive(Debug)]
pub struct Haproxy {
    process: Process,
    _folder: TempDir,
}

/// Which server of a [`Haproxy`] gets a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Each in turn.
    Each,
    /// The first one, or the second one while that does not run.
    First,
}

impl Haproxy {
    /// The program that it needs, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 1] = ["haproxy"];

    /// Starts a proxy to ports of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The program is not installed or does not start.
    pub fn start(servers: [u16; 2], balance: Balance) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (file, port) = (folder.path().join("haproxy.cfg"), free_port());
        let backup = match balance {
            Balance::Each => "",
            Balance::First => "backup",
        };
        let [first, second] = servers;
        std::fs::write(
            &file,
            format!(
                "defaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1h\n  timeout server 1h\n\
                 listen database\n  bind 127.0.0.1:{port}\n  balance roundrobin\n\
                 \x20 default-server check inter 200ms fall 2 rise 2 on-marked-down shutdown-sessions\n\
                 \x20 server first 127.0.0.1:{first}\n  server second 127.0.0.1:{second} {backup}\n"
            ),
        )?;
        let haproxy =
            program("haproxy").ok_or_else(|| io::Error::other("haproxy is not installed"))?;
        let words = [
            haproxy.display().to_string(),
            "-db".to_owned(),
            "-f".to_owned(),
        ];
        let command = [&words[..], &[file.display().to_string()]].concat();
        Ok(Self {
            process: Process::start("haproxy", command, folder.path(), port)?,
            _folder: folder,
        })
    }
}

signal_process!(Haproxy, process);
