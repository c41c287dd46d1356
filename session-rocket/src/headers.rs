use std::mem;

use rocket::{Response, response};
use session_core::Headers;

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
/// What other fairings have added for every response stays. What described the lost body goes,
/// with the cookies, as the application's go when a catcher answers.
pub(crate) fn replace<'r>(response: &mut Response<'r>, outage: response::Result<'r>) {
    let blank = |status| Response::build().status(status).finalize();
    // A new one has no upgrade to another protocol either.
    let mut lost = mem::replace(response, outage.unwrap_or_else(blank));
    for name in LOST.split_whitespace() {
        lost.remove_header(name);
    }
    response.join(lost);
}

/// The headers that describe a body, how fresh it is or where else to go; and cookies.
const LOST: &str = "Accept-Ranges Cache-Control Content-Disposition Content-Encoding \
    Content-Language Content-Length Content-Location Content-Range Content-Type ETag Expires \
    Last-Modified Location Refresh Set-Cookie Transfer-Encoding";
