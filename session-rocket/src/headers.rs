use std::borrow::Cow;
use std::mem;

use rocket::Response;
use session_core::Headers;

/// A response's headers, for a reply to write to.
pub(crate) struct ResponseHeaders<'a, 'r>(pub(crate) &'a mut Response<'r>);

impl Headers for ResponseHeaders<'_, '_> {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        for header in self.0.headers().iter() {
            show(header.name().as_str(), header.value().as_bytes());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.0.adjoin_raw_header(name, value);
    }

    fn remove(&mut self, name: &str) {
        self.0.remove_header(name);
    }
}

/// Replaces a response by the opaque answer to a failed commit.
///
/// Headers that other fairings add to every response stay. Those that described the lost body go,
/// and so do cookies, as they do when a catcher answers.
pub(crate) fn replace<'r>(response: &mut Response<'r>, outage: Response<'r>) {
    // The new response has no upgrade to another protocol either.
    let mut lost = mem::replace(response, outage);
    for name in LOST.split_whitespace() {
        lost.remove_header(name);
    }
    response.join(lost);
}

/// The headers that describe a body, its freshness or another location; and cookies.
const LOST: &str = "Accept-Ranges Cache-Control Content-Disposition Content-Encoding \
    Content-Language Content-Length Content-Location Content-Range Content-Type ETag Expires \
    Last-Modified Location Refresh Set-Cookie Transfer-Encoding";
