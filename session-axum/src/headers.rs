use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use session_core::Headers;

/// A response's header map, for a reply to write to.
pub(crate) struct HeaderMapHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Headers for HeaderMapHeaders<'_> {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in self.0.iter() {
            show(name.as_str(), value.as_bytes());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        let value = match value {
            Cow::Borrowed(text) => Ok(HeaderValue::from_static(text)),
            Cow::Owned(text) => HeaderValue::try_from(text),
        };
        if let Ok(mut value) = value {
            value.set_sensitive(name == "set-cookie");
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}
