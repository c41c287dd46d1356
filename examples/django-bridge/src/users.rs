use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::Trouble;

/// Django's table of users, which Rust only reads.
#[derive(Debug, Clone)]
pub struct Users(SqlitePool);

/// What the session's check and the page need of a user.
#[derive(Debug)]
pub struct User {
    pub name: String,
    /// The hash, as Django stores it.
    pub password: String,
}

impl Users {
    /// Opens the database for reading.
    ///
    /// # Errors
    ///
    /// The file can't be opened.
    pub async fn open(path: &str) -> Result<Self, Trouble> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(2);
        let pool = pool.connect_with(options).await;
        Ok(Self(pool.map_err(|error| Trouble::new(path, error))?))
    }

    /// Finds the user of a session's owner, unless Django would not let the user in any more.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn find(&self, owner: &str) -> sqlx::Result<Option<User>> {
        let Ok(id) = owner.parse::<i64>() else {
            return Ok(None);
        };
        let row =
            sqlx::query("SELECT username, password FROM auth_user WHERE id = ? AND is_active")
                .bind(id)
                .fetch_optional(&self.0)
                .await?;
        let user = |row: sqlx::sqlite::SqliteRow| -> sqlx::Result<User> {
            Ok(User {
                name: row.try_get("username")?,
                password: row.try_get("password")?,
            })
        };
        row.map(user).transpose()
    }
}
