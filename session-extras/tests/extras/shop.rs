//! A small shop that each framework mounts, and what its visitors must see.

use std::io;

use session_core::{
    ErrorPage, Policy, RequestSession, Session, SessionError, Sessions, SignIn, StampKey,
};
use session_extras::{Csrf, CsrfToken, Flash, Known, Users};
use session_testkit::ModelStore;

/// The shop's users.
#[derive(Clone)]
pub(crate) struct Accounts(StampKey);

impl Accounts {
    pub(crate) fn new() -> Self {
        Self(StampKey::new(&[7; 32]).unwrap())
    }

    pub(crate) fn sign_in(&self, session: &Session) -> Result<(), SessionError> {
        session.sign_in(SignIn::of("ada").credential(self.0.stamp("ada", b"hash")))
    }
}

impl Users for Accounts {
    type User = String;
    type Session = ();
    type Error = io::Error;

    async fn find(&self, owner: &str) -> Result<Option<Known<String>>, io::Error> {
        let stamp = self.0.stamp(owner, b"hash");
        Ok(Some(Known::new(owner.to_owned(), stamp)))
    }
}

pub(crate) fn sessions() -> Sessions {
    let policy = Policy::builder()
        .insecure()
        .carrier(session_core::Carrier::Both)
        .error_page(|failure, accept| match accept {
            "text/html" => ErrorPage::html(format!("<h1>Sorry: {}</h1>", failure.reason())),
            _ => ErrorPage::json(failure.json()),
        })
        .build();
    Sessions::new(policy.unwrap(), ModelStore::new())
}

pub(crate) fn csrf() -> Csrf {
    Csrf::new(["https://shop.example"]).unwrap()
}

/// `GET /form`
pub(crate) async fn form(session: &RequestSession) -> Result<String, SessionError> {
    Ok(CsrfToken::issue(session).await?.field())
}

/// `GET /`
pub(crate) async fn page(session: &RequestSession) -> Result<String, SessionError> {
    let messages = Flash::take(session).await?;
    let texts = messages.into_iter().map(|flash| flash.text);
    Ok(texts.collect::<Vec<_>>().join(","))
}

/// What a client sends.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What it gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) set_cookie: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) body: String,
}

/// The shop on one framework: `GET /`, `GET /form`, `POST /note` with a field `text`, `POST /login`, `GET /in/orders`.
pub(crate) trait Shop {
    async fn send(&self, ask: Ask<'_>) -> Answer;
}

struct Visitor<'a, S> {
    shop: &'a S,
    cookie: String,
}

impl<S: Shop> Visitor<'_, S> {
    async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Answer {
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        if !self.cookie.is_empty() {
            headers.push(("cookie", self.cookie.clone()));
        }
        let is_typed = headers.iter().any(|(name, _)| *name == "content-type");
        if !body.is_empty() && !is_typed {
            headers.push(("content-type", "application/x-www-form-urlencoded".into()));
        }
        let body = body.to_owned();
        let answer = self
            .shop
            .send(Ask {
                method,
                path,
                headers,
                body,
            })
            .await;
        if let Some(set) = &answer.set_cookie {
            self.cookie = set.split(';').next().unwrap_or_default().into();
        }
        answer
    }

    async fn get(&mut self, path: &str) -> String {
        let answer = self.send("GET", path, &[], "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");

pub(crate) async fn check(shop: &impl Shop) {
    let cookie = String::new();
    let mut visitor = Visitor { shop, cookie };
    forms(&mut visitor).await;
    tokens(&mut visitor).await;
    bearers(&mut visitor).await;
    login(&mut visitor).await;
}

/// The application renders the refusal of a forged form; on Rocket its catchers do.
pub(crate) async fn check_refusal(shop: &impl Shop) {
    let cookie = String::new();
    let mut visitor = Visitor { shop, cookie };
    for (accept, page) in [
        (
            "text/html",
            "<h1>Sorry: the request did not come from a page of this site</h1>",
        ),
        (
            "*/*",
            r#"{"error":"the request did not come from a page of this site"}"#,
        ),
    ] {
        for from in [FOREIGN, ("x-csrf-token", "wrong")] {
            let headers = [from, ("accept", accept)];
            let answer = visitor.send("POST", "/note", &headers, "text=forged").await;
            assert_eq!((answer.status, &*answer.body), (403, page), "{from:?}");
        }
    }
}

/// A form of the shop is done, and its message shown once; one of another site changes nothing.
async fn forms(visitor: &mut Visitor<'_, impl Shop>) {
    let answer = visitor
        .send("POST", "/note", &[FOREIGN], "text=forged")
        .await;
    assert_eq!((answer.status, answer.set_cookie), (403, None));
    let foreign = ("origin", "https://evil.example");
    assert_eq!(
        visitor
            .send("POST", "/note", &[foreign], "text=forged")
            .await
            .status,
        403
    );
    assert_eq!(
        visitor
            .send("POST", "/nowhere", &[foreign], "text=forged")
            .await
            .status,
        403
    );
    assert_eq!(visitor.get("/").await, "");

    let answer = visitor.send("POST", "/note", &[OWN], "text=one").await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/"))
    );
    let own = ("origin", "https://shop.example");
    assert_eq!(
        visitor
            .send("POST", "/note", &[own], "text=two")
            .await
            .status,
        303
    );
    assert_eq!(visitor.get("/").await, "one,two");
    assert_eq!(visitor.get("/").await, "");
}

/// Without either header the session's token is asked for, in the form or in a header.
async fn tokens(visitor: &mut Visitor<'_, impl Shop>) {
    let refused = visitor.send("POST", "/note", &[], "text=forged").await;
    assert_eq!(refused.status, 403);
    let field = visitor.get("/form").await;
    let token = field.split('"').rev().nth(1).unwrap().to_owned();
    let wrong = "0".repeat(64);
    for (token, status) in [(&wrong, 403), (&token, 303)] {
        let form = format!("csrf_token={token}&text=form");
        assert_eq!(
            visitor.send("POST", "/note", &[], &form).await.status,
            status
        );
        let header = [("x-csrf-token", token.as_str())];
        assert_eq!(
            visitor
                .send("POST", "/note", &header, "text=header")
                .await
                .status,
            status
        );
        let foreign = [FOREIGN, ("x-csrf-token", token)];
        assert_eq!(
            visitor
                .send("POST", "/note", &foreign, "text=foreign")
                .await
                .status,
            403
        );
    }
    assert_eq!(visitor.get("/").await, "form,header");
    let form = format!("csrf_token={token}&text=x");
    for (kind, is_refused) in [
        ("Application/X-WWW-Form-URLEncoded; charset=UTF-8", false),
        ("application/x-www-form-urlencoded2", true),
        ("text/plain", true),
    ] {
        let kind = [("content-type", kind)];
        let answer = visitor.send("POST", "/note", &kind, &form).await;
        assert_eq!(answer.status == 403, is_refused, "{kind:?}: {answer:?}");
    }
    let cookie = std::mem::take(&mut visitor.cookie);
    assert_eq!(
        visitor.send("POST", "/note", &[], &form).await.status,
        403,
        "of no session"
    );
    visitor.cookie = cookie;
}

/// Whose session travels as a bearer is exempt; a cookie beside another `Authorization` is not.
async fn bearers(visitor: &mut Visitor<'_, impl Shop>) {
    let bearer = [("authorization", "Bearer new"), FOREIGN];
    let answer = visitor.send("POST", "/note", &bearer, "text=app").await;
    assert_eq!(
        (answer.status, answer.token.is_some(), answer.set_cookie),
        (303, true, None)
    );
    let basic = [("authorization", "Basic YTpi"), FOREIGN];
    assert_eq!(
        visitor.send("POST", "/note", &basic, "text=x").await.status,
        403
    );
}

/// Who is not signed in is led to the login page and back; a program gets a 401.
async fn login(visitor: &mut Visitor<'_, impl Shop>) {
    let html = ("accept", "text/html,*/*;q=0.8");
    let answer = visitor.send("GET", "/in/orders?page=2", &[html], "").await;
    let to = "/login?next=%2Fin%2Forders%3Fpage%3D2";
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some(to)));
    let program = visitor
        .send("GET", "/in/orders", &[("accept", "application/json")], "")
        .await;
    assert_eq!((program.status, program.location), (401, None));
    assert_eq!(
        visitor
            .send("POST", "/login", &[FOREIGN], "a=b")
            .await
            .status,
        403,
        "a forged login"
    );
    assert_eq!(
        visitor.send("POST", "/login", &[OWN], "a=b").await.status,
        303
    );
    assert_eq!(visitor.get("/in/orders").await, "ada's orders");
}
