use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use session_core::Headers;

/// A response's header map, as a reply sees it.
pub(crate) struct HeaderMapHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Headers for HeaderMapHeaders<'_> {
    fn values(&self, name: &str) -> Vec<String> {
        let values = self.0.get_all(name);
        values
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect()
    }

    fn append(&mut self, name: &'static str, value: &str) {
        let Ok(value) = HeaderValue::from_str(value) else {
            return;
        };
        // An error's mapper may meet a response that it has seen before.
        if self.0.get_all(name).all(|present| *present != value) {
            self.0.append(HeaderName::from_static(name), value);
        }
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_already_is_not_appended_again() {
        let mut map = HeaderMap::new();
        for cookie in ["a=1", "b=2", "a=1"] {
            HeaderMapHeaders(&mut map).append("set-cookie", cookie);
        }
        assert_eq!(
            HeaderMapHeaders(&mut map).values("Set-Cookie"),
            ["a=1", "b=2"]
        );
    }
}
