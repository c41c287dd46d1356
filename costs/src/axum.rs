use std::task::Poll;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::subject::ANY_COOKIE;
use crate::{Scenario, Seen, Subject, cookie_header};

/// An application on axum.
///
/// It has the paths of all scenarios, and `/seed`, which stores the ten values and the counter.
#[derive(Debug)]
pub struct AxumSubject {
    runtime: Runtime,
    usual: Site,
    sliding: Site,
}

#[derive(Debug)]
struct Site {
    app: Router,
    cookie: HeaderValue,
}

impl AxumSubject {
    /// Makes a subject of two routers; each read extends the session's life in the second one.
    ///
    /// `make` is called in the runtime that serves the requests.
    ///
    /// # Errors
    ///
    /// The routers can't be made, or `/seed` sets no cookie.
    pub fn new(make: impl AsyncFnOnce() -> Result<(Router, Router)>) -> Result<Self> {
        let runtime = runtime()?;
        let (usual, sliding) = runtime.block_on(make())?;
        let usual = runtime.block_on(Site::seeded(usual))?;
        let sliding = runtime.block_on(Site::seeded(sliding))?;
        Ok(Self {
            runtime,
            usual,
            sliding,
        })
    }

    /// Makes a subject of a router without sessions.
    ///
    /// # Errors
    ///
    /// There is no runtime.
    pub fn without_sessions(app: &Router) -> Result<Self> {
        let site = || Site {
            app: app.clone(),
            cookie: HeaderValue::from_static(ANY_COOKIE),
        };
        Ok(Self {
            runtime: runtime()?,
            usual: site(),
            sliding: site(),
        })
    }
}

impl Subject for AxumSubject {
    fn call(&mut self, scenario: Scenario) -> Seen {
        let site = match scenario {
            Scenario::ReadSliding => &mut self.sliding,
            _ => &mut self.usual,
        };
        let cookie = scenario.has_cookie().then(|| site.cookie.clone());
        self.runtime.block_on(async {
            let response = site.send(scenario.path(), cookie).await;
            let status = response.status().as_u16();
            let set_cookies = response.headers().get_all(header::SET_COOKIE);
            let set_cookie = set_cookies.iter().map(HeaderValue::len).sum();
            let body = match response.into_body().collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => panic!("{error}"),
            };
            Seen {
                status,
                set_cookie,
                body,
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
            let response = self.usual.send(path, cookie).await;
            assert!(response.status().is_success(), "{response:?}");
            set_cookies(&response)
        })
    }
}

impl Site {
    async fn seeded(mut app: Router) -> Result<Self> {
        // Its middleware may spawn tasks and wait for them, as a connection's first request does.
        std::future::poll_fn(|context| {
            let _: Poll<_> = Service::<Request<Body>>::poll_ready(&mut app, context);
            Poll::Ready(())
        })
        .await;
        let mut site = Self {
            app,
            cookie: HeaderValue::from_static(""),
        };
        let response = site.send("/seed", None).await;
        ensure!(response.status().is_success(), "{response:?}");
        site.cookie = HeaderValue::try_from(set_cookies(&response)).context("a cookie")?;
        ensure!(!site.cookie.is_empty(), "/seed sets no cookie");
        Ok(site)
    }

    async fn send(&mut self, path: &'static str, cookie: Option<HeaderValue>) -> Response<Body> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(path);
        if let Some(cookie) = cookie {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        match self.app.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn set_cookies(response: &Response<Body>) -> String {
    let headers = response.headers().get_all(header::SET_COOKIE).iter();
    cookie_header(headers.filter_map(|value| value.to_str().ok()))
}

fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}
