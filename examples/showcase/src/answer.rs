use serde::Serialize;
use session_core::{Session, SessionError};

/// What the application answers; a server turns it into its framework's response.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`, if there is a body.
    pub content_type: Option<&'static str>,
    /// The value of `Location`, for a redirect.
    pub location: Option<&'static str>,
    /// The value of `Allow`, if the path has other methods than the one that was asked for.
    pub allow: Option<&'static str>,
    /// What follows the head.
    pub body: Body,
}

/// What follows the head of an answer.
#[derive(Debug)]
pub enum Body {
    /// A text, empty for none.
    Text(String),
    /// Streamed after the head: the server sends what [`Body::late`] makes of the session.
    Late(Session),
}

impl Answer {
    /// 204, or another status without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            location: None,
            allow: None,
            body: Body::Text(String::new()),
        }
    }

    /// JSON.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::text(status, JSON, text),
            Err(_) => Self::error(500, "no JSON form"),
        }
    }

    /// A text of a type.
    pub(crate) fn text(status: u16, content_type: &'static str, text: String) -> Self {
        Self {
            content_type: Some(content_type),
            body: Body::Text(text),
            ..Self::empty(status)
        }
    }

    /// `{"error": …}`.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": message }))
    }

    /// 405, with the methods that the path has (RFC 9110, 15.5.6).
    pub(crate) fn not_allowed(methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..Self::error(405, "method not allowed")
        }
    }

    /// 303, so that the browser shows another page after a form.
    pub(crate) fn see_other(location: &'static str) -> Self {
        Self {
            location: Some(location),
            ..Self::empty(303)
        }
    }
}

/// Clients hear what is theirs; outages are opaque and told to the log.
impl From<SessionError> for Answer {
    fn from(error: SessionError) -> Self {
        match &error {
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
    /// Tries to write while the body is being sent, which comes too late.
    #[must_use]
    pub fn late(session: &Session) -> &'static str {
        match session.insert("after", true) {
            Ok(()) => "after: stored\n",
            Err(_) => "after: refused\n",
        }
    }
}

const JSON: &str = "application/json";
