use std::time::Duration;

use session_core::StoreError;
use session_core::django::Zone;

#[cfg(feature = "redis")]
use super::cache::{AGAIN, CacheOptions};
use super::form::Form;
use super::schema::NAME;
use crate::sql::{Migration, check_name};
use crate::time_out::check_timeout;
use crate::upkeep::{Sweeping, sweep_options};

/// The options of a [`DjangoStore`](crate::DjangoStore).
///
/// ```
/// use session_core::django::Zone;
/// use session_store::DjangoOptions;
///
/// // USE_TZ = False and TIME_ZONE = "Europe/Berlin" in the settings of the site.
/// let options = DjangoOptions::new().zone(Zone::local("Europe/Berlin")?).create(true);
/// # drop(options);
/// # Ok::<(), session_core::django::UnknownZone>(())
/// ```
#[derive(Debug, Clone)]
pub struct DjangoOptions {
    pub(super) table: String,
    zone: Zone,
    column: Option<Zone>,
    pub(super) migration: Migration,
    pub(super) connections: u32,
    pub(super) timeout: Duration,
    pub(super) sweeping: Sweeping,
    pub(super) must_be_readable: bool,
    #[cfg(feature = "redis")]
    pub(super) cache: Option<CacheOptions>,
}

impl DjangoOptions {
    /// Starts from the defaults: a site with `USE_TZ = True`, whose table `manage.py migrate` has made.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: NAME.to_owned(),
            zone: Zone::use_tz(),
            column: None,
            migration: Migration::Never,
            connections: 10,
            timeout: Duration::from_secs(5),
            sweeping: Sweeping::default(),
            must_be_readable: false,
            #[cfg(feature = "redis")]
            cache: None,
        }
    }

    /// Says how the site writes moments: its `USE_TZ` and `TIME_ZONE`; `USE_TZ = True` unless this is
    /// called.
    ///
    /// It has to be right. Otherwise Django reads another end than was written, and each of its saves
    /// of a session with an end of its own is a 500.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Says in which zone the column `expire_date` is, where that is another one: `TIME_ZONE` in the
    /// site's `DATABASES`. PostgreSQL keeps moments that need no zone.
    #[must_use]
    pub fn database_zone(mut self, zone: Zone) -> Self {
        self.column = Some(zone);
        self
    }

    /// Makes the table unless it exists; by default a missing table is an error.
    ///
    /// It is the table that `manage.py migrate` would make. Django does not know then that it has been
    /// made: tell it by `manage.py migrate --fake-initial sessions`. It needs the right to make tables,
    /// and the table's usual name.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.migration = if create {
            Migration::Allowed
        } else {
            Migration::Never
        };
        self
    }

    /// Names the table; `django_session` unless this is called, for a session model of the site's own.
    ///
    /// A name has 1 to 55 of `[A-Za-z0-9_]` and does not begin with a digit; opening refuses others.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Sets the maximum number of connections; 10 unless this is called, and at least 1.
    ///
    /// To SQLite these are the connections that read; one more writes. A pool has its own number.
    #[must_use]
    pub fn connections(mut self, count: u32) -> Self {
        self.connections = count;
        self
    }

    /// Sets how long a call waits for a connection, and again for the answer.
    ///
    /// The default is 5 seconds; it must be from 10 milliseconds to 10 minutes. Every call ends within
    /// twice this time, but [`devices`](session_core::Store::devices) and
    /// [`revoke`](session_core::Store::revoke), which read the whole table, in batches of which each does.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Names the cache of a site whose engine is `cached_db`: its Redis, and `KEY_PREFIX` and `VERSION` in
    /// the site's `CACHES` (`""` and 1 by default).
    ///
    /// Without this Django goes on showing what its cache has: a login that has ended here stays alive
    /// there. Each write drops the session's entry, and once more [a while later](Self::cache_again), since Django may
    /// be about to fill it. A cache that fails is a warning in the log and no error; no write waits for it
    /// longer than a second. A cache of another kind can't be told: use the engine `db` with it.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn cache(
        mut self,
        redis: crate::RedisOptions,
        key_prefix: impl Into<String>,
        version: u32,
    ) -> Self {
        self.cache = Some(CacheOptions {
            redis,
            key_prefix: key_prefix.into(),
            version,
            again: AGAIN,
        });
        self
    }

    /// Sets when an entry of the [cache](Self::cache) is dropped once more; 2 seconds unless this is
    /// called. It should be longer than a request to Django takes.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn cache_again(mut self, delay: Duration) -> Self {
        if let Some(cache) = &mut self.cache {
            cache.again = delay;
        }
        self
    }

    /// Refuses to open a table of which none of the newest sessions can be read; by default that is a
    /// warning in the log.
    ///
    /// Most likely the store has not the site's `SECRET_KEY`, and would begin a session of its own for each
    /// visitor. But it looks the same after a change of the key without `SECRET_KEY_FALLBACKS`, until Django
    /// has written again, and then a refusal would keep the service down. So it is for services that start
    /// only beside a site that runs. 32 sessions are tried, those that end last; a table without any is fine.
    #[must_use]
    pub fn require_readable(mut self, require: bool) -> Self {
        self.must_be_readable = require;
        self
    }

    sweep_options!();

    /// Refuses values that can't be meant.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        check_name(&self.table)?;
        if self.migration == Migration::Allowed && self.table != NAME {
            return Err(StoreError::new(format!(
                "create: only a table of the name {NAME} can be made, and not {:?}; make it by \
                 `manage.py migrate`",
                self.table
            )));
        }
        Ok(())
    }

    pub(super) fn form(&self) -> Form {
        Form {
            zone: self.zone.clone(),
            column: self.column.clone().unwrap_or_else(|| self.zone.clone()),
        }
    }
}

impl Default for DjangoOptions {
    fn default() -> Self {
        Self::new()
    }
}
