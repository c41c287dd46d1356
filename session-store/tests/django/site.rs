//! A Django site's database, and writes to it as Django makes them.

use session_core::django::{SecretKeys, Signer};
use session_core::{Key, Record, Store as _};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{digest_of, moment_at};

/// The session key of most tests.
pub const KEY: &str = "ka6l9k0mzz8l6qvgbzrf5hd3yk7ovl2x";

pub struct Site {
    pub database: Database,
}

pub enum Database {
    #[cfg(feature = "mysql")]
    Mysql(String),
    #[cfg(feature = "postgres")]
    Postgres(String),
    #[cfg(feature = "sqlite")]
    Sqlite(tempfile::TempDir),
}

impl Site {
    pub fn url(&self) -> String {
        match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(name) => super::mysql::SERVER.url(name),
            #[cfg(feature = "postgres")]
            Database::Postgres(name) => super::postgres::SERVER.url(name),
            #[cfg(feature = "sqlite")]
            Database::Sqlite(folder) => format!("sqlite:{}", super::sqlite::path(folder).display()),
        }
    }

    /// Runs statements, and returns the answers' rows as lines.
    pub async fn run(&self, sql: &str) -> String {
        match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(name) => super::mysql::SERVER
                .run(name, sql)
                .unwrap()
                .trim()
                .to_owned(),
            #[cfg(feature = "postgres")]
            Database::Postgres(name) => super::postgres::SERVER
                .run(name, sql)
                .unwrap()
                .trim()
                .to_owned(),
            #[cfg(feature = "sqlite")]
            Database::Sqlite(folder) => super::sqlite::run(&super::sqlite::path(folder), sql).await,
        }
    }

    pub async fn open(&self) -> DjangoStore {
        let options = DjangoOptions::new().create(true);
        DjangoStore::open_with(&self.url(), &keys(), options)
            .await
            .unwrap()
    }

    /// Inserts a session as Django does, signed at a second and ending at one.
    pub async fn insert(&self, key: &str, json: &str, signed: i64, ends: i64) {
        let token = signer().sign(json, moment_at(signed).into());
        self.insert_token(key, &token, ends).await;
    }

    pub async fn insert_token(&self, key: &str, token: &str, ends: i64) {
        let ends = self.moment(ends);
        let sql = format!("INSERT INTO django_session VALUES ('{key}', '{token}', {ends})");
        self.run(&sql).await;
    }

    /// Saves a session as Django does, whatever is there.
    pub async fn save(&self, key: &str, json: &str, signed: i64, ends: i64) {
        let token = signer().sign(json, moment_at(signed).into());
        let ends = self.moment(ends);
        let sql = format!(
            "UPDATE django_session SET session_data = '{token}', expire_date = {ends} \
             WHERE session_key = '{key}'"
        );
        self.run(&sql).await;
    }

    /// Returns the token of a row; empty without one.
    pub async fn token(&self, key: &str) -> String {
        let sql = format!("SELECT session_data FROM django_session WHERE session_key = '{key}'");
        self.run(&sql).await
    }

    /// Returns the values that Django sees in a row.
    pub async fn json(&self, key: &str) -> String {
        signer().open(&self.token(key).await).unwrap().json
    }

    pub fn moment(&self, second: i64) -> String {
        let moment = session_core::django::Zone::use_tz().to_column(moment_at(second).into());
        let offset = match &self.database {
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => "+00",
            #[allow(unreachable_patterns, reason = "with one database")]
            _ => "",
        };
        format!("'{moment}{offset}'")
    }
}

/// Loads the session of a key at a second.
pub async fn load(store: &DjangoStore, key: &str, now: i64) -> Option<Record> {
    let found = store
        .load(&key_of(key), &digest_of(0), moment_at(now))
        .await;
    found.unwrap()
}

pub fn key_of(text: &str) -> Key {
    Key::parse_plain(text).unwrap()
}

pub fn keys() -> SecretKeys {
    SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0").unwrap()
}

pub fn signer() -> Signer {
    Signer::sessions(&keys())
}

/// How a database describes the table, and what it says of the one that Django makes.
impl Site {
    pub async fn described(&self) -> String {
        let ask = match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(_) => super::mysql::DESCRIBE,
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => super::postgres::DESCRIBE,
            #[cfg(feature = "sqlite")]
            Database::Sqlite(_) => super::sqlite::DESCRIBE,
        };
        self.run(ask).await
    }

    /// Writes the types of the columns in a definition.
    pub fn of_types(&self, columns: &str) -> String {
        let (text, moment) = match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(_) => ("longtext", "datetime(6)"),
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => ("text", "timestamp with time zone"),
            #[cfg(feature = "sqlite")]
            Database::Sqlite(_) => ("text", "datetime"),
        };
        columns.replace("TEXT", text).replace("MOMENT", moment)
    }

    /// Returns changes of the table after which it refuses a session, and the database says which.
    pub fn traps(&self) -> &'static [&'static str] {
        match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(_) => super::mysql::TRAPS,
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => super::postgres::TRAPS,
            #[cfg(feature = "sqlite")]
            Database::Sqlite(_) => super::sqlite::TRAPS,
        }
    }

    pub fn djangos_description(&self) -> &'static str {
        match &self.database {
            #[cfg(feature = "mysql")]
            Database::Mysql(_) => super::mysql::DJANGOS,
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => super::postgres::DJANGOS,
            #[cfg(feature = "sqlite")]
            Database::Sqlite(_) => super::sqlite::DJANGOS,
        }
    }
}
