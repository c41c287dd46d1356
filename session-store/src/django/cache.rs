use std::sync::Arc;
use std::time::Duration;

use session_core::StoreError;
use tokio::time::sleep;

use crate::RedisOptions;
use crate::home::Home;
use crate::redis::Removal;

/// The options of a site's cache.
#[derive(Debug, Clone)]
pub(super) struct CacheOptions {
    pub(super) redis: RedisOptions,
    pub(super) key_prefix: String,
    pub(super) version: u32,
    pub(super) again: Duration,
}

/// The cache of a site's engine `cached_db`, from which the entries of changed sessions are dropped.
///
/// Django reads it before the table. It fills it after a miss, so a fill under way can put back what
/// was just dropped; therefore each entry is dropped once more after a while.
#[derive(Debug)]
pub(super) struct Cache {
    removal: Removal,
    home: Home,
    /// What comes before the session's key.
    prefix: String,
    again: Duration,
}

impl Cache {
    pub(super) fn new(options: &CacheOptions, home: Home) -> Result<Arc<Self>, StoreError> {
        let CacheOptions {
            redis,
            key_prefix,
            version,
            again,
        } = options;
        Ok(Arc::new(Self {
            removal: Removal::new(redis, home.clone(), LIMIT)?,
            home,
            prefix: format!("{key_prefix}:{version}:django.contrib.sessions.cached_db"),
            again: *again,
        }))
    }

    /// Begins a change of sessions, whose entries are dropped when it ends.
    pub(super) fn changing(self: &Arc<Self>, keys: &[&str]) -> Changing {
        let entries = keys.iter().map(|key| format!("{}{key}", self.prefix));
        Changing {
            cache: Arc::clone(self),
            entries: entries.collect(),
            stage: Stage::Begun,
        }
    }

    pub(super) fn close(&self) {
        self.removal.close();
    }

    /// Drops entries. A cache that fails is in the log: the table has the session all the same.
    async fn drop_all(&self, entries: &[String]) {
        for entry in entries {
            if let Err(error) = self.removal.remove(entry).await {
                tracing::warn!(%error, "Django may show an old state of a session until its cache forgets it");
            }
        }
    }
}

/// A change under way. Dropped on the way, as by a caller that goes away, it counts as made.
pub(super) struct Changing {
    cache: Arc<Cache>,
    entries: Vec<String>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Dropped,
    Refused,
}

impl Changing {
    /// Ends a change that was made, or may have been.
    pub(super) async fn made(mut self) {
        self.cache.drop_all(&self.entries).await;
        self.stage = Stage::Dropped;
    }

    /// Ends a change that was not made.
    pub(super) fn refused(mut self) {
        self.stage = Stage::Refused;
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        if self.stage == Stage::Refused {
            return;
        }
        let is_dropped = self.stage == Stage::Dropped;
        let (cache, entries) = (Arc::clone(&self.cache), std::mem::take(&mut self.entries));
        self.cache.home.spawn(async move {
            if !is_dropped {
                cache.drop_all(&entries).await;
            }
            sleep(cache.again).await;
            cache.drop_all(&entries).await;
        });
    }
}

/// How long a write waits for a cache that does not answer.
const LIMIT: Duration = Duration::from_secs(1);

/// When an entry is dropped once more: longer than a request of Django's takes from its read of the
/// table to its fill of the cache.
pub(super) const AGAIN: Duration = Duration::from_secs(2);
