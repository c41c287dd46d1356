use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::account::{Account, run};
use crate::data_folder::data_folder;
use crate::signals::signal_process;
use crate::{Process, certify, free_port, program};

/// A MariaDB server with a password.
///
/// It does not wait for the disk. Killing the server loses nothing; a crash of the machine may.
#[derive(Debug)]
pub struct Mariadb {
    process: Process,
    databases: AtomicU32,
    folder: TempDir,
}

impl Mariadb {
    /// The programs that the server needs, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 3] = ["mariadb-install-db", "mariadbd", "mariadb"];

    pub(crate) const SETTINGS_FILE: &str = "my.cnf";

    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// A program is not installed or fails; the message names it.
    pub fn start() -> io::Result<Self> {
        Self::start_in(tempfile::tempdir()?, &[])
    }

    /// Starts a server that accepts only TLS.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_tls() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificate = format!("--ssl-cert={}", certify(folder.path())?.display());
        let key = format!("--ssl-key={}", folder.path().join("key.pem").display());
        Self::start_in(
            folder,
            &["--require-secure-transport=on", &certificate, &key],
        )
    }

    /// Its folder may have a [file of settings](Self::SETTINGS_FILE).
    pub(crate) fn start_in(folder: TempDir, more: &[&str]) -> io::Result<Self> {
        let account = Account::choose(&["mysql", "nobody"])?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("init.sql"), USER)?;
        std::fs::create_dir(path("tmp"))?;
        account.own(folder.path())?;
        let data = format!("--datadir={}", path("data"));
        let tmp = format!("--tmpdir={}", path("tmp"));
        let flags = [
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            &data,
            &tmp,
        ];
        let place = folder.path().join("data");
        data_folder(&account, "mariadb-install-db", &flags, &place)?;
        let port = free_port();
        let port_flag = format!("--port={port}");
        // Short, because a socket's path is limited to about 100 bytes.
        let socket = format!("--socket={}", path("s"));
        let init = format!("--init-file={}", path("init.sql"));
        let settings = path(Self::SETTINGS_FILE);
        let defaults = if Path::new(&settings).exists() {
            format!("--defaults-file={settings}")
        } else {
            "--no-defaults".to_owned()
        };
        let flags = [&*defaults, &data, &tmp, &port_flag, &socket, &init];
        let command = account.command("mariadbd", &[&flags[..], &SETTINGS, more].concat())?;
        Ok(Self {
            process: Process::start("mariadbd", command, folder.path(), port)?,
            databases: AtomicU32::new(0),
            folder,
        })
    }

    /// Returns the URL of a database, with a user that has all privileges.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let port = self.process.port();
        format!("mysql://tester:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    /// Returns the path of the server's certificate; the file exists if the server uses TLS.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Creates an empty database and returns its name.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn database(&self) -> io::Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("fresh{number}");
        self.run("mysql", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// Runs SQL in a database and returns the rows as text, columns separated by tabs.
    ///
    /// # Errors
    ///
    /// The server does not answer, or refuses the SQL.
    pub fn run(&self, database: &str, sql: &str) -> io::Result<String> {
        let client =
            program("mariadb").ok_or_else(|| io::Error::other("mariadb is not installed"))?;
        let port = format!("--port={}", self.process.port());
        let password = format!("--password={PASSWORD}");
        run(Command::new(client)
            .args(["--no-defaults", "--host=127.0.0.1", "--protocol=tcp", &port])
            .args(["--user=tester", &password, "--batch", "--skip-column-names"])
            .args(["--execute", sql, database]))
    }

    /// Cuts all connections, and answers once that is done.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn cut_connections(&self) -> io::Result<()> {
        self.run("test", CUT).map(drop)
    }

    /// Starts the server again after [`kill`](Self::kill), on the same port and data.
    ///
    /// # Errors
    ///
    /// The server does not start.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process.restart()
    }
}

signal_process!(Mariadb, process);

const CUT: &str = "DELIMITER //
    BEGIN NOT ATOMIC
        -- One may end by itself meanwhile.
        DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;
        FOR one IN (SELECT id FROM information_schema.processlist
            WHERE user = 'tester' AND id <> CONNECTION_ID())
        DO
            EXECUTE IMMEDIATE CONCAT('KILL ', one.id);
        END FOR;
    END //";

const PASSWORD: &str = "throw-away-password";

/// The SQL of every start, which creates a user and a database.
const USER: &str = "CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY 'throw-away-password';\n\
                    GRANT ALL ON *.* TO tester@'%' WITH GRANT OPTION;\n\
                    CREATE DATABASE IF NOT EXISTS test;\n";

const SETTINGS: [&str; 9] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-size=512M",
    "--innodb-log-file-size=64M",
    "--max-connections=200",
    "--log-output=TABLE",
    "--innodb-flush-method=nosync",
    "--debug-no-sync",
];
