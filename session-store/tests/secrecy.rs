//! Nothing that a store shows or logs, down to the finest level and when its server fails, tells an id, a
//! secret, an owner, a value or a password.

#![allow(clippy::unwrap_used)]
#![cfg(all(
    feature = "cached",
    feature = "django",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use session_core::django::SecretKeys;
use session_core::{
    Command, IdForm, Moment, Policy, Revoke, Session, SessionError, Sessions, Store, Whose,
};
use session_servers::{Mariadb, Postgres, Redis, skips};
use session_store::{
    CachedStore, DjangoOptions, DjangoStore, MemoryStore, MysqlOptions, MysqlStore,
    PostgresOptions, PostgresStore, RedisOptions, RedisStore, SqliteOptions, SqliteStore,
};
use session_testkit::{Log, changed, key_of, record_of};

/// What must not be seen: the values of requests, and the cookies that they were answered with.
struct Secrets {
    texts: Vec<String>,
    log: Log,
    shown: String,
}

const OWNER: &str = "ada-the-owner";
const FACTS: [&str; 3] = ["a-label", "an-address", "a-tag"];
const VALUE: &str = "hunter2-value";
/// The throw-away servers' own, and those of this test.
const PASSWORDS: [&str; 4] = [
    "throw-away-password",
    "hunter2-password",
    "hunter2-wrong",
    "hunter2-key-of-the-site-0123456789abcdefghijklmnopqrstuvwxyz",
];

impl Secrets {
    fn new(log: &Log) -> Self {
        let texts = [OWNER, VALUE].into_iter().chain(FACTS).chain(PASSWORDS);
        Self {
            texts: texts.map(str::to_owned).collect(),
            log: log.clone(),
            shown: String::new(),
        }
    }

    fn show(&mut self, value: &dyn std::fmt::Debug) {
        writeln!(self.shown, "{value:?} {value:#?}").unwrap();
    }

    /// An error and its causes, in both forms.
    fn error(&mut self, error: &(dyn std::error::Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            writeln!(self.shown, "{error} {error:?}").unwrap();
            next = error.source();
        }
    }

    fn outcome<T>(&mut self, outcome: Result<T, SessionError>) -> Option<T> {
        outcome.map_err(|error| self.error(&error)).ok()
    }

    fn check(&mut self, what: &str) {
        let logged = self.log.take();
        for text in [&logged, &self.shown] {
            let lower = text.to_lowercase();
            for secret in &self.texts {
                let at = lower.find(&secret.to_lowercase());
                let context = at.map(|at| &text[at.saturating_sub(200)..]);
                assert!(at.is_none(), "{what}: {secret} in {context:?}");
            }
        }
        self.shown.clear();
    }
}

type Act = fn(&Session) -> Result<(), SessionError>;

/// The requests of a browser: a login, a rotation, work, a list, and what fails on the way.
async fn visit(store: &Arc<dyn Store>, secrets: &mut Secrets) {
    let is_plain = store.id_form() == IdForm::Plain;
    let policy = Policy::builder().touch_every(Duration::ZERO);
    let policy = if is_plain { policy.plain_ids() } else { policy };
    let sessions = Sessions::shared(policy.build().unwrap(), Arc::clone(store));
    let mut cookie = String::new();
    let acts: [Act; 6] = [
        |session| session.insert("password", VALUE),
        |session| session.sign_in(OWNER),
        |session| session.insert("again", VALUE),
        |session| session.cycle(),
        |session| session.get::<String>("password").map(drop),
        |session| session.reauthenticate(),
    ];
    for act in acts {
        let request = sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await;
        if let Some(session) = secrets.outcome(session) {
            secrets.outcome(act(&session));
            secrets.show(&session);
        }
        let reply = request.commit(200).await.map_err(SessionError::from);
        if let Some(reply) = secrets.outcome(reply)
            && let Some(set) = reply.set_cookie()
        {
            set.split(';').next().unwrap().clone_into(&mut cookie);
            let (_, id) = cookie.split_once('=').unwrap();
            secrets.texts.push(id.to_owned());
            // The rest of an id in two parts is nothing but secret.
            secrets.texts.extend(id.get(22..).map(str::to_owned));
        }
    }
    let devices = sessions.devices(OWNER).await.map_err(SessionError::from);
    if let Some(devices) = secrets.outcome(devices) {
        secrets.show(&devices);
    }
    secrets.show(&sessions);
    let request = sessions.open([cookie.as_bytes()]);
    secrets.outcome(request.handle().destroy());
    let reply = request.commit(200).await.map_err(SessionError::from);
    secrets.outcome(reply);
}

/// Records with all that a store keeps, by hand; also such as the store refuses.
async fn keep(store: &Arc<dyn Store>, secrets: &mut Secrets) {
    if store.id_form() == IdForm::Plain {
        return;
    }
    let now = Moment::from(time::OffsetDateTime::now_utc());
    let [label, address, tag] = FACTS.map(|fact| Some(fact.into()));
    let record = changed!(
        record_of(1),
        owner = Some(OWNER.into()),
        label = label,
        address = address,
        tag = tag,
        data = format!(r#"{{"password":"{VALUE}"}}"#).into()
    );
    let long = changed!(
        record.clone(),
        owner = Some(format!("{OWNER}{}", "x".repeat(300)).into())
    );
    for record in [&record, &long, &record] {
        let key = &key_of(1);
        let written = store.write(Command::Insert { key, record }, now).await;
        secrets.outcome(written.map_err(SessionError::from));
    }
    let ended = store.revoke(Whose::Owner(OWNER, Revoke::All), now).await;
    secrets.outcome(ended.map_err(SessionError::from));
    let swept = store.sweep(now, 10).await;
    secrets.outcome(swept.map_err(SessionError::from));
    let checked = store.check().await;
    secrets.outcome(checked.map_err(SessionError::from));
    secrets.show(store);
}

async fn use_up(what: &str, store: Arc<dyn Store>, fail: impl FnOnce(), secrets: &mut Secrets) {
    visit(&store, secrets).await;
    keep(&store, secrets).await;
    secrets.check(what);
    fail();
    visit(&store, secrets).await;
    keep(&store, secrets).await;
    secrets.check(&format!("{what}, failing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_store_shows_or_logs_what_opens_a_session_or_is_in_one() {
    let programs = [
        &Postgres::PROGRAMS[..],
        &Mariadb::PROGRAMS,
        &Redis::PROGRAMS,
    ]
    .concat();
    if skips(
        "no_store_shows_or_logs_what_opens_a_session_or_is_in_one",
        &programs,
    ) {
        return;
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    subscriber.init();
    let secrets = &mut Secrets::new(&log);
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start().unwrap();
    let mariadb = Mariadb::start().unwrap();
    let redis = Redis::start().unwrap();
    let user = "ACL SETUSER app on >hunter2-password ~* &* +@all";
    redis.cli(&user.split(' ').collect::<Vec<_>>()).unwrap();
    let redis_url = redis.url().replace("://", "://app:hunter2-password@");
    let keys = SecretKeys::new(PASSWORDS[3]).unwrap();
    let database = || postgres.database().unwrap();
    let (table, theirs, maria) = (database(), database(), mariadb.database().unwrap());

    let memory = Arc::new(MemoryStore::new());
    use_up("memory", memory, || {}, secrets).await;
    let path = folder.path().join("sessions.db");
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let remove = || std::fs::remove_file(&path).unwrap();
    use_up("sqlite", store, remove, secrets).await;
    let store = Arc::new(PostgresStore::open(postgres.url(&table)).await.unwrap());
    let drop_table = || drop(postgres.run(&table, "DROP TABLE session").unwrap());
    use_up("postgres", store, drop_table, secrets).await;
    let store = Arc::new(MysqlStore::open(mariadb.url(&maria)).await.unwrap());
    let drop_table = || drop(mariadb.run(&maria, "DROP TABLE session").unwrap());
    use_up("mysql", store, drop_table, secrets).await;
    let options = DjangoOptions::new().create(true);
    let store = DjangoStore::open_with(&postgres.url(&theirs), &keys, options.clone()).await;
    let drop_table = || drop(postgres.run(&theirs, "DROP TABLE django_session").unwrap());
    use_up("django", Arc::new(store.unwrap()), drop_table, secrets).await;
    let site = format!("sqlite:{}", folder.path().join("site.db").display());
    let store = DjangoStore::open_with(&site, &keys, options.clone()).await;
    use_up("django on sqlite", Arc::new(store.unwrap()), || {}, secrets).await;
    let store: Arc<dyn Store> = Arc::new(RedisStore::open(&redis_url).await.unwrap());
    let cached = Arc::new(CachedStore::new(Arc::clone(&store)));
    use_up("cached", cached, || {}, secrets).await;
    let readonly = || drop(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]).unwrap());
    use_up("redis", store, readonly, secrets).await;

    // What is not opened at all.
    let wrong = |url: &str| {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, host) = rest.split_once('@').unwrap();
        format!("{scheme}://{OWNER}:hunter2-wrong@{host}")
    };
    let (postgres_url, mysql_url) = (wrong(&postgres.url(&table)), wrong(&mariadb.url(&maria)));
    let redis_url = wrong(&redis_url);
    for url in [&postgres_url, &mysql_url, &redis_url, &site] {
        for end in ["", "?", "?sslmode=", "/a/b", ":x"] {
            let url = &format!("{url}{end}");
            let opened = [
                PostgresStore::open(url.clone()).await.map(drop),
                MysqlStore::open(url.clone()).await.map(drop),
                RedisStore::open(url.clone()).await.map(drop),
                DjangoStore::open_with(url, &keys, options.clone())
                    .await
                    .map(drop),
            ];
            for error in opened.into_iter().filter_map(Result::err) {
                // A user's name may be told.
                secrets.error(&error);
            }
            secrets.show(&PostgresOptions::new(url.clone()));
            secrets.show(&MysqlOptions::new(url.clone()));
            secrets.show(&RedisOptions::new(url.clone()));
        }
    }
    secrets.show(&(SqliteOptions::new(&path), options, keys));
    let told = secrets.texts.iter().position(|text| text == OWNER);
    secrets.texts.swap_remove(told.unwrap());
    secrets.check("what can't be opened");
}
