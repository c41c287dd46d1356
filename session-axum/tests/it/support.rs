use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use session_axum::{Policy, Rejection, Session, SessionHandle, SessionLayer, Sessions};
use session_store::MemoryStore;
use session_testkit::{FaultyStore, SpyStore};
use tower::ServiceExt;

/// A site with one session layer, and its store: plain, counting and failing.
pub struct Site {
    pub app: Router,
    pub sessions: Sessions,
    pub memory: MemoryStore,
    pub faults: FaultyStore,
    pub spy: SpyStore,
}

impl Site {
    /// Wraps the routes in a layer.
    pub fn new(routes: Router) -> Self {
        let memory = MemoryStore::new();
        let faults = FaultyStore::new(memory.clone());
        let spy = SpyStore::new(faults.clone());
        let sessions = Sessions::new(policy("session"), spy.clone());
        Self {
            app: routes.layer(SessionLayer::new(sessions.clone())),
            sessions,
            memory,
            faults,
            spy,
        }
    }

    /// Creates a site with the routes that most tests need.
    pub fn usual() -> Self {
        let routes = Router::new()
            .route("/untouched", get(async || "nothing"))
            .route("/read", get(read))
            .route("/write", post(write))
            .route("/sign-in", post(sign_in))
            .route("/cycle", post(cycle))
            .route("/logout", post(logout));
        Self::new(routes)
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Seen {
        send(&self.app, "GET", path, cookie).await
    }

    pub async fn post(&self, path: &str, cookie: &str) -> Seen {
        send(&self.app, "POST", path, cookie).await
    }

    /// Begins a session, resets the call counts and returns the cookie.
    pub async fn visitor(&self) -> String {
        let cookie = self.post("/write", "").await.cookie();
        let _ = self.spy.take();
        cookie
    }
}

async fn read(session: Session) -> Result<String, Rejection> {
    Ok(session.get::<u32>("hits")?.unwrap_or(0).to_string())
}

pub async fn write(session: Session) -> Result<(), Rejection> {
    session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)?;
    Ok(())
}

async fn sign_in(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada")
}

async fn cycle(session: Session) -> Result<(), Rejection> {
    session.cycle()
}

async fn logout(session: SessionHandle) -> Result<(), Rejection> {
    session.destroy()
}

pub fn policy(cookie: &str) -> Policy {
    let policy = Policy::builder().insecure().cookie_name(cookie);
    policy.build().unwrap()
}

/// A complete response.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.all(header::SET_COOKIE.as_str())
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
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
        assert_eq!(self.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(self.body, r#"{"error":"session store unavailable"}"#);
        assert_eq!(self.all("content-type"), ["application/json"]);
        assert_eq!(self.all("vary"), ["Cookie"]);
    }
}

pub fn request(method: &str, path: &str, cookie: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::empty()).unwrap()
}

pub async fn send(app: &Router, method: &str, path: &str, cookie: &str) -> Seen {
    let request = request(method, path, cookie);
    Seen::of(app.clone().oneshot(request).await.unwrap()).await
}
