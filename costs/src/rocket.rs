use std::fmt;

use anyhow::{Result, anyhow, ensure};
use rocket::config::LogLevel;
use rocket::http::{Cookie, Header};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::{Build, Config, Rocket};
use tokio::runtime::Runtime;

use crate::subject::ANY_COOKIE;
use crate::{Scenario, Seen, Subject, cookie_header};

/// An application on Rocket.
///
/// It has the paths of all scenarios, and `/seed`, which stores the ten values and the counter.
pub struct RocketSubject {
    runtime: Runtime,
    usual: Site,
    sliding: Site,
}

struct Site {
    client: Client,
    header: Header<'static>,
    cookies: Vec<Cookie<'static>>,
}

impl fmt::Debug for RocketSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RocketSubject")
    }
}

impl RocketSubject {
    /// Makes a subject of two applications; each read extends the session's life in the second one.
    ///
    /// `make` is called in the runtime that serves the requests.
    ///
    /// # Errors
    ///
    /// The applications can't be made, or `/seed` sets no cookie.
    pub fn new(make: impl AsyncFnOnce() -> Result<(Rocket<Build>, Rocket<Build>)>) -> Result<Self> {
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

    /// Makes a subject of applications without sessions.
    ///
    /// # Errors
    ///
    /// An application can't be launched.
    pub fn without_sessions(make: impl Fn() -> Rocket<Build>) -> Result<Self> {
        let runtime = runtime()?;
        let site = || runtime.block_on(Site::new(make(), ANY_COOKIE));
        Ok(Self {
            usual: site()?,
            sliding: site()?,
            runtime,
        })
    }

    /// Returns a Rocket that logs nothing, for what `make` returns.
    #[must_use]
    pub fn quiet() -> Rocket<Build> {
        rocket::custom(Config {
            log_level: LogLevel::Off,
            ..Config::release_default()
        })
    }
}

impl Subject for RocketSubject {
    fn call(&mut self, scenario: Scenario) -> Seen {
        let site = match scenario {
            Scenario::ReadSliding => &self.sliding,
            _ => &self.usual,
        };
        self.runtime.block_on(async {
            let response = site.send(scenario.path(), scenario.has_cookie()).await;
            Seen {
                status: response.status().code,
                set_cookie: response.headers().get("set-cookie").map(str::len).sum(),
                body: response.into_bytes().await.unwrap_or_default().into(),
            }
        })
    }

    fn cookie_bytes(&self) -> usize {
        self.usual.header.value().len()
    }

    fn visit(&mut self, path: &'static str, cookie: &str) -> String {
        self.runtime.block_on(async {
            let mut request = self.usual.client.get(path);
            if !cookie.is_empty() {
                request.add_header(Header::new("cookie", cookie.to_owned()));
                let parsed = Cookie::split_parse(cookie.to_owned());
                request = request.cookies(parsed.filter_map(Result::ok));
            }
            let response = request.dispatch().await;
            assert!(response.status().code == 200, "{}", response.status());
            cookie_header(response.headers().get("set-cookie"))
        })
    }
}

impl Site {
    async fn new(app: Rocket<Build>, cookie: &str) -> Result<Self> {
        let launched = Client::untracked(app).await;
        let parsed = Cookie::split_parse(cookie.to_owned());
        Ok(Self {
            client: launched.map_err(|error| anyhow!("{error}"))?,
            header: Header::new("cookie", cookie.to_owned()),
            cookies: parsed.collect::<Result<_, _>>()?,
        })
    }

    async fn seeded(app: Rocket<Build>) -> Result<Self> {
        let mut site = Self::new(app, "").await?;
        let response = site.send("/seed", false).await;
        ensure!(response.status().code == 200, "{}", response.status());
        let cookie = cookie_header(response.headers().get("set-cookie"));
        ensure!(!cookie.is_empty(), "/seed sets no cookie");
        drop(response);
        site.cookies = Cookie::split_parse(cookie.clone()).collect::<Result<_, _>>()?;
        site.header = Header::new("cookie", cookie);
        Ok(site)
    }

    async fn send(&self, path: &'static str, with_cookie: bool) -> LocalResponse<'_> {
        let mut request = self.client.get(path);
        if with_cookie {
            // A request from a socket has both; a local one only what it is given.
            request.add_header(self.header.clone());
            request = request.cookies(self.cookies.iter().cloned());
        }
        request.dispatch().await
    }
}

fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}
