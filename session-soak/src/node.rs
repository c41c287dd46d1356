use std::io;
use std::net::SocketAddr;
use std::path::Path;

use session_servers::{Process, free_port};

use crate::options::Framework;
use crate::wire::Door;

/// One server of the showcase, in a process of its own on a port that stays the same.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: Process,
    name: &'static str,
}

impl Node {
    /// Starts a program of the folder on the store of a URL; its log goes to another folder.
    pub(crate) fn start(
        framework: Framework,
        programs: &Path,
        url: &str,
        logs: &Path,
    ) -> io::Result<Self> {
        let name = framework.name();
        let program = programs.join(format!("showcase-{name}"));
        if !program.is_file() {
            let message = format!("{} is not built; scripts/soak builds it", program.display());
            return Err(io::Error::other(message));
        }
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let program = program.display().to_string();
        // Every 503 would log a line. The flags make each request do more: lives are extended and secrets renewed all the time,
        // and a write to a session that has just ended says so.
        let words = [
            "env",
            "RUST_LOG=off",
            "RUST_BACKTRACE=0",
            &program,
            "--insecure",
            "--listen",
            &listen,
            "--store",
            url,
            "--gone",
            "refuse",
            "--touch-every",
            "1",
            "--rotate-every",
            "7",
            "--sweep",
            "5",
        ];
        let command = words.map(str::to_owned).to_vec();
        let process = Process::start(&format!("showcase-{name}-{port}"), command, logs, port)?;
        Ok(Self { process, name })
    }

    pub(crate) fn door(&self) -> Door {
        Door {
            name: self.name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], self.process.port())),
        }
    }
}
