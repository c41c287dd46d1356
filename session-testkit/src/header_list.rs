use std::borrow::Cow;

use session_core::Headers;

/// A response's headers as a list, for tests of what a reply adds to them.
///
/// ```
/// use session_core::Headers;
/// use session_testkit::HeaderList;
///
/// let mut headers = HeaderList::from_iter([("Vary", "Origin"), ("etag", "1")]);
/// headers.append("vary", "Cookie".into());
/// headers.remove("ETag");
/// assert_eq!(headers.values("VARY"), ["Origin", "Cookie"]);
/// assert!(headers.values("etag").is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderList(Vec<(String, String)>);

impl HeaderList {
    /// Returns the values of a header, whose name may be in any case.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter();
        let named = named.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value).collect()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for HeaderList {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(headers: T) -> Self {
        let headers = headers.into_iter();
        Self(
            headers
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Headers for HeaderList {
    fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
        for (name, value) in &self.0 {
            show(name, value.as_bytes());
        }
    }

    fn append(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.0.push((name.into(), value.into()));
    }

    fn remove(&mut self, name: &str) {
        self.0
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }
}
