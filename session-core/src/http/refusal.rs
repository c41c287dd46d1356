use std::panic::{AssertUnwindSafe, catch_unwind};

use super::reply::{Headers, merge_vary};
use crate::policy::error_page::Renderer;
use crate::{ErrorPage, Event, Failure, Policy};

impl Policy {
    /// Tells the observer of a failure that a client is answered with, and returns the page for it; `None`
    /// if the answer is the failure's JSON. For adapters.
    ///
    /// `accept` is the request's `Accept` header. A renderer that panics, or whose content type is no
    /// header, changes nothing.
    pub fn refuse(&self, failure: &Failure, accept: &str) -> Option<ErrorPage> {
        if !failure.is_told {
            self.tell(&Event::Failed { failure });
        }
        let Renderer(render) = self.error_page.as_ref()?;
        let Ok(page) = catch_unwind(AssertUnwindSafe(|| render(failure, accept))) else {
            tracing::error!("the renderer of session errors panicked");
            return None;
        };
        let is_text = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        page.content_type.bytes().all(is_text).then_some(page)
    }
}

impl ErrorPage {
    /// Puts `Content-Type`, `Cache-Control: no-store` and `Vary: Accept` on the response that gets the
    /// body, and removes the headers that described another body.
    pub fn apply(&self, headers: &mut impl Headers) {
        for name in STALE {
            headers.remove(name);
        }
        headers.replace("content-type", &self.content_type);
        headers.replace("cache-control", "no-store");
        if let Some(merged) = merge_vary(&headers.values("vary"), "Accept") {
            headers.replace("vary", &merged);
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
