use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::checkpointer::Checkpointer;
use super::database::{Connections, Database};
use super::failure::{Location, unavailable};
use super::files::Files;
use super::options::SqliteOptions;
use super::seats::Seats;
use super::{failure, file, schema};
#[cfg(feature = "django")]
use crate::sql::Migration;
use crate::sql::Schema;

/// Whose setting the file's journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journal {
    /// Ours: a write-ahead log, and a connection of its own for checkpoints.
    Ours,
    /// Another program's, which has the file too.
    #[cfg(feature = "django")]
    Theirs,
}

impl Journal {
    fn writer(self, options: &SqliteOptions, path: &Path) -> SqliteConnectOptions {
        match self {
            Self::Ours => options.writer(path),
            #[cfg(feature = "django")]
            Self::Theirs => options.plain(path),
        }
    }
}

/// Opens another program's file, which keeps its journal.
///
/// It is made only if its table may be.
#[cfg(feature = "django")]
pub(crate) async fn open_theirs<S: Schema<Link = SqliteConnection>>(
    options: &SqliteOptions,
    schema: &S,
) -> Result<Database, StoreError> {
    let path = options.path.display();
    if matches!(options.path.to_str(), Some("" | ":memory:")) {
        let message = "can't open a database in memory by its URL; use a pool of one connection";
        return Err(StoreError::new(message));
    }
    if options.migration == Migration::Never && !options.path.exists() {
        let message = format!("can't open {path}: there is no such file; run `manage.py migrate`");
        return Err(StoreError::new(message));
    }
    let path = file::create(&options.path)?;
    open_database(options, &path, Journal::Theirs, schema).await
}

/// Opens a file that exists, and makes its table unless it is there.
pub(super) async fn open_database<S: Schema<Link = SqliteConnection>>(
    options: &SqliteOptions,
    path: &Path,
    journal: Journal,
    schema: &S,
) -> Result<Database, StoreError> {
    let location = Location::File(path.to_owned());
    let failure = |error| location.failure("open", error);
    let mut first = first_connection(options, path, journal).await?;
    schema::prepare(&mut first, schema, options.migration, &location).await?;
    let settings = journal.writer(options, path);
    let writer = settings.connect().await.map_err(failure)?;
    // Not earlier: closing the last connection moves the log into the file and waits for the
    // disk.
    drop(first);
    let files = match journal {
        Journal::Ours => Files::of(path),
        // Their last connection may take the log along.
        #[cfg(feature = "django")]
        Journal::Theirs => Files::without_log(path),
    };
    let files = Arc::new(files.map_err(|error| unavailable(path, error))?);
    let seats = |settings, size| Seats::of_file(settings, &files, (size, options.timeout));
    let readers = Arc::new(seats(options.reader(path), options.readers));
    let checkpointer = match journal {
        Journal::Ours => {
            let connection = seats(options.writer(path), 1);
            Some(Checkpointer::new(connection, location.clone()))
        }
        #[cfg(feature = "django")]
        Journal::Theirs => None,
    };
    let connections = Connections {
        writer: Arc::new(seats(settings, 1).with(writer)),
        readers,
        checkpointer,
    };
    Ok(Database::new(location, files, connections, options.timeout))
}

/// Opens the file and creates its write-ahead log if it has none.
///
/// To create the log, a connection that reads the file has to lock it. If two try, SQLite refuses
/// one at once to prevent a deadlock, regardless of its time-out; so the attempt is repeated.
async fn first_connection(
    options: &SqliteOptions,
    path: &Path,
    journal: Journal,
) -> Result<SqliteConnection, StoreError> {
    let location = Location::File(path.to_owned());
    let failure = |error| location.failure("open", error);
    let untouched = options.plain(path).connect().await;
    let mut untouched = untouched.map_err(failure)?;
    file::refuse_cut(path, &mut untouched).await?;
    let begun = Instant::now();
    loop {
        let answer = journal.writer(options, path).connect().await;
        let is_late = begun.elapsed() >= options.timeout;
        match answer {
            Err(error) if failure::is_locked(&error) && !is_late => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            answer => return answer.map_err(failure),
        }
    }
}
