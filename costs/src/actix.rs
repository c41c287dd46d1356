use std::fmt;
use std::rc::Rc;

use actix_http::Request;
use actix_web::Error;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::rt::Runtime;
use actix_web::test::TestRequest;
use anyhow::{Result, ensure};

use crate::subject::ANY_COOKIE;
use crate::{Scenario, Seen, Subject, cookie_header};

/// An application on actix-web.
///
/// It has the paths of all scenarios, and `/seed`, which stores the ten values and the counter.
pub struct ActixSubject<S> {
    runtime: Runtime,
    usual: Site<S>,
    sliding: Site<S>,
}

struct Site<S> {
    app: Rc<S>,
    cookie: HeaderValue,
}

impl<S> fmt::Debug for ActixSubject<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActixSubject")
    }
}

impl<S, B> ActixSubject<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    /// Makes a subject of two applications; each read extends the session's life in the second one.
    ///
    /// `make` is called in the runtime that serves the requests.
    ///
    /// # Errors
    ///
    /// The applications can't be made, or `/seed` sets no cookie.
    pub fn new(make: impl AsyncFnOnce() -> Result<(S, S)>) -> Result<Self> {
        let runtime = Runtime::new()?;
        let (usual, sliding) = runtime.block_on(make())?;
        let usual = runtime.block_on(Site::seeded(usual))?;
        let sliding = runtime.block_on(Site::seeded(sliding))?;
        Ok(Self {
            runtime,
            usual,
            sliding,
        })
    }

    /// Makes a subject of an application without sessions.
    ///
    /// # Errors
    ///
    /// There is no runtime.
    pub fn without_sessions(make: impl AsyncFnOnce() -> S) -> Result<Self> {
        let runtime = Runtime::new()?;
        let app = Rc::new(runtime.block_on(make()));
        let site = || Site {
            app: app.clone(),
            cookie: HeaderValue::from_static(ANY_COOKIE),
        };
        Ok(Self {
            usual: site(),
            sliding: site(),
            runtime,
        })
    }
}

impl<S, B> Subject for ActixSubject<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    fn call(&mut self, scenario: Scenario) -> Seen {
        let site = match scenario {
            Scenario::ReadSliding => &self.sliding,
            _ => &self.usual,
        };
        let cookie = scenario.has_cookie().then(|| site.cookie.clone());
        self.runtime.block_on(async {
            let response = match site.send(scenario.path(), cookie).await {
                Ok(response) => response,
                Err(error) => panic!("{error}"),
            };
            let set_cookies = response.headers().get_all(header::SET_COOKIE);
            let set_cookie = set_cookies.map(HeaderValue::len).sum();
            Seen {
                status: response.status().as_u16(),
                set_cookie,
                body: to_bytes(response.into_body()).await.unwrap_or_default(),
            }
        })
    }

    fn cookie_bytes(&self) -> usize {
        self.usual.cookie.len()
    }

    fn visit(&mut self, path: &'static str, cookie: &str) -> String {
        let cookie = HeaderValue::try_from(cookie)
            .ok()
            .filter(|cookie| !cookie.is_empty());
        self.runtime.block_on(async {
            let response = match self.usual.send(path, cookie).await {
                Ok(response) => response,
                Err(error) => panic!("{error}"),
            };
            assert!(response.status().is_success(), "{}", response.status());
            set_cookies(&response)
        })
    }
}

impl<S, B> Site<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    async fn seeded(app: S) -> Result<Self> {
        let mut site = Self {
            app: Rc::new(app),
            cookie: HeaderValue::from_static(""),
        };
        let response = match site.send("/seed", None).await {
            Ok(response) => response,
            Err(error) => anyhow::bail!("{error}"),
        };
        ensure!(response.status().is_success(), "{}", response.status());
        site.cookie = HeaderValue::try_from(set_cookies(&response))?;
        ensure!(!site.cookie.is_empty(), "/seed sets no cookie");
        Ok(site)
    }

    async fn send(
        &self,
        path: &'static str,
        cookie: Option<HeaderValue>,
    ) -> Result<ServiceResponse<B>, Error> {
        let mut request = TestRequest::with_uri(path);
        if let Some(cookie) = cookie {
            request = request.insert_header((header::COOKIE, cookie));
        }
        self.app.call(request.to_request()).await
    }
}

fn set_cookies<B>(response: &ServiceResponse<B>) -> String {
    let headers = response.headers().get_all(header::SET_COOKIE);
    cookie_header(headers.filter_map(|value| value.to_str().ok()))
}
