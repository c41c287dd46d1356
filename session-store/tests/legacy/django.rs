use std::sync::{Arc, Mutex};

use session_core::django::{Auth, SecretKeys, User};
use session_core::{Cursor, LegacyCookie, Policy, Sessions, Store, StoreError};
use session_store::{DjangoOptions, DjangoStore, Legacy, MemoryStore, Moved};
use sqlx::{AssertSqlSafe, Connection as _};

const PASSWORD: &str = "pbkdf2_sha256$1$salt$hash";

const KEY: &str = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0";

/// A Django site with a session of the user 7.
struct Site {
    url: String,
    theirs: Sessions,
    table: DjangoStore,
    /// What the user table has of that user; an error if it is down.
    password: Arc<Mutex<Result<Option<&'static str>, &'static str>>>,
    cookie: String,
    _folder: tempfile::TempDir,
}

/// An application that adopts it.
struct Adopting {
    old: Legacy,
    sessions: Sessions,
}

fn auth() -> Auth {
    Auth::new(&SecretKeys::new(KEY).unwrap())
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db.sqlite3").display());
        let (keys, options) = (SecretKeys::new(KEY).unwrap(), DjangoOptions::new());
        let table = DjangoStore::open_with(&url, &keys, options.create(true));
        let table = table.await.unwrap();
        // A row of Django's form: the store's own tests compare it with real Django.
        let theirs = Sessions::new(Policy::django(), table.clone());
        let request = theirs.open([]);
        let session = request.handle().load().await.unwrap();
        auth().login(&session, &User::new("7", PASSWORD)).unwrap();
        session.insert("name", "grüße").unwrap();
        let reply = request.commit(200).await.unwrap();
        let cookie = reply.set_cookie().unwrap().split(';').next().unwrap();
        Self {
            url,
            theirs,
            table,
            password: Arc::new(Mutex::new(Ok(Some(PASSWORD)))),
            cookie: cookie.to_owned(),
            _folder: folder,
        }
    }

    fn has(&self, password: Result<Option<&'static str>, &'static str>) {
        *self.password.lock().unwrap() = password;
    }

    async fn adopting(&self, auth: Auth) -> Result<Adopting, StoreError> {
        let new: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let password = Arc::clone(&self.password);
        let password = move |id: String| {
            assert_eq!(id, "7");
            let found = *password.lock().unwrap();
            async move { Ok::<_, StoreError>(found.map_err(StoreError::new)?.map(str::to_owned)) }
        };
        let old = Legacy::django(self.table.clone(), auth, password, Arc::clone(&new)).await?;
        let sessions = Sessions::shared(Policy::default(), new);
        let cookie = LegacyCookie::new("sessionid");
        let sessions = sessions.adopting(cookie, Arc::new(old.clone()));
        Ok(Adopting { old, sessions })
    }

    /// Says who is signed in at the site.
    async fn theirs(&self) -> Option<Arc<str>> {
        let request = self.theirs.open([self.cookie.as_bytes()]);
        request.handle().load().await.unwrap().owner()
    }

    async fn run(&self, sql: String) {
        let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
        let run = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection);
        run.await.unwrap();
    }
}

impl Adopting {
    /// Returns the owner and the name of a visitor's session, or the status of its error.
    async fn visit(&self, site: &Site) -> Result<(Option<String>, Option<String>), u16> {
        let request = self.sessions.open([site.cookie.as_bytes()]);
        let session = request.handle().load().await;
        let session = session.map_err(|error| error.status())?;
        let owner = session.owner().map(|owner| owner.to_string());
        Ok((owner, session.get("name").unwrap()))
    }

    async fn pass(&self) -> Result<Moved, StoreError> {
        let from = Cursor::default();
        self.old.adopt_batch(&self.sessions, &from, 10).await
    }
}

/// What the user 7 sees.
fn seven() -> (Option<String>, Option<String>) {
    (Some("7".to_owned()), Some("grüße".to_owned()))
}

#[tokio::test]
async fn sessions_of_a_django_site_are_adopted() {
    let site = Site::new().await;
    let here = site.adopting(auth()).await.unwrap();
    let request = here.sessions.open([site.cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    assert_eq!(session.owner().as_deref(), Some("7"));
    assert!(session.get::<String>("_auth_user_hash").unwrap().is_some());
    let reply = request.commit(200).await.unwrap();
    assert!(reply.set_cookie().unwrap().starts_with("__Host-session="));
    assert_eq!(here.visit(&site).await, Ok(seven()));
    // Django has it no more.
    assert_eq!(site.theirs().await, None);
    let pass = here.pass().await.unwrap();
    assert_eq!((pass.met, pass.next), (0, None));
    assert_eq!(here.sessions.devices("7").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_django_would_refuse_opens_nothing() {
    for password in [Some("pbkdf2_sha256$1$salt$another"), None] {
        let site = Site::new().await;
        site.has(Ok(password));
        let here = site.adopting(auth()).await.unwrap();
        assert_eq!(here.visit(&site).await, Ok((None, None)), "{password:?}");
        let pass = here.pass().await.unwrap();
        assert_eq!((pass.met, pass.moved), (0, 0), "{password:?}");
        assert!(here.sessions.devices("7").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_key_of_before_counts_as_with_django() {
    let site = Site::new().await;
    let keys = SecretKeys::new("2m9q$k1!v8x#c3z&b7n@a5s^d4f*g6h(j0w-e_r+t=y2u8i1o5p3").unwrap();
    let here = site.adopting(Auth::new(&keys)).await.unwrap();
    assert_eq!(here.visit(&site).await, Ok((None, None)));
    let auth = Auth::new(&keys.fallback(KEY));
    let here = site.adopting(auth).await.unwrap();
    assert_eq!(here.visit(&site).await, Ok(seven()));
}

#[tokio::test]
async fn what_cannot_be_judged_is_not_lost() {
    let site = Site::new().await;
    site.has(Err("the users are down"));
    let here = site.adopting(auth()).await.unwrap();
    assert_eq!(here.visit(&site).await, Err(503));
    site.has(Ok(Some(PASSWORD)));
    // The application has forgotten a backend.
    let there = site.adopting(auth().backends(["shop.Ldap"])).await;
    let there = there.unwrap();
    assert_eq!(there.visit(&site).await, Ok((None, None)));
    let pass = there.pass().await.unwrap();
    assert_eq!((pass.met, pass.kept), (1, 1));
    let trouble = pass.trouble.unwrap().to_string();
    assert!(trouble.contains("Auth::backends"), "{trouble}");
    assert_eq!(site.theirs().await.as_deref(), Some("7"));
    assert_eq!(here.visit(&site).await, Ok(seven()));
}

#[tokio::test]
async fn a_table_that_can_only_be_read_ends_the_pass() {
    let site = Site::new().await;
    let here = site.adopting(auth()).await.unwrap();
    let actions = ["INSERT", "UPDATE", "DELETE"];
    for action in actions {
        let refuse = "BEGIN SELECT RAISE(ABORT, 'it is only read'); END";
        let trigger =
            format!("CREATE TRIGGER no_{action} BEFORE {action} ON django_session {refuse}");
        site.run(trigger).await;
    }
    assert_eq!(here.visit(&site).await, Err(503));
    assert!(here.pass().await.is_err());
    assert!(site.adopting(auth()).await.is_err());
    for action in actions {
        site.run(format!("DROP TRIGGER no_{action}")).await;
    }
    assert_eq!(here.pass().await.unwrap().moved, 1);
    assert_eq!(here.visit(&site).await, Ok(seven()));
}
