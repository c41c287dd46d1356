use std::borrow::Cow;

use serde::Serialize;
use session_core::{Session, SessionError, ValueError};

use crate::Ending;

/// The application's answer; a server converts it to its framework's response.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`, if there is a body.
    pub content_type: Option<&'static str>,
    /// The value of `Location`, for a redirect.
    pub location: Option<Cow<'static, str>>,
    /// The value of `Allow`, if the path has only other methods.
    pub allow: Option<&'static str>,
    /// The value of `Cache-Control`, if the session's part has nothing to say.
    pub cache_control: Option<&'static str>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// A text, which may be empty.
    Text(String),
    /// A text that is streamed after the head: the server sends the result of [`Body::late`].
    Late(Session),
    /// Events, which end with the session: an async server sends each [`Ending::next`].
    Ended(Box<Ending>),
}

impl Answer {
    /// Makes an answer without a body, such as a 204.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            location: None,
            allow: None,
            cache_control: None,
            body: Body::Text(String::new()),
        }
    }

    /// Makes an answer with a JSON body.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::text(status, JSON, text),
            Err(_) => Self::error(500, "no JSON form"),
        }
    }

    /// Makes an answer with a text of some content type.
    pub(crate) fn text(status: u16, content_type: &'static str, text: String) -> Self {
        Self {
            content_type: Some(content_type),
            body: Body::Text(text),
            ..Self::empty(status)
        }
    }

    /// Makes an error answer, `{"error": …}`.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": message }))
    }

    /// Makes a 405 with the path's methods (RFC 9110, 15.5.6).
    pub(crate) fn not_allowed(methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..Self::error(405, "method not allowed")
        }
    }

    /// Makes a 303, so that the browser shows another page after a form.
    pub(crate) fn see_other(location: impl Into<Cow<'static, str>>) -> Self {
        Self {
            location: Some(location.into()),
            ..Self::empty(303)
        }
    }
}

/// Clients learn of their own errors; outages are opaque and logged.
impl From<SessionError> for Answer {
    fn from(error: SessionError) -> Self {
        match &error {
            // Here it is the client who chooses names and values.
            SessionError::Value(refused @ ValueError::Refused { .. }) => {
                Self::error(400, &refused.to_string())
            }
            SessionError::Value(large @ ValueError::TooLarge { .. }) => {
                Self::error(error.status(), &large.to_string())
            }
            SessionError::Value(_) => Self::error(409, "the value is of another type"),
            SessionError::Owner { .. } => Self::error(400, "a user is 1 to 255 bytes"),
            SessionError::Expiry(problem) => Self::error(400, &problem.to_string()),
            _ if error.status() < 500 => {
                Self::text(error.status(), JSON, error.public_json().into())
            }
            _ => {
                let (status, json) = error.opaque();
                Self::text(status, JSON, json.into())
            }
        }
    }
}

impl Body {
    /// Writes while the body is being sent, which is too late, and returns the outcome.
    #[must_use]
    pub fn late(session: &Session) -> &'static str {
        match session.insert("after", true) {
            Ok(()) => "after: stored\n",
            Err(_) => "after: refused\n",
        }
    }
}

const JSON: &str = "application/json";
