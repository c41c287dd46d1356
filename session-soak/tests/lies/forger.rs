use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// What is wrong with some answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    None,
    /// One shows what somebody else was shown.
    AnothersValues,
    /// One shows nothing, as if nobody had a session.
    Anonymous,
    /// One has the cookie of somebody else.
    AnothersCookie,
    /// One removes the cookie of a session that lives.
    Removal,
    /// A cookie that opens nothing is an error.
    ErrorForGarbage,
    /// One has a status that the route does not have.
    StrangeStatus,
    /// An answer to a logout still renews the cookie.
    CookieOfTheDead,
}

/// A layer that changes answers.
#[derive(Debug, Clone)]
pub struct Forger {
    forgery: Forgery,
    answers: Arc<AtomicU64>,
    /// A cookie that somebody was given.
    given: Arc<Mutex<Option<HeaderValue>>>,
    /// What somebody was shown who is signed in.
    shown: Arc<Mutex<Option<Bytes>>>,
}

impl Forger {
    pub fn new(forgery: Forgery) -> Self {
        Self {
            forgery,
            answers: Arc::default(),
            given: Arc::default(),
            shown: Arc::default(),
        }
    }
}

pub async fn forge(State(forger): State<Forger>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(COOKIE).cloned();
    let is_garbage = shown.as_ref().is_some_and(|shown| shown.len() > 120);
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let number = forger.answers.fetch_add(1, Ordering::Relaxed);
    let is_turn = number > 60 && number % 7 == 0 && shown.is_some();
    let set = |response: &mut Response, value| {
        response.headers_mut().insert(SET_COOKIE, value);
    };
    if path == "/api/session" {
        response = reshow(&forger, response, is_turn).await;
    }
    match forger.forgery {
        Forgery::AnothersCookie if is_turn && path == "/api/session" => {
            if let Some(given) = &*forger.given.lock().unwrap() {
                set(&mut response, given.clone());
            }
        }
        Forgery::Removal if is_turn && path == "/api/session" => {
            let removal = "session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
            set(&mut response, HeaderValue::from_static(removal));
        }
        Forgery::ErrorForGarbage if is_garbage => {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        Forgery::StrangeStatus if is_turn => *response.status_mut() = StatusCode::BAD_GATEWAY,
        Forgery::CookieOfTheDead if path == "/api/session" => {
            if let Some(shown) = shown.filter(|_| response.status() == StatusCode::OK) {
                set(&mut response, shown);
            }
        }
        _ => {}
    }
    if path == "/api/login"
        && let Some(given) = response.headers().get(SET_COOKIE)
    {
        *forger.given.lock().unwrap() = Some(given.clone());
    }
    response
}

/// Changes what is shown of a session.
async fn reshow(forger: &Forger, response: Response, is_turn: bool) -> Response {
    let (mut head, body) = response.into_parts();
    let mut body = to_bytes(body, 1 << 20).await.unwrap();
    let own = body.clone();
    match forger.forgery {
        Forgery::AnothersValues if is_turn => {
            let shown = forger.shown.lock().unwrap();
            body = shown.clone().unwrap_or(body);
        }
        Forgery::Anonymous if is_turn => {
            body = Bytes::from_static(br#"{"exists":false,"data":{},"owner":null}"#);
        }
        _ => {}
    }
    if own.windows(16).any(|part| part == br#""owner":"visitor"#) {
        *forger.shown.lock().unwrap() = Some(own);
    }
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(body))
}
