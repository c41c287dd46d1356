use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpResponse, web};
use session_actix::{Policy, Rejection, Session, SessionHandle, SessionMiddleware, Sessions};
use session_store::MemoryStore;
use session_testkit::{FaultyStore, SpyStore};

/// An application on this thread.
#[derive(Clone)]
pub struct Served(Rc<dyn Fn(TestRequest) -> Answer>);

type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

pub async fn serve<T, B>(app: App<T>) -> Served
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let service = init_service(app).await;
    Served(Rc::new(move |request| {
        let answer = service.call(request.to_request());
        Box::pin(async { Ok(answer.await?.map_into_boxed_body()) })
    }))
}

impl Served {
    /// Returns the outermost middleware's result, also an error.
    pub fn call(&self, method: &str, path: &str, cookie: &str) -> Answer {
        (self.0)(request(method, path, cookie))
    }

    /// Converts errors to responses, as a server does.
    pub async fn send(&self, method: &str, path: &str, cookie: &str) -> Seen {
        let response = match self.call(method, path, cookie).await {
            Ok(response) => response.into_parts().1,
            Err(error) => error.error_response(),
        };
        Seen::new(response).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Seen {
        self.send("GET", path, cookie).await
    }
}

/// A site's store: plain, counting and failing.
pub struct Kept {
    pub sessions: Sessions,
    pub memory: MemoryStore,
    pub faults: FaultyStore,
    pub spy: SpyStore,
}

impl Kept {
    pub fn new() -> Self {
        let memory = MemoryStore::new();
        let faults = FaultyStore::new(memory.clone());
        let spy = SpyStore::new(faults.clone());
        Self {
            sessions: Sessions::new(policy("session"), spy.clone()),
            memory,
            faults,
            spy,
        }
    }

    pub fn middleware(&self) -> SessionMiddleware {
        SessionMiddleware::new(self.sessions.clone())
    }
}

/// A site with one session middleware around all routes.
pub struct Site {
    pub app: Served,
    pub kept: Kept,
}

impl Site {
    /// Wraps the routes in a middleware.
    pub async fn new(routes: impl FnOnce(&mut ServiceConfig)) -> Self {
        let kept = Kept::new();
        let app = App::new().configure(routes).wrap(kept.middleware());
        Self {
            app: serve(app).await,
            kept,
        }
    }

    /// Creates a site with the routes that most tests need.
    pub async fn usual() -> Self {
        Self::new(usual).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Seen {
        self.app.send("GET", path, cookie).await
    }

    pub async fn post(&self, path: &str, cookie: &str) -> Seen {
        self.app.send("POST", path, cookie).await
    }

    /// Begins a session, resets the call counts and returns the cookie.
    pub async fn visitor(&self) -> String {
        visitor(&self.app, &self.kept).await
    }
}

/// Begins a session by `POST /write`, resets the call counts and returns the cookie.
pub async fn visitor(app: &Served, kept: &Kept) -> String {
    let cookie = app.send("POST", "/write", "").await.cookie();
    let _ = kept.spy.take();
    cookie
}

pub fn usual(routes: &mut ServiceConfig) {
    routes
        .route("/untouched", web::get().to(async || "nothing"))
        .route("/read", web::get().to(read))
        .route("/write", web::post().to(write))
        .route("/sign-in", web::post().to(sign_in))
        .route("/sign-in-and-on", web::post().to(sign_in_and_on))
        .route("/logout", web::post().to(logout));
}

pub async fn read(session: Session) -> Result<String, Rejection> {
    Ok(session.get::<u32>("hits")?.unwrap_or(0).to_string())
}

pub async fn write(session: Session) -> Result<&'static str, Rejection> {
    session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)?;
    Ok("")
}

async fn sign_in(session: Session) -> Result<&'static str, Rejection> {
    session.sign_in("ada")?;
    Ok("")
}

/// Saves early, and then has more to write.
pub async fn sign_in_and_on(session: Session) -> Result<&'static str, Rejection> {
    session.sign_in("ada")?;
    session.save().await?;
    session.insert("late", true)?;
    Ok("")
}

async fn logout(session: SessionHandle) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("")
}

/// A middleware that reports the inner result in a header.
pub async fn watch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let told = |seen: &str, status: StatusCode| format!("{seen} {}", status.as_u16());
    match next.call(request).await {
        Ok(mut response) => {
            let told = told("ok", response.status()).parse().unwrap();
            response.headers_mut().insert(SEEN, told);
            Ok(response)
        }
        Err(mut error) => {
            let told = told("err", error.as_response_error().status_code());
            error.add_response_mapper(move |mut response| {
                let told = told.parse().unwrap();
                response.headers_mut().insert(SEEN, told);
                response
            });
            Err(error)
        }
    }
}

const SEEN: header::HeaderName = header::HeaderName::from_static("seen");

pub fn policy(cookie: &str) -> Policy {
    let policy = Policy::builder().insecure().cookie_name(cookie);
    policy.build().unwrap()
}

/// A complete response.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub async fn new(response: HttpResponse) -> Self {
        let (head, body) = response.into_parts();
        let body = to_bytes(body).await.unwrap();
        Self {
            status: head.status().as_u16(),
            headers: head.headers().clone(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.all(header::SET_COOKIE.as_str())
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name);
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
        assert_eq!(self.status, 503);
        assert_eq!(self.body, r#"{"error":"session store unavailable"}"#);
        assert_eq!(self.all("content-type"), ["application/json"]);
        assert_eq!(self.all("vary"), ["Cookie"]);
    }
}

pub fn request(method: &str, path: &str, cookie: &str) -> TestRequest {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = TestRequest::with_uri(path).method(method);
    if cookie.is_empty() {
        return request;
    }
    request.insert_header((header::COOKIE, cookie))
}
