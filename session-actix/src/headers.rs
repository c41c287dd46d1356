use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use session_core::Headers;

/// A response's header map, for a reply to write to.
pub(crate) struct HeaderMapHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Headers for HeaderMapHeaders<'_> {
    fn values(&self, name: &str) -> Vec<String> {
        let values = self.0.get_all(name).map(HeaderValue::to_str);
        values.flatten().map(str::to_owned).collect()
    }

    fn append(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.insert(HeaderName::from_static(name), value);
        }
    }

    fn remove(&mut self, name: &'static str) {
        self.0.remove(name);
    }
}
