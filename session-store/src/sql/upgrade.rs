use std::fmt;

use sqlx::Error;

use super::format::{Column, Found, Standing};

/// A database's table: how it is found, made and upgraded.
pub(crate) trait Schema: Sync {
    type Link: Send;

    /// Returns the table's name as SQL has it.
    fn quoted(&self) -> String;

    /// Describes what is wrong with the table, and the remedy.
    fn explain(&self, trouble: &Trouble) -> String {
        trouble.to_string()
    }

    /// Returns our columns.
    fn columns(&self) -> &'static [Column];

    /// Looks for the table; takes no lock that a writer holds.
    fn find(
        &self,
        connection: &mut Self::Link,
    ) -> impl Future<Output = Result<Option<Found>, Error>> + Send;

    /// Waits until no other node makes or upgrades the table.
    fn begin(&self, connection: &mut Self::Link) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends what [`begin`](Self::begin) began, and keeps what was done.
    fn end(&self, connection: &mut Self::Link) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends it after a failure.
    fn undo(&self, connection: &mut Self::Link) -> impl Future<Output = ()> + Send;

    /// Runs statements that `;` separates.
    fn run(
        &self,
        connection: &mut Self::Link,
        sql: String,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns the statements that make the table, whose text is the migration's file.
    fn creation(&self) -> String;

    /// Returns the statements that add what an older table lacks, and note the version.
    fn upgrade(&self, found: &Found, lacking: &[Column]) -> String;
}

/// Whether opening may make and upgrade the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Migration {
    #[default]
    Allowed,
    Never,
}

/// The reason why a table can't be used.
#[derive(Debug)]
pub(crate) enum Trouble {
    Foreign,
    Blocked(String),
    TooNew(i64),
    Missing,
    /// It lacks what these statements add.
    Old(String),
    /// The database failed.
    Failed(Error),
    /// The user may not read the note of its version.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    Unreadable(Error),
    /// It failed to make the table.
    NotMade(Error),
    /// It failed to run these statements.
    NotUpgraded(Error, String),
}

/// Says what there is to do, without doing it.
pub(crate) async fn look<S: Schema>(schema: &S, connection: &mut S::Link) -> Result<Need, Trouble> {
    let found = schema.find(connection).await.map_err(Trouble::Failed)?;
    let Some(found) = found else {
        return Ok(Need::Creation);
    };
    match found.standing(schema.columns()) {
        Standing::Ours => Ok(Need::Nothing),
        Standing::Old(lacking) => Ok(Need::Upgrade(schema.upgrade(&found, &lacking))),
        Standing::Foreign => Err(Trouble::Foreign),
        Standing::Blocked(column) => Err(Trouble::Blocked(column)),
        Standing::TooNew(version) => Err(Trouble::TooNew(version)),
    }
}

/// What a table needs.
#[derive(Debug)]
pub(crate) enum Need {
    Nothing,
    Creation,
    /// These statements.
    Upgrade(String),
}

/// Makes or upgrades the table, once if several nodes do so at a time.
pub(crate) async fn change<S: Schema>(schema: &S, connection: &mut S::Link) -> Result<(), Trouble> {
    let begun = schema.begin(connection).await;
    begun.map_err(Trouble::Failed)?;
    let changed = change_now(schema, connection).await;
    if changed.is_err() {
        schema.undo(connection).await;
    }
    changed
}

async fn change_now<S: Schema>(schema: &S, connection: &mut S::Link) -> Result<(), Trouble> {
    // Another node may have done it meanwhile.
    let need = look(schema, connection).await?;
    let done = match &need {
        Need::Nothing => Ok(()),
        Need::Creation => schema.run(connection, schema.creation()).await,
        Need::Upgrade(sql) => schema.run(connection, sql.clone()).await,
    };
    let done = match done {
        Ok(()) => schema.end(connection).await,
        Err(error) => Err(error),
    };
    done.map_err(|error| match need {
        Need::Upgrade(sql) => Trouble::NotUpgraded(error, sql),
        _ => Trouble::NotMade(error),
    })
}

impl Trouble {
    /// Returns the database's error, if it is one.
    pub(crate) fn into_error(self) -> Option<Error> {
        match self {
            Self::Failed(error) | Self::NotMade(error) | Self::NotUpgraded(error, _) => Some(error),
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

/// Describes the table and the remedy.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str(
                "it was not made by session-store; name another table in the store's options",
            ),
            Self::Blocked(column) => write!(
                f,
                "its column {column:?} needs a value that a session does not have; give it a \
                 default, or make it optional"
            ),
            Self::TooNew(version) => write!(
                f,
                "it has version {version}, which only newer releases of session-store can use; \
                 update this program, or name another table in the store's options"
            ),
            Self::Missing => f.write_str(
                "it does not exist; make it by hand (session-store's folder migrations), or let \
                 the store do so",
            ),
            Self::Old(sql) | Self::NotUpgraded(_, sql) => write!(
                f,
                "it is an older release's; run this as its owner, or let the store do so: {sql}"
            ),
            Self::NotMade(_) => {
                f.write_str("it can't be made; make it by hand (session-store's folder migrations)")
            }
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Self::Unreadable(_) => f.write_str(
                "its version must be readable: SELECT on the table of its name with \"_version\"",
            ),
            Self::Failed(_) => f.write_str("it can't be read"),
        }
    }
}
