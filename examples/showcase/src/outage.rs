use session_core::{ErrorPage, Failure, SessionError};

use crate::Answer;

/// Renders a session's failure: a page for a person, JSON for a program.
pub(crate) fn page(failure: &Failure, accept: &str) -> ErrorPage {
    if failure.status() == 503 && is_persons(accept) {
        ErrorPage::html(PAGE)
    } else {
        ErrorPage::json(failure.json())
    }
}

/// Says whether it is a person's browser that waits for an answer.
pub(crate) fn is_persons(accept: &str) -> bool {
    accept.contains("text/html")
}

impl Answer {
    /// Makes the answer in place of one whose session could not be committed, for servers without an adapter.
    #[must_use]
    pub fn uncommitted(error: SessionError, accept: &str) -> Self {
        Self::from(error).for_whom(accept)
    }

    /// Makes the answer that an outage has for a person.
    pub(crate) fn for_whom(self, accept: &str) -> Self {
        if self.status == 503 && is_persons(accept) {
            return Self::text(503, "text/html; charset=utf-8", PAGE.to_owned());
        }
        self
    }
}

const PAGE: &str = include_str!("outage.html");
