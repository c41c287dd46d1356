use rocket::Response;
use rocket::http::Status;
use session_core::{Headers, SessionError};

use crate::attached::CookieNames;
use crate::rejection::opaque;

/// A response's headers, as a reply sees them.
pub(crate) struct ResponseHeaders<'a, 'r>(pub(crate) &'a mut Response<'r>);

impl Headers for ResponseHeaders<'_, '_> {
    fn values(&self, name: &str) -> Vec<String> {
        self.0.headers().get(name).map(str::to_owned).collect()
    }

    fn append(&mut self, name: &'static str, value: &str) {
        self.0.adjoin_raw_header(name, value.to_owned());
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        self.0.set_raw_header(name, value.to_owned());
    }
}

/// Puts the opaque answer to a failed commit in place of a response.
///
/// What other fairings have added for every response stays, and so do the cookies of other
/// sessions, whose commits have succeeded. What described the lost body goes, with the
/// application's cookies, as they go when a catcher answers.
pub(crate) fn replace(
    response: &mut Response<'_>,
    error: &SessionError,
    names: Option<&CookieNames>,
) {
    let mut instead = opaque(Status::new(error.status()), error.public_json());
    for header in response.headers().iter() {
        let name = header.name();
        let kept = if name == "Set-Cookie" {
            names.is_some_and(|names| names.own(header.value()))
        } else {
            !OF_A_BODY.split_whitespace().any(|lost| name == lost)
        };
        if kept {
            instead.adjoin_raw_header(name.to_string(), header.value().to_owned());
        }
    }
    // A new one has no upgrade to another protocol either.
    *response = instead;
}

/// The headers that describe a body, how fresh it is or where else to go.
const OF_A_BODY: &str = "Accept-Ranges Cache-Control Content-Disposition Content-Encoding \
    Content-Language Content-Length Content-Location Content-Range Content-Type ETag Expires \
    Last-Modified Location Refresh Transfer-Encoding";
