use std::sync::{Arc, OnceLock};

use session_core::django::{SecretKeys, Signer};
use session_core::{
    CommitError, Key, ManualClock, Policy, PolicyBuilder, Reply, RequestSession, Sessions,
    Store as _,
};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{Calls, HeaderList, Log, SpyStore};
use sqlx::SqlitePool;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

pub const NOON: OffsetDateTime = datetime!(2026-11-27 12:00 UTC);

const KEY: &str = "parity-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH";

/// A Django site's database, a policy with Django's defaults, and a clock.
pub struct Site {
    pub clock: Arc<ManualClock>,
    pub sessions: Sessions,
    pub spy: SpyStore,
    pub rows: SqlitePool,
    directory: TempDir,
}

/// A response, as the middleware sees it.
pub struct Seen {
    pub reply: Reply,
    pub calls: Calls,
}

impl Site {
    pub async fn new() -> Self {
        Self::with(|policy| policy).await
    }

    /// A site whose policy differs from Django's defaults.
    pub async fn with(configure: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("db.sqlite3").display());
        let options = DjangoOptions::new().create(true).no_sweep();
        let store = DjangoStore::open_with(&url, &Self::keys(), options).await;
        let spy = SpyStore::new(store.unwrap());
        let clock = Arc::new(ManualClock::new(NOON));
        let policy = Policy::builder().plain_ids().insecure().touch_never();
        let policy = policy.cookie_name("sessionid").clock(Arc::clone(&clock));
        let policy = configure(policy).build().unwrap();
        Self {
            sessions: Sessions::new(policy, spy.clone()),
            rows: SqlitePool::connect(&url).await.unwrap(),
            clock,
            spy,
            directory,
        }
    }

    pub fn keys() -> SecretKeys {
        SecretKeys::new(KEY).unwrap()
    }

    pub fn signer() -> Signer {
        Signer::sessions(&Self::keys())
    }

    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A request that opens the session; `cookie` is the whole value of the site's cookie.
    pub async fn request(
        &self,
        cookie: &str,
        status: u16,
        act: impl FnOnce(&RequestSession),
    ) -> Seen {
        self.attempt(cookie, status, act).await.unwrap()
    }

    /// The same, where the commit may fail.
    pub async fn attempt(
        &self,
        cookie: &str,
        status: u16,
        act: impl FnOnce(&RequestSession),
    ) -> Result<Seen, CommitError> {
        let _ = self.spy.take();
        let header = format!("theme=dark; sessionid={cookie}");
        let request = self.sessions.open([header.as_bytes()]);
        let session = request.handle().load().await.unwrap();
        act(&session);
        let reply = request.commit(status).await?;
        let calls = self.spy.take();
        Ok(Seen { reply, calls })
    }

    /// Begins a session with one value and returns its cookie.
    pub async fn begin(&self, name: &str, value: impl serde::Serialize) -> String {
        let seen = self.request("", 200, |session| session.insert(name, value).unwrap());
        seen.await.id().unwrap()
    }

    /// Says whether the table has a live session under a key.
    pub async fn exists(&self, cookie: &str) -> bool {
        let key = Key::parse_plain(cookie).unwrap();
        let secret = session_testkit::digest_of(0);
        let found = self.spy.load(&key, &secret, NOON.into()).await.unwrap();
        found.is_some_and(|record| record.expires > self.sessions.policy().now())
    }

    pub async fn count(&self) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM django_session");
        count.fetch_one(&self.rows).await.unwrap()
    }

    /// Puts a row where Django would.
    pub async fn put(&self, key: &str, token: &str, ends: &str) {
        let put = sqlx::query("INSERT OR REPLACE INTO django_session VALUES (?, ?, ?)");
        let put = put.bind(key).bind(token).bind(ends);
        put.execute(&self.rows).await.unwrap();
    }

    /// Returns what Django reads of a session: the JSON of its values.
    pub async fn decoded(&self, key: &str) -> String {
        let token =
            sqlx::query_scalar("SELECT session_data FROM django_session WHERE session_key = ?");
        let token: String = token.bind(key).fetch_one(&self.rows).await.unwrap();
        Self::signer().open(&token).unwrap().json
    }
}

impl Seen {
    /// The id that the response set.
    pub fn id(&self) -> Option<String> {
        let cookie = self.reply.set_cookie()?.strip_prefix("sessionid=")?;
        let id = cookie.split(';').next()?;
        (!id.is_empty()).then(|| id.to_owned())
    }

    pub fn cookie(&self) -> &str {
        self.reply.set_cookie().unwrap_or_default()
    }

    pub fn varies(&self) -> bool {
        let mut sent = HeaderList::default();
        self.reply.clone().apply(&mut sent);
        sent.values("vary") == ["Cookie"]
    }

    /// The writes to the table.
    pub fn writes(&self) -> usize {
        self.calls.total() - self.calls.load
    }
}

/// Begins to keep what is logged, also on the stores' own threads.
pub fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false);
        lines.with_writer(move || writer.clone()).init();
        log
    })
}
