use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use session_core::Headers;

/// A response's header map, for a reply to write to.
pub(crate) struct HeaderMapHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Headers for HeaderMapHeaders<'_> {
    fn each(&self, show: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.0.iter() {
            show(name.as_str(), value.to_str().unwrap_or_default());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        if let Ok(mut value) = HeaderValue::try_from(value.into_owned()) {
            value.set_sensitive(name == "set-cookie");
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}
