use rocket::config::LogLevel;
use rocket::http::{Header, Method};
use rocket::local::asynchronous::Client;
use rocket::{Build, Config, Rocket, Route, get, post, routes};
use session_rocket::{Policy, Rejection, Session, SessionFairing, SessionHandle, Sessions};
use session_store::MemoryStore;
use session_testkit::{FaultyStore, SpyStore};

/// A site with one session fairing, and its store: plain, counting and failing.
pub struct Site {
    pub client: Client,
    pub memory: MemoryStore,
    pub faults: FaultyStore,
    pub spy: SpyStore,
}

impl Site {
    /// Attaches a fairing to the routes.
    pub async fn new(routes: Vec<Route>) -> Self {
        Self::of(plain().mount("/", routes)).await
    }

    /// Attaches a fairing to a rocket.
    pub async fn of(rocket: Rocket<Build>) -> Self {
        let memory = MemoryStore::new();
        let faults = FaultyStore::new(memory.clone());
        let spy = SpyStore::new(faults.clone());
        let sessions = Sessions::new(policy("session"), spy.clone());
        let rocket = rocket.attach(SessionFairing::new(sessions));
        Self {
            client: Client::untracked(rocket).await.unwrap(),
            memory,
            faults,
            spy,
        }
    }

    /// Creates a site with the routes that most tests need.
    pub async fn usual() -> Self {
        Self::new(usual()).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Seen {
        send(&self.client, Method::Get, path, cookie).await
    }

    pub async fn post(&self, path: &str, cookie: &str) -> Seen {
        send(&self.client, Method::Post, path, cookie).await
    }

    /// Begins a session, resets the call counts and returns the cookie.
    pub async fn visitor(&self) -> String {
        let cookie = self.post("/write", "").await.cookie();
        let _ = self.spy.take();
        cookie
    }
}

/// Returns the routes that most tests need.
pub fn usual() -> Vec<Route> {
    routes![untouched, read, write, sign_in, logout, keys]
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "nothing"
}

#[get("/read")]
fn read(session: Session) -> Result<String, Rejection> {
    Ok(session.get::<u32>("hits")?.unwrap_or(0).to_string())
}

#[post("/write")]
fn write(session: Session) -> Result<(), Rejection> {
    session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)?;
    Ok(())
}

#[post("/sign-in")]
fn sign_in(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada")
}

#[post("/logout")]
fn logout(session: SessionHandle) -> Result<(), Rejection> {
    session.destroy()
}

#[get("/keys")]
fn keys(session: Session) -> String {
    session.keys().join(",")
}

pub fn policy(cookie: &str) -> Policy {
    let policy = Policy::builder().insecure().cookie_name(cookie);
    policy.build().unwrap()
}

/// Builds a rocket without log output, on a free port.
pub fn plain() -> Rocket<Build> {
    let mut config = Config {
        log_level: LogLevel::Off,
        port: 0,
        ..Config::debug_default()
    };
    config.shutdown.ctrlc = false;
    config.shutdown.signals.clear();
    (config.shutdown.grace, config.shutdown.mercy) = (0, 0);
    rocket::custom(config)
}

/// A complete response.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn set_cookies(&self) -> Vec<&str> {
        self.all("set-cookie")
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let of_name = |(present, _): &&(String, String)| present.eq_ignore_ascii_case(name);
        let values = self.headers.iter().filter(of_name);
        values.map(|(_, value)| &**value).collect()
    }

    /// Returns the `Cookie` header that the browser would send back.
    pub fn cookie(&self) -> String {
        let pairs: Vec<&str> = self
            .set_cookies()
            .into_iter()
            .map(|cookie| cookie.split(';').next().unwrap())
            .collect();
        assert!(!pairs.is_empty(), "no cookie in {self:?}");
        pairs.join("; ")
    }

    /// Checks for an outage response with `Vary` and without a cookie.
    pub fn is_outage(&self) {
        self.is_unavailable();
        assert_eq!(self.set_cookies(), [""; 0]);
    }

    /// Checks for an outage response with `Vary`.
    pub fn is_unavailable(&self) {
        assert_eq!(self.status, 503, "{self:?}");
        assert_eq!(self.body, r#"{"error":"session store unavailable"}"#);
        assert_eq!(self.all("content-type"), ["application/json"]);
        assert_eq!(self.all("vary"), ["Cookie"]);
    }
}

pub async fn send(client: &Client, method: Method, path: &str, cookie: &str) -> Seen {
    let mut request = client.req(method, path);
    if !cookie.is_empty() {
        request = request.header(Header::new("Cookie", cookie.to_owned()));
    }
    let response = request.dispatch().await;
    let headers = response.headers().iter();
    Seen {
        status: response.status().code,
        headers: headers
            .map(|header| (header.name().to_string(), header.value().to_owned()))
            .collect(),
        body: response.into_string().await.unwrap_or_default(),
    }
}
