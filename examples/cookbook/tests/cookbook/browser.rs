use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request};
use tower::ServiceExt;

/// Ada's login form.
pub(crate) const ADA: &str = "name=ada&password=correct+horse";

/// A browser with the cookies of one recipe, whose requests come from the recipe's own pages.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<&'static str, &'static str>,
}

/// What it is shown.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new(app: Router) -> Self {
        Self {
            app,
            cookies: BTreeMap::new(),
            headers: [
                ("sec-fetch-site", "same-origin"),
                ("accept", "text/html,*/*"),
            ]
            .into(),
        }
    }

    /// Another visitor's browser.
    pub(crate) fn other(&self) -> Self {
        Self::new(self.app.clone())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "", "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Page {
        self.send("POST", path, "application/x-www-form-urlencoded", form)
            .await
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Page {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        for set in response.headers().get_all(SET_COOKIE) {
            self.obey(set.to_str().unwrap());
        }
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Page {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn obey(&mut self, set: &str) {
        let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
        if set.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(LOCATION)
            .map_or("", |to| to.to_str().unwrap())
    }

    pub(crate) fn set_cookie(&self) -> &str {
        self.headers
            .get(SET_COOKIE)
            .map_or("", |set| set.to_str().unwrap())
    }

    /// The token of the form on the page.
    pub(crate) fn token(&self) -> String {
        let after = self.text.split_once("csrf_token\" value=\"").unwrap().1;
        after.split_once('"').unwrap().0.to_owned()
    }
}
