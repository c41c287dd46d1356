use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use session_core::Store;
use session_core::django::SecretKeys;
use session_store::{
    DjangoOptions, DjangoStore, MysqlOptions, MysqlStore, PostgresOptions, PostgresStore,
    RedisOptions, RedisStore, SqliteOptions, SqliteStore,
};

use crate::trouble::Trouble;

/// The store, as the command line names it.
#[derive(Debug, Args)]
pub(crate) struct Storage {
    /// sqlite:PATH, postgres://…, mysql://…, redis://…, redis-cluster://…, redis-sentinel://…; django+ before an SQL store is a
    /// Django site's table. A password in it shows in `ps`: better in the environment or a file
    #[arg(
        long,
        global = true,
        help_heading = STORE,
        env = "SESSION_STORE",
        hide_env_values = true,
        value_name = "URL"
    )]
    store: Option<String>,

    /// File whose first line is that URL; it takes precedence over --store and the environment
    #[arg(long, global = true, help_heading = STORE, value_name = "PATH")]
    store_file: Option<PathBuf>,

    /// Table of an SQL store [default: session, with django+ `django_session`]
    #[arg(long, global = true, help_heading = STORE, value_name = "NAME")]
    table: Option<String>,

    /// Prefix of the keys in Redis [default: session]
    #[arg(long, global = true, help_heading = STORE, value_name = "TEXT")]
    prefix: Option<String>,

    /// For django+: file with the site's keys, one per line, the `SECRET_KEY` first
    #[arg(long, global = true, help_heading = STORE, value_name = "PATH")]
    secret_key_file: Option<PathBuf>,

    /// Limit of each call to the store, in seconds; raise it if a call took too long
    #[arg(long, global = true, help_heading = STORE, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// The heading of what names the store; a command's own options stand above.
const STORE: &str = "Store";

/// What a URL begins with that names a Django site's table.
const DJANGO: &str = "django+";

/// One call at a time is enough, and the application needs the server's connections.
const CONNECTIONS: u32 = 2;

/// A move has sixteen sessions under way.
const MOVERS: u32 = 8;

/// Whether a table may be made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Migration {
    Allowed,
    Never,
}

impl Storage {
    /// Returns the place of another store, which has the time-out of this one alone.
    pub(crate) fn other(
        &self,
        (store, store_file): (Option<String>, Option<PathBuf>),
        table: Option<String>,
        prefix: Option<String>,
    ) -> Self {
        Self {
            store,
            store_file,
            table,
            prefix,
            secret_key_file: None,
            timeout: self.timeout,
        }
    }

    /// Opens the store as it is.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Trouble> {
        self.open_to(Migration::Never).await
    }

    /// Opens the store, and makes or upgrades its table if that is allowed.
    pub(crate) async fn open_to(&self, migration: Migration) -> Result<Arc<dyn Store>, Trouble> {
        let url = self.url()?;
        match url.strip_prefix(DJANGO) {
            Some(site) => self.open_site(site, migration).await,
            None => self.open_own(&url, migration, CONNECTIONS).await,
        }
    }

    /// Opens one of the two stores of a move as it is.
    pub(crate) async fn open_to_move(&self) -> Result<Arc<dyn Store>, Trouble> {
        let url = self.url()?;
        if url.starts_with(DJANGO) {
            return Err(Trouble::Misused(
                "a Django site's table can't be moved: its ids have one part".into(),
            ));
        }
        self.open_own(&url, Migration::Never, MOVERS).await
    }

    /// Refuses the flags of one store, where a command names two.
    pub(crate) fn refuse_flags(&self) -> Result<(), Trouble> {
        for (flag, is_set, name) in [
            ("--store-file", self.store_file.is_some(), "file"),
            ("--table", self.table.is_some(), "table"),
            ("--prefix", self.prefix.is_some(), "prefix"),
        ] {
            if is_set {
                return Err(Trouble::Misused(format!(
                    "{flag}: a move has two stores: say --from-{name} or --to-{name}"
                )));
            }
        }
        refuse("--secret-key-file", self.secret_key_file.is_some(), DJANGO)
    }

    async fn open_own(
        &self,
        url: &str,
        migration: Migration,
        connections: u32,
    ) -> Result<Arc<dyn Store>, Trouble> {
        refuse("--secret-key-file", self.secret_key_file.is_some(), DJANGO)?;
        let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
        if scheme.starts_with("redis") {
            refuse("--table", self.table.is_some(), "an SQL store")?;
        } else {
            refuse("--prefix", self.prefix.is_some(), "Redis")?;
        }
        let timeout = Duration::from_secs(self.timeout);
        // The same setters of three types.
        macro_rules! set {
            ($options:expr) => {{
                let mut options = $options.timeout(timeout).no_sweep();
                if let Some(table) = &self.table {
                    options = options.table(table);
                }
                if migration == Migration::Never {
                    options = options.without_migration();
                }
                options
            }};
        }
        Ok(match scheme {
            "sqlite" => {
                let options = set!(SqliteOptions::new(sqlite_file(url, migration)?));
                Arc::new(SqliteStore::open_with(options).await?)
            }
            "postgres" | "postgresql" => {
                let options = set!(PostgresOptions::new(url).connections(connections));
                Arc::new(PostgresStore::open_with(options).await?)
            }
            "mysql" | "mariadb" => {
                let options = set!(MysqlOptions::new(url).connections(connections));
                Arc::new(MysqlStore::open_with(options).await?)
            }
            "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel"
            | "rediss-sentinel" => {
                let mut options = RedisOptions::new(url).timeout(timeout);
                if let Some(prefix) = &self.prefix {
                    options = options.prefix(prefix);
                }
                Arc::new(RedisStore::open_with(options).await?)
            }
            _ => {
                return Err(Trouble::Misused(
                    "the store's URL begins with sqlite:, postgres://, mysql://, redis://, redis-cluster://, redis-sentinel:// or django+; for a file of \
                     SQLite say sqlite:PATH"
                        .into(),
                ));
            }
        })
    }

    async fn open_site(&self, url: &str, migration: Migration) -> Result<Arc<dyn Store>, Trouble> {
        refuse("--prefix", self.prefix.is_some(), "Redis")?;
        let Some(file) = &self.secret_key_file else {
            return Err(Trouble::Misused(
                "--secret-key-file: django+ needs one, with the SECRET_KEY of the site's settings"
                    .into(),
            ));
        };
        if url.starts_with("sqlite:") {
            sqlite_file(url, migration)?;
        }
        let keys = read(file, "--secret-key-file")?;
        // The site's own choice; weak keys were refused there or are known.
        let keys = SecretKeys::danger_parse_weak(&keys)
            .map_err(|error| Trouble::Misused(format!("--secret-key-file: {error}")))?;
        let mut options = DjangoOptions::new()
            .create(migration == Migration::Allowed)
            .timeout(Duration::from_secs(self.timeout))
            .connections(CONNECTIONS)
            .no_sweep();
        if let Some(table) = &self.table {
            options = options.table(table);
        }
        Ok(Arc::new(DjangoStore::open_with(url, &keys, options).await?))
    }

    fn url(&self) -> Result<String, Trouble> {
        match (&self.store, &self.store_file) {
            // A file that is named beats the environment.
            (_, Some(file)) => {
                let text = read(file, "--store-file")?;
                let line = text.lines().next().unwrap_or_default().trim();
                if line.is_empty() {
                    return Err(Trouble::Misused(format!(
                        "--store-file: {}: its first line is empty",
                        file.display()
                    )));
                }
                Ok(line.to_owned())
            }
            (Some(url), None) => Ok(url.clone()),
            (None, None) => Err(Trouble::Misused(
                "which store? Name it by --store, --store-file or the environment's SESSION_STORE"
                    .into(),
            )),
        }
    }
}

/// Refuses a flag that is set where it means nothing.
fn refuse(flag: &str, is_set: bool, goes_with: &str) -> Result<(), Trouble> {
    if is_set {
        return Err(Trouble::Misused(format!("{flag}: goes with {goes_with}")));
    }
    Ok(())
}

/// Returns the file of SQLite's URL, which has to be there unless it may be made.
fn sqlite_file(url: &str, migration: Migration) -> Result<&Path, Trouble> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(Trouble::Misused(
            "sqlite: needs a file, as in sqlite:sessions.db".into(),
        ));
    }
    let path = Path::new(path);
    if migration == Migration::Never && !path.exists() {
        let text = format!(
            "there is no file {}: `sessionctl migrate` makes it",
            path.display()
        );
        return Err(Trouble::Undone(text));
    }
    Ok(path)
}

fn read(file: &Path, flag: &str) -> Result<String, Trouble> {
    fs::read_to_string(file)
        .map_err(|error| Trouble::Misused(format!("{flag}: {}: {error}", file.display())))
}
