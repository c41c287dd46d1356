use std::panic::{AssertUnwindSafe, catch_unwind};

use super::reply::{Headers, merge_vary, values};
use crate::policy::error_page::Renderer;
use crate::{ErrorPage, Event, Failure, Policy, Reason};

impl Policy {
    /// Tells the observer of a failure that a client is answered with, unless it knows, and returns the body for it: the
    /// application's page, or the failure's JSON. For adapters.
    ///
    /// `accept` is the request's `Accept` header. A renderer that panics, or whose content type is no
    /// header, changes nothing.
    #[must_use]
    pub fn refuse(&self, failure: &Failure, accept: &str) -> ErrorPage {
        if let Some(kind) = failure.kind {
            let event = Event::new(kind, self.now());
            self.tell(event.because(Reason::Failure(failure)));
        }
        let json = ErrorPage::of(failure);
        let Some(Renderer(render)) = &self.error_page else {
            return json;
        };
        let Ok(page) = catch_unwind(AssertUnwindSafe(|| render(failure, accept))) else {
            tracing::error!("the renderer of session errors panicked");
            return json;
        };
        let is_text = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let is_valid = page.content_type.bytes().all(is_text);
        if is_valid { page } else { json }
    }
}

impl ErrorPage {
    /// Puts `Content-Type` on the response that gets the body, for an application's page also
    /// `Cache-Control: no-store` and `Vary: Accept`, and removes the headers that described another body.
    pub fn apply(&self, headers: &mut impl Headers) {
        for name in STALE {
            headers.remove(name);
        }
        headers.replace("content-type", self.content_type.clone().into());
        if !self.is_chosen {
            return;
        }
        headers.replace("cache-control", "no-store".into());
        if let Some(merged) = merge_vary(&values(headers, "vary"), "Accept") {
            headers.replace("vary", merged.into());
        }
    }
}

/// Headers that described the body in whose place the page stands.
const STALE: [&str; 8] = [
    "accept-ranges",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
];
