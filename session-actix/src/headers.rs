use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use session_core::Headers;

/// A response's header map, for a reply to write to.
pub(crate) struct HeaderMapHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Headers for HeaderMapHeaders<'_> {
    fn names(&self) -> Vec<String> {
        self.0.keys().map(ToString::to_string).collect()
    }

    fn values(&self, name: &str) -> Vec<String> {
        let values = self.0.get_all(name).map(HeaderValue::to_str);
        values.flatten().map(str::to_owned).collect()
    }

    fn append(&mut self, name: &'static str, value: &str) {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(name == "set-cookie");
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}
