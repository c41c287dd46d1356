use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "django")]
use session_core::django::SecretKeys;
use session_core::{Policy, Sessions, Store};
#[cfg(feature = "sealed")]
use session_core::{Sealed, SealingKeys};
#[cfg(all(feature = "cached", feature = "postgres"))]
use session_store::Notify;
#[cfg(feature = "redis")]
use session_store::RedisStore;
#[cfg(feature = "cached")]
use session_store::{CachedOptions, CachedStore, Notifies};
#[cfg(feature = "django")]
use session_store::{DjangoOptions, DjangoStore};
use session_store::{MemoryStore, SqliteOptions, SqliteStore};
#[cfg(feature = "mysql")]
use session_store::{MysqlOptions, MysqlStore};
#[cfg(feature = "postgres")]
use session_store::{PostgresOptions, PostgresStore};

#[cfg(feature = "django")]
use crate::auth_user::AuthUser;
use crate::traced::Traced;
use crate::users::Users;

/// The store of the sessions, as `--store` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Storage {
    #[cfg(feature = "cached")]
    Cached(Box<Storage>),
    /// A Django site's table, in the database of this URL.
    #[cfg(feature = "django")]
    Django(String),
    Memory,
    #[cfg(feature = "mysql")]
    Mysql(String),
    #[cfg(feature = "postgres")]
    Postgres(String),
    #[cfg(feature = "redis")]
    Redis(String),
    /// No store: sessions are in encrypted cookies.
    #[cfg(feature = "sealed")]
    Sealed,
    Sqlite(String),
}

/// What a store is opened with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How often expired sessions are removed.
    pub(crate) sweep: Duration,
    /// A Django site's keys.
    #[cfg(feature = "django")]
    pub(crate) keys: Option<SecretKeys>,
    /// The keys of sealed cookies.
    #[cfg(feature = "sealed")]
    pub(crate) seals: Option<SealingKeys>,
}

impl Storage {
    /// Describes the flag.
    pub(crate) fn help() -> String {
        format!("Store of the sessions: {}", Self::built().join(", "))
    }

    /// Lists the stores of this build.
    fn built() -> Vec<&'static str> {
        let stores = [
            ("memory", true),
            ("sqlite:PATH", true),
            ("postgres://…", cfg!(feature = "postgres")),
            ("mysql://…", cfg!(feature = "mysql")),
            ("redis://…, redis-cluster://…", cfg!(feature = "redis")),
            (
                "django+ before an SQL store, for a Django site's table",
                cfg!(feature = "django"),
            ),
            (
                "sealed: for cookies without a store",
                cfg!(feature = "sealed"),
            ),
            ("cached+ before any other store", cfg!(feature = "cached")),
        ];
        let built = stores.into_iter().filter(|(_, is_built)| *is_built);
        built.map(|(name, _)| name).collect()
    }

    /// Parses a store's URL; a scheme that is unknown or missing from this build is an error.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if let Some(behind) = url.strip_prefix("cached+") {
            return Self::cached(Self::parse(behind)?);
        }
        if let Some(site) = url.strip_prefix("django+") {
            return Self::django(site);
        }
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "sqlite" if !rest.is_empty() => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                Ok(Self::Sqlite(path.to_owned()))
            }
            "sqlite" => Err("sqlite: needs a file, as in sqlite:sessions.db".into()),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => Err(left_out(scheme, "postgres")),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Ok(Self::Mysql(url.to_owned())),
            #[cfg(not(feature = "mysql"))]
            "mysql" | "mariadb" => Err(left_out(scheme, "mysql")),
            #[cfg(feature = "redis")]
            "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel"
            | "rediss-sentinel" => Ok(Self::Redis(url.to_owned())),
            #[cfg(not(feature = "redis"))]
            "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel"
            | "rediss-sentinel" => Err(left_out(scheme, "redis")),
            #[cfg(feature = "sealed")]
            "sealed" if rest.is_empty() => Ok(Self::Sealed),
            #[cfg(feature = "sealed")]
            "sealed" => {
                Err("sealed: has nothing behind it; the keys are in --secret-key-file".into())
            }
            #[cfg(not(feature = "sealed"))]
            "sealed" => Err(left_out(scheme, "sealed")),
            _ => Err(format!(
                "unknown store {url:?}; this build has {}",
                Self::built().join(", ")
            )),
        }
    }

    /// Says whether sessions are in sealed cookies.
    pub(crate) fn is_sealed(&self) -> bool {
        match self {
            #[cfg(feature = "sealed")]
            Self::Sealed => true,
            _ => false,
        }
    }

    /// Says whether the store is a Django site's table.
    pub(crate) fn is_django(&self) -> bool {
        match self {
            #[cfg(feature = "django")]
            Self::Django(_) => true,
            #[cfg(feature = "cached")]
            Self::Cached(behind) => behind.is_django(),
            _ => false,
        }
    }

    /// Returns whom the showcase signs in.
    #[cfg_attr(
        not(feature = "django"),
        allow(
            clippy::unnecessary_wraps,
            clippy::unused_self,
            reason = "a site has users"
        )
    )]
    pub(crate) fn users(&self, settings: &Settings) -> Result<Users, String> {
        match (self, settings) {
            #[cfg(feature = "cached")]
            (Self::Cached(behind), _) => behind.users(settings),
            #[cfg(feature = "django")]
            (
                Self::Django(url),
                Settings {
                    keys: Some(keys), ..
                },
            ) => Ok(Users::Site(AuthUser::open(&Self::parse(url)?, keys)?)),
            _ => Ok(Users::Anybody),
        }
    }

    /// Opens the store, and joins it with the policy, and with that of a second session if there is one.
    pub(crate) async fn sessions(
        &self,
        settings: &Settings,
        policy: Policy,
        second: Option<Policy>,
    ) -> Result<(Sessions, Option<Sessions>), String> {
        #[cfg(feature = "sealed")]
        if self.is_sealed() {
            let keys = settings.seals.as_ref();
            let sealed = Sealed::by(keys.ok_or("sealed cookies need keys")?.clone());
            let join = |policy| Sessions::sealed(policy, sealed.clone());
            return Ok((join(policy), second.map(join)));
        }
        let store: Arc<dyn Store> = Arc::new(Traced(self.open(settings).await?));
        let join = |policy| Sessions::shared(policy, Arc::clone(&store));
        Ok((join(policy), second.map(join)))
    }

    /// Opens the store, which removes expired sessions once an interval.
    pub(crate) async fn open(&self, settings: &Settings) -> Result<Arc<dyn Store>, String> {
        let sweep = settings.sweep;
        match self {
            #[cfg(feature = "cached")]
            Self::Cached(behind) => Ok(Arc::new(behind.open_cached(settings).await?)),
            #[cfg(feature = "django")]
            Self::Django(url) => {
                let keys = settings.keys.as_ref();
                let keys = keys.ok_or("a Django site's table needs the site's keys")?;
                let options = DjangoOptions::new().create(true).sweep_every(sweep);
                let store = DjangoStore::open_with(url, keys, options).await;
                Ok(Arc::new(store.map_err(describe)?))
            }
            Self::Memory => Ok(Arc::new(MemoryStore::new())),
            #[cfg(feature = "mysql")]
            Self::Mysql(url) => {
                let options = MysqlOptions::new(url).sweep_every(sweep);
                let store = MysqlStore::open_with(options).await;
                Ok(Arc::new(store.map_err(describe)?))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                let options = PostgresOptions::new(url).sweep_every(sweep);
                let store = PostgresStore::open_with(options).await;
                Ok(Arc::new(store.map_err(describe)?))
            }
            #[cfg(feature = "redis")]
            Self::Redis(url) => {
                let store = RedisStore::open(url).await.map_err(describe)?;
                Ok(Arc::new(store))
            }
            #[cfg(feature = "sealed")]
            Self::Sealed => Err("sealed: is no store".into()),
            Self::Sqlite(path) => {
                let options = SqliteOptions::new(path).sweep_every(sweep);
                let store = SqliteStore::open_with(options).await;
                Ok(Arc::new(store.map_err(describe)?))
            }
        }
    }
}

#[cfg(feature = "cached")]
impl Storage {
    #[allow(clippy::unnecessary_wraps, reason = "builds without the cache refuse")]
    fn cached(behind: Self) -> Result<Self, String> {
        if behind.is_sealed() {
            return Err("cached+: there is no store behind sealed:".into());
        }
        Ok(Self::Cached(Box::new(behind)))
    }

    /// Opens the store behind a cache, which listens if the store can notify it.
    async fn open_cached(&self, settings: &Settings) -> Result<CachedStore, String> {
        #[cfg(feature = "postgres")]
        let sweep = settings.sweep;
        let telling: Option<Arc<dyn Notifies>> = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                let options = PostgresOptions::new(url).notify(Notify::Changes);
                let options = options.sweep_every(sweep);
                let store = PostgresStore::open_with(options).await;
                Some(Arc::new(store.map_err(describe)?))
            }
            #[cfg(feature = "redis")]
            Self::Redis(url) => {
                let store = RedisStore::open(url).await.map_err(describe)?;
                Some(Arc::new(store))
            }
            _ => None,
        };
        let options = CachedOptions::new();
        match telling {
            Some(store) => CachedStore::listening(store, &options).await,
            None => CachedStore::with(Box::pin(self.open(settings)).await?, &options),
        }
        .map_err(describe)
    }
}

#[cfg(feature = "django")]
impl Storage {
    fn django(site: &str) -> Result<Self, String> {
        // Refuses what is no database, or is not in this build.
        match Self::parse(site)? {
            Self::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {}
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => {}
            _ => return Err("django+ goes before sqlite:PATH, postgres://… or mysql://…".into()),
        }
        Ok(Self::Django(site.to_owned()))
    }
}

#[cfg(not(feature = "django"))]
impl Storage {
    fn django(_: &str) -> Result<Self, String> {
        Err(left_out("django+", "django"))
    }
}

#[cfg(not(feature = "cached"))]
impl Storage {
    fn cached(_: Self) -> Result<Self, String> {
        Err(left_out("cached+", "cached"))
    }
}

/// Hides the text between `://` and `@`, for messages that repeat a URL.
pub(crate) fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("://");
        match part.rsplit_once('@') {
            Some((_, host)) => {
                clean.push_str("…@");
                clean.push_str(host);
            }
            None => clean.push_str(part),
        }
    }
    clean
}

#[allow(dead_code, reason = "a build may have every store")]
fn left_out(scheme: &str, feature: &str) -> String {
    format!("{scheme}: is not in this build; add it with --features {feature}")
}

/// Joins an error and its causes into one line.
#[allow(
    clippy::needless_pass_by_value,
    reason = "map_err requires this signature"
)]
fn describe(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests;
