use super::Failure;

/// One `Set-Cookie` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    name: String,
    value: String,
    attributes: Vec<(String, Option<String>)>,
}

impl SetCookie {
    /// Reads the header's value.
    ///
    /// # Errors
    ///
    /// The header is not text, or has no name.
    pub fn parse(header: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(header)
            .map_err(|_| Failure::new(format!("Set-Cookie is not text: {header:?}")))?;
        let mut parts = text.split(';').map(str::trim);
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::new(format!("Set-Cookie has no name: {text:?}")));
        };
        let attributes = parts.map(|part| match part.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (part.to_owned(), None),
        });
        Ok(Self {
            name: name.into(),
            value: value.into(),
            attributes: attributes.collect(),
        })
    }

    /// Returns the cookie's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the cookie's value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns whether there is such an attribute.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.find(attribute).is_some()
    }

    /// Returns an attribute's value.
    #[must_use]
    pub fn attribute(&self, attribute: &str) -> Option<&str> {
        self.find(attribute)?.as_deref()
    }

    /// Returns `Max-Age`.
    #[must_use]
    pub fn max_age(&self) -> Option<i64> {
        self.attribute("max-age")?.parse().ok()
    }

    /// Returns whether the header removes the cookie, by `Max-Age` or else by `Expires`.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        match self.max_age() {
            Some(age) => age <= 0,
            None => self
                .attribute("expires")
                .is_some_and(|moment| moment.contains(" 1970 ")),
        }
    }

    /// Returns the attributes that identify the cookie and its scope, sorted.
    ///
    /// A removal must repeat them, or browsers keep the cookie.
    #[must_use]
    pub fn identity(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .attributes
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name != "max-age" && name != "expires")
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or_default()))
            .collect();
        lines.sort();
        lines
    }

    fn find(&self, attribute: &str) -> Option<&Option<String>> {
        self.attributes
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_whatever_their_case() {
        let cookie = SetCookie::parse(b"sid=a=b; path=/; HTTPONLY; max-age=5").unwrap();
        assert_eq!((cookie.name(), cookie.value()), ("sid", "a=b"));
        assert_eq!(cookie.attribute("Path"), Some("/"));
        assert!(cookie.has("HttpOnly") && !cookie.has("Secure"));
        assert!(!cookie.is_removal());
        assert_eq!(cookie.identity(), ["httponly=", "path=/"]);
    }

    #[test]
    fn either_attribute_removes() {
        for removal in [
            &b"sid=; Max-Age=0"[..],
            b"sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        ] {
            assert!(SetCookie::parse(removal).unwrap().is_removal());
        }
    }

    #[test]
    fn a_cookie_without_a_name_is_refused() {
        for bad in [&b""[..], b"sid", b"=x", b"\xff=x"] {
            assert!(SetCookie::parse(bad).is_err(), "{bad:?}");
        }
    }
}
