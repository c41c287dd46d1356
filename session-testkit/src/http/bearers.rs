use std::sync::Arc;

use async_trait::async_trait;

use super::{App, BoxError, Hangup, Request, Response, Server};

/// A server whose visitors are bearers, so that the cases, which are written for cookies, drive it as they are.
///
/// The server has `--carrier bearer` among its permanent flags. A request's cookies named `session` become
/// `Authorization: Bearer`, and a request without one asks with `Bearer new`; the `Session-Token` of an answer becomes a
/// cookie. An answer with a token that a cache may keep, with two of them or with a cookie is none.
/// [`NEED_COOKIES`] are the cases that cannot apply.
#[derive(Debug)]
pub struct Bearers<S>(S);

impl<S: Server> Bearers<S> {
    /// Wraps a server.
    #[must_use]
    pub fn new(server: S) -> Self {
        Self(server)
    }
}

#[async_trait]
impl<S: Server> Server for Bearers<S> {
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        let app = self.0.start(flags).await?;
        Ok(Arc::new(Translated(app)))
    }
}

/// The application, whose ids travel in other headers.
#[derive(Debug)]
struct Translated(Arc<dyn App>);

#[async_trait]
impl App for Translated {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        answered(self.0.send(asked(request)).await?)
    }

    async fn abort(&self, request: Request, hangup: Hangup) -> Result<(), BoxError> {
        self.0.abort(asked(request), hangup).await
    }
}

/// Presents the tokens of the cookies.
fn asked(mut request: Request) -> Request {
    let (cookies, others) = request
        .headers
        .into_iter()
        .partition(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    request.headers = others;
    let cookies: Vec<(String, Vec<u8>)> = cookies;
    let pairs = cookies
        .iter()
        .flat_map(|(_, value)| value.split(|byte| *byte == b';'));
    let tokens: Vec<&[u8]> = pairs
        .filter_map(|pair| pair.trim_ascii().strip_prefix(PAIR.as_bytes()))
        .collect();
    for token in if tokens.is_empty() {
        vec![&b"new"[..]]
    } else {
        tokens
    } {
        request = request.header("authorization", [b"Bearer ", token].concat());
    }
    request
}

/// Gives a token to the client's jar.
fn answered(mut response: Response) -> Result<Response, BoxError> {
    let tokens: Vec<Vec<u8>> = response.values(TOKEN).map(<[u8]>::to_vec).collect();
    if response.values("set-cookie").next().is_some() || tokens.len() > 1 {
        return Err("a bearer was sent a cookie, or two tokens".into());
    }
    if let Some(token) = tokens.first() {
        let says = |name: &str, directive: &str| {
            let mut values = response.values(name);
            values.any(|value| {
                let text = String::from_utf8_lossy(value).to_ascii_lowercase();
                text.split(',').any(|item| item.trim() == directive)
            })
        };
        let is_kept_out = says("cache-control", "no-store");
        if !is_kept_out || !says("vary", "authorization") || !says("vary", "cookie") {
            return Err("an answer with a token may be kept by caches".into());
        }
        let cookie = [PAIR.as_bytes(), token, b"; Path=/"].concat();
        response.headers.push(("set-cookie".into(), cookie));
    }
    response.headers.push((MARK.into(), Vec::new()));
    Ok(response)
}

/// The beginning of the cookie that stands for a token.
const PAIR: &str = "session=";

const TOKEN: &str = "session-token";

/// Marks answers to bearers for checks that differ.
pub(super) const MARK: &str = "testkit-is-bearers";

/// The cases that cannot apply to [`Bearers`], with the reason.
pub const NEED_COOKIES: [(&str, &str); 24] = [
    ("the_cookie_has_its_attributes", NO_ATTRIBUTES),
    ("the_cookie_has_the_name_of_the_flag", "a token has no name"),
    ("the_removal_repeats_the_cookies_identity", NO_REMOVAL),
    ("an_answer_with_the_cookie_is_private", NO_REMOVAL),
    ("every_duplicate_is_looked_up", "a request has one token"),
    (
        "r63_without_consent_no_session_and_no_cookie_begin",
        "what sets no cookie needs no consent",
    ),
    ("a_lifetime_in_seconds_holds", NO_AGE),
    ("a_lifetime_until_a_moment_holds", NO_AGE),
    ("a_lifetime_until_browser_close_holds", NO_AGE),
    ("a_lifetime_goes_back_to_the_default", NO_AGE),
    ("a_lifetime_survives_later_writes", NO_AGE),
    ("reading_keeps_a_session_alive", NO_AGE),
    ("an_absolute_limit_holds_whatever_the_activity", NO_AGE),
    ("two_sessions_have_a_cookie_each", ONE_SESSION),
    ("two_sessions_hold_different_values", ONE_SESSION),
    ("two_sessions_can_be_written_in_one_request", ONE_SESSION),
    ("ending_one_session_leaves_the_other", ONE_SESSION),
    ("reading_two_sessions_varies_once", ONE_SESSION),
    ("a_bearer_has_its_id_in_one_header", ANOTHER_CARRIER),
    ("a_bearers_cookie_is_not_looked_at", ANOTHER_CARRIER),
    ("an_id_opens_nothing_by_another_carrier", ANOTHER_CARRIER),
    ("a_bearers_logout_sends_nothing", ANOTHER_CARRIER),
    ("a_bearers_lifetime_holds_at_the_server", ANOTHER_CARRIER),
    ("a_token_is_read_strictly", ANOTHER_CARRIER),
];

const NO_ATTRIBUTES: &str = "a token has no attributes";
const NO_REMOVAL: &str = "a logout tells a bearer nothing";
const NO_AGE: &str = "a token has no age; the server's limits have a case of their own";
const ONE_SESSION: &str =
    "a request has one Authorization, so that two sessions can't travel in it";
const ANOTHER_CARRIER: &str = "it starts the server with another carrier";
