use std::fmt;
use std::sync::Arc;

use crate::failure::Failure;

/// The body of an error's response, and its `Content-Type`.
///
/// ```
/// use session_core::{ErrorPage, Policy};
///
/// let policy = Policy::builder()
///     .error_page(|failure, accept| {
///         if accept.contains("text/html") {
///             ErrorPage::html(format!("<h1>Sorry: {}</h1>", failure.reason()))
///         } else {
///             ErrorPage::json(failure.json())
///         }
///     })
///     .build()?;
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    pub(crate) content_type: String,
    body: String,
    /// Whether the application has chosen it by the `Accept` header.
    pub(crate) is_chosen: bool,
}

impl ErrorPage {
    /// Makes a page of any type.
    pub fn new(content_type: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            content_type: content_type.into(),
            body: body.into(),
            is_chosen: true,
        }
    }

    /// Makes a page for people.
    pub fn html(body: impl Into<String>) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    /// Makes an answer for programs.
    pub fn json(body: impl Into<String>) -> Self {
        Self::new("application/json", body)
    }

    /// The failure's JSON, in place of a page.
    pub(crate) fn of(failure: &Failure) -> Self {
        Self {
            is_chosen: false,
            ..Self::json(failure.json())
        }
    }

    /// Returns the body.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }
}

/// The application's renderer of errors.
#[derive(Clone)]
pub(crate) struct Renderer(pub(crate) Arc<Render>);

type Render = dyn Fn(&Failure, &str) -> ErrorPage + Send + Sync;

impl Renderer {
    pub(crate) fn new(
        render: impl Fn(&Failure, &str) -> ErrorPage + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(render))
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renderer")
    }
}
