use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Store, StoreError};

use super::form::Form;
use super::owner::Asked;
use super::table::Table;
use super::values::{LegacyMismatch, LegacyValues};
use super::{Legacy, Old};
use crate::home::{AtHome, Home};
use crate::time_out::check_timeout;

/// Where another library keeps its sessions, and whose they are.
#[derive(Clone)]
#[must_use = "it reaches no server before it is opened"]
pub struct LegacyOptions {
    form: Form,
    url: String,
    table: Option<String>,
    prefix: Option<String>,
    owner: Option<Asked>,
    timeout: Duration,
}

impl LegacyOptions {
    /// The sessions of tower-sessions (0.12 to 0.15): of its `sqlx` stores (`sqlite:PATH`, `postgres://…`, `mysql://…`) or its
    /// store on one Redis server (`redis://…`).
    ///
    /// Its cookie is called `id` unless the application says otherwise. One that is signed or private
    /// is [unsealed](session_core::LegacyCookie::unsealed_by) by the `cookie` crate and the application's key.
    pub fn tower_sessions(url: impl Into<String>) -> Self {
        Self::new(Form::TowerSessions, url.into())
    }

    /// The sessions of actix-session (0.10 and 0.11) on one Redis server (`redis://…`).
    ///
    /// Its cookie is called `id` unless the application says otherwise, and is encrypted or signed: it has to be
    /// [unsealed](session_core::LegacyCookie::unsealed_by) by the `cookie` crate and the application's key. Its value is percent-encoded:
    ///
    /// ```text
    /// let unseal = move |value: &str| {
    ///     let mut jar = CookieJar::new();
    ///     jar.add_original(Cookie::parse_encoded(format!("id={value}")).ok()?);
    ///     Some(jar.private(&key).get("id")?.value().to_owned()) // or jar.signed(&key)
    /// };
    /// ```
    pub fn actix_session(url: impl Into<String>) -> Self {
        Self::new(Form::ActixSession, url.into())
    }

    fn new(form: Form, url: String) -> Self {
        Self {
            form,
            url,
            table: None,
            prefix: None,
            owner: None,
            timeout: Duration::from_secs(5),
        }
    }

    /// Sets the table's name, with its schema before a dot if it is not the usual one: `tower_sessions.session`, in SQLite
    /// `tower_sessions`. On Redis there is no table, but a [`prefix`](Self::prefix).
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// Sets what stands before the ids on Redis; nothing unless told.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Says who is signed in to a session, from its values. Without it, nobody is: the values are there, but the session is in
    /// no list of devices, and no revocation ends it.
    ///
    /// The closure sees each session at least once. It is asked in place of the library's own check: for whom that would refuse, because the
    /// password has changed since, it has to return `Ok(None)` (the `auth_hash` of `axum-login`, the deadlines of `actix-identity`).
    /// If the values are not what it takes them for, it has to return the error: then the session stays where it is, the log tells so, and
    /// nothing is lost.
    ///
    /// With `axum-login` the owner is in `axum-login.data`, with `actix-identity`
    /// in `actix_identity.user_id`.
    ///
    /// ```no_run
    /// # use session_store::LegacyOptions;
    /// #[derive(serde::Deserialize)]
    /// struct Login {
    ///     user_id: i64,
    /// }
    ///
    /// let old = LegacyOptions::tower_sessions("postgres://127.0.0.1/shop").owner(|values| {
    ///     let login: Option<Login> = values.get("axum-login.data")?;
    ///     Ok(login.map(|login| login.user_id.to_string()))
    /// });
    /// ```
    pub fn owner(
        mut self,
        owner: impl Fn(&LegacyValues) -> Result<Option<String>, LegacyMismatch> + Send + Sync + 'static,
    ) -> Self {
        self.owner = Some(Asked::closure(owner));
        self
    }

    /// Sets how long a call may take; 5 seconds unless told.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Connects, and tries to read and write. `new` is the store of the application's sessions, as it uses it itself: with the cache in
    /// front of it, if there is one.
    ///
    /// # Errors
    ///
    /// The server can't be reached, or has no such table; the URL is of a kind whose feature is not on; or an option has a
    /// value that can't be meant. No message has the URL's password.
    pub async fn open(self, new: Arc<dyn Store>) -> Result<Legacy, StoreError> {
        check_timeout(self.timeout)?;
        let Self {
            form,
            url,
            table,
            prefix,
            owner,
            timeout,
        } = self;
        let name = match (url.starts_with("redis"), table, prefix) {
            (true, Some(_), _) => {
                return Err(StoreError::new("table: Redis has none; set the prefix"));
            }
            (false, _, Some(_)) => {
                return Err(StoreError::new("prefix: only Redis has one; set the table"));
            }
            (true, None, prefix) => prefix,
            (false, table, None) => table,
        };
        let kind = form.clone();
        let table = AtHome::open_at(Home::new()?, |_| async move {
            connect(&kind, &url, name.as_deref(), timeout).await
        });
        let old = Old::new(table.await?, form, owner, timeout);
        old.check().await?;
        Ok(Legacy { old, new })
    }
}

#[cfg_attr(
    not(any(feature = "postgres", feature = "redis")),
    allow(clippy::unused_async, reason = "those are connected to at once")
)]
async fn connect(
    form: &Form,
    url: &str,
    name: Option<&str>,
    timeout: Duration,
) -> Result<Box<dyn Table>, StoreError> {
    let scheme = url.split(':').next().unwrap_or_default();
    match (form, scheme) {
        #[cfg(feature = "redis")]
        (_, "redis" | "rediss") => super::redis::connect(url, name, timeout).await,
        #[cfg(feature = "sqlite")]
        (Form::TowerSessions, "sqlite") => super::sql::sqlite(url, name, timeout),
        #[cfg(feature = "postgres")]
        (Form::TowerSessions, "postgres" | "postgresql") => {
            super::sql::postgres(url, name, timeout).await
        }
        #[cfg(feature = "mysql")]
        (Form::TowerSessions, "mysql" | "mariadb") => super::sql::mysql(url, name, timeout),
        (Form::ActixSession, _) => Err(StoreError::new(
            "actix-session's URL must begin with redis://, and session-store needs the feature redis",
        )),
        _ => Err(StoreError::new(
            "tower-sessions' URL must begin with sqlite:, postgres://, mysql:// or redis://, and session-store needs the feature of that name",
        )),
    }
}

impl fmt::Debug for LegacyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyOptions")
            .field("form", &self.form)
            .field("table", &self.table)
            .field("prefix", &self.prefix)
            .field("has_owner", &self.owner.is_some())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
