use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Failure;
use super::{Answer, App, Request, SetCookie};

/// A browser, as far as cookies go: it stores them and sends them back.
///
/// Clones share the cookies, as tabs do; a [`copy`](Self::copy) has its own.
#[derive(Debug, Clone)]
pub struct Client {
    app: Arc<dyn App>,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Client {
    /// Creates a client without cookies.
    #[must_use]
    pub fn new(app: Arc<dyn App>) -> Self {
        Self {
            app,
            cookies: Arc::default(),
        }
    }

    /// Returns another browser with the same cookies, such as a thief's.
    #[must_use]
    pub fn copy(&self) -> Self {
        let cookies = self.jar().clone();
        Self {
            app: Arc::clone(&self.app),
            cookies: Arc::new(Mutex::new(cookies)),
        }
    }

    /// Returns another browser, without cookies, that talks to the same application.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self::new(Arc::clone(&self.app))
    }

    /// Returns another tab of this browser: it shares the cookies, and talks to `app`.
    #[must_use]
    pub fn tab(&self, app: Arc<dyn App>) -> Self {
        Self {
            app,
            cookies: Arc::clone(&self.cookies),
        }
    }

    /// Returns the application that this client talks to.
    #[must_use]
    pub fn app(&self) -> &Arc<dyn App> {
        &self.app
    }

    /// Returns the value of the `Cookie` header; empty if there are no cookies.
    #[must_use]
    pub fn cookie_header(&self) -> String {
        let pair = |(name, value): (&String, &String)| format!("{name}={value}");
        let pairs: Vec<String> = self.jar().iter().map(pair).collect();
        pairs.join("; ")
    }

    /// Sends a request with the cookies, and stores the answer's cookies.
    ///
    /// # Errors
    ///
    /// The answer is missing, or its cookies cannot be read.
    pub async fn send(&self, mut request: Request) -> Result<Answer, Failure> {
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        let answer = self.send_without_cookies(request).await?;
        for cookie in answer.set_cookies() {
            self.obey(cookie);
        }
        Ok(answer)
    }

    /// Sends a request unchanged, and stores no cookies of the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_without_cookies(&self, request: Request) -> Result<Answer, Failure> {
        let line = format!("{} {}", request.method, request.target);
        match self.app.send(request).await {
            Ok(response) => Answer::new(line, response),
            Err(error) => Err(Failure::new(format!("{line}: no answer: {error}"))),
        }
    }

    /// Sends `GET`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn get(&self, target: &str) -> Result<Answer, Failure> {
        self.send(Request::new("GET", target)).await
    }

    /// Sends `PUT` with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn put(&self, target: &str, json: &str) -> Result<Answer, Failure> {
        self.send(Request::new("PUT", target).json(json)).await
    }

    /// Sends `POST` with a JSON body, which may be empty.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn post(&self, target: &str, json: &str) -> Result<Answer, Failure> {
        let request = Request::new("POST", target);
        let request = if json.is_empty() {
            request
        } else {
            request.json(json)
        };
        self.send(request).await
    }

    /// Sends `DELETE`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn delete(&self, target: &str) -> Result<Answer, Failure> {
        self.send(Request::new("DELETE", target)).await
    }

    fn obey(&self, cookie: &SetCookie) {
        let mut jar = self.jar();
        if cookie.is_removal() {
            jar.remove(cookie.name());
        } else {
            jar.insert(cookie.name().into(), cookie.value().into());
        }
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
