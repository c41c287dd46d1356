use std::io;

use tempfile::TempDir;

use crate::account::Account;
use crate::signals::signal_process;
use crate::{Postgres, Process, free_port};

/// A `PgBouncer` in front of a [`Postgres`], which gives each transaction one of four connections.
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    /// The URL of the server's database `postgres`, with the pooler's port.
    url: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// The programs that it needs, for [`skips`](crate::skips).
    pub const PROGRAMS: [&str; 1] = ["pgbouncer"];

    /// Starts a pooler with lines of its own in its settings, such as
    /// `ignore_startup_parameters = options`.
    ///
    /// # Errors
    ///
    /// The program is not installed or does not start.
    pub fn start(server: &Postgres, settings: &str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let account = Account::choose(&["postgres", "nobody"])?;
        let url = server.url("postgres");
        let (direct, port) = (server.port(), free_port());
        let (user, password) =
            account_of(&url).ok_or_else(|| io::Error::other("the server's URL has no password"))?;
        let [users, file] = ["users", "pgbouncer.ini"].map(|name| folder.path().join(name));
        std::fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        let users = users.display();
        std::fs::write(
            &file,
            format!(
                "[databases]\n* = host=127.0.0.1 port={direct}\n[pgbouncer]\n\
                 listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
                 auth_type = plain\nauth_file = {users}\npool_mode = transaction\n\
                 default_pool_size = 4\nmax_client_conn = 500\n{settings}\n"
            ),
        )?;
        account.own(folder.path())?;
        let command = account.command("pgbouncer", &[&file.display().to_string()])?;
        Ok(Self {
            process: Process::start("pgbouncer", command, folder.path(), port)?,
            url: url.replace(&format!(":{direct}/"), &format!(":{port}/")),
            _folder: folder,
        })
    }

    /// Returns the URL of a database, as the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let address = self.url.trim_end_matches("postgres");
        format!("{address}{database}")
    }

    /// Starts the pooler again after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn restart(&mut self) -> io::Result<()> {
        self.process.restart()
    }
}

signal_process!(PgBouncer, process);

fn account_of(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    rest.split_once('@')?.0.split_once(':')
}
