use session_core::django::{Auth, SecretKeys};
use session_core::{SessionError, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Error, query_as};
use tokio::runtime::Handle;

use crate::Answer;
use crate::storage::Storage;
use crate::users::User;

/// A Django site's table of users, beside that of its sessions.
///
/// An id in a session that is none of the site's users makes each of its pages an error.
#[derive(Debug, Clone)]
pub(crate) struct AuthUser {
    pool: Pool,
    auth: Auth,
    /// A blocking server has none on its threads.
    runtime: Handle,
}

#[derive(Debug, Clone)]
enum Pool {
    #[cfg(feature = "mysql")]
    Mysql(sqlx::MySqlPool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    Sqlite(SqlitePool),
}

impl AuthUser {
    /// Prepares connections to the database of the sessions.
    pub(crate) fn open(database: &Storage, keys: &SecretKeys) -> Result<Self, String> {
        let refused = |error: &dyn std::fmt::Display| format!("auth_user: {error}");
        let pool = match database {
            Storage::Sqlite(path) => {
                let file = SqliteConnectOptions::new().filename(path);
                let pool = SqlitePoolOptions::new().max_connections(MOST);
                Pool::Sqlite(pool.connect_lazy_with(file))
            }
            #[cfg(feature = "postgres")]
            Storage::Postgres(url) => {
                let pool = sqlx::postgres::PgPoolOptions::new().max_connections(MOST);
                Pool::Postgres(pool.connect_lazy(url).map_err(|error| refused(&error))?)
            }
            #[cfg(feature = "mysql")]
            Storage::Mysql(url) => {
                let pool = sqlx::mysql::MySqlPoolOptions::new().max_connections(MOST);
                Pool::Mysql(pool.connect_lazy(url).map_err(|error| refused(&error))?)
            }
            _ => return Err(refused(&"it is in no such database")),
        };
        Ok(Self {
            pool,
            auth: Auth::new(keys),
            runtime: Handle::try_current().map_err(|error| refused(&error))?,
        })
    }

    /// Finds a user by name, or else by id. A site without the table has users of another kind, and
    /// then the name is taken as it is.
    pub(crate) async fn find(&self, name: String) -> Result<User, Answer> {
        let (pool, asked) = (self.pool.clone(), name.clone());
        let found = self.runtime.spawn(async move { pool.find(&asked).await });
        match found.await {
            Ok(Ok(Some((id, password)))) => Ok(User::Found {
                auth: self.auth.clone(),
                id: id.to_string(),
                password,
            }),
            Ok(Ok(None)) => Err(Answer::error(401, "the site has no such user")),
            Ok(Err(Error::Database(error))) if is_missing(&*error) => Ok(User::Named(name)),
            Ok(Err(error)) => Err(unreadable(error)),
            Err(error) => Err(unreadable(error)),
        }
    }
}

/// Asks by name and then by id for the two columns, with the words that are different in a database.
macro_rules! find {
    ($pool:ident, $name:ident, $id:literal, $value:literal) => {{
        let by = concat!(
            "SELECT ",
            $id,
            ", password FROM auth_user WHERE is_active AND username = ",
            $value
        );
        let found = query_as(by).bind($name).fetch_optional($pool).await?;
        match (found, $name.parse::<i64>()) {
            (None, Ok(id)) => {
                let by = concat!(
                    "SELECT ",
                    $id,
                    ", password FROM auth_user WHERE is_active AND id = ",
                    $value
                );
                query_as(by).bind(id).fetch_optional($pool).await
            }
            (found, _) => Ok(found),
        }
    }};
}

impl Pool {
    /// Returns the id and the password's hash of an active user.
    async fn find(&self, name: &str) -> Result<Option<(i64, String)>, Error> {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql(pool) => find!(pool, name, "CAST(id AS SIGNED)", "?"),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => find!(pool, name, "id::bigint", "$1"),
            Self::Sqlite(pool) => find!(pool, name, "id", "?"),
        }
    }
}

/// Says whether there is no such table.
fn is_missing(error: &dyn sqlx::error::DatabaseError) -> bool {
    // PostgreSQL, MySQL; SQLite has only words for it.
    matches!(error.code().as_deref(), Some("42P01" | "42S02"))
        || error.message().starts_with("no such table")
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Answer {
    SessionError::from(StoreError::new("can't read the site's users").caused_by(error)).into()
}

/// A sign-in needs one for a moment.
const MOST: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_user_is_found_by_name_and_else_by_id() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db.sqlite3");
        let file = SqliteConnectOptions::new().filename(&path);
        let made = SqlitePool::connect_with(file.create_if_missing(true)).await;
        let made = made.unwrap();
        let storage = Storage::Sqlite(path.to_str().unwrap().to_owned());
        let keys = SecretKeys::danger_accept_weak("of a test").unwrap();
        let users = AuthUser::open(&storage, &keys).unwrap();
        let named = users.find("ada".to_owned()).await;
        assert!(matches!(named, Ok(User::Named(name)) if name == "ada"));
        let table = "CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128), \
                     username varchar(150), is_active bool); \
                     INSERT INTO auth_user VALUES (1, 'one', 'ada', 1), (2, 'two', '1', 1), (3, 'no', 'eve', 0)";
        sqlx::raw_sql(table).execute(&made).await.unwrap();
        for (name, user) in [
            ("ada", Some(("1", "one"))),
            // A name goes before an id.
            ("1", Some(("2", "two"))),
            ("2", Some(("2", "two"))),
            ("eve", None),
            ("3", None),
            ("bob", None),
            ("99999999999999999999", None),
        ] {
            let found = users.find(name.to_owned()).await;
            match (found, user) {
                (Ok(User::Found { id, password, .. }), Some(user)) => {
                    assert_eq!((&*id, &*password), user, "{name}");
                }
                (Err(answer), None) => assert_eq!(answer.status, 401, "{name}"),
                _ => panic!("{name}"),
            }
        }
        sqlx::raw_sql("ALTER TABLE auth_user DROP COLUMN password")
            .execute(&made)
            .await
            .unwrap();
        assert_eq!(
            users.find("ada".to_owned()).await.err().unwrap().status,
            503
        );
    }
}
