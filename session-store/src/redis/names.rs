use session_core::Key;

/// The names of Redis keys: the application's prefix, then braces.
///
/// In the braces is a session's key as digits, or an at sign and an owner. A prefix has no braces,
/// so no key of one application begins with the prefix and brace of another.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// Returns the name of a session's record.
    pub(super) fn session(&self, key: &Key) -> Vec<u8> {
        self.braced(hex::encode(key.as_bytes()).as_bytes())
    }

    /// Returns the name of an owner's index; the owner is written as in a record.
    pub(super) fn index(&self, owner: &[u8]) -> Vec<u8> {
        self.braced(owner)
    }

    /// Returns the name of an unused key, whose slot depends on the number.
    pub(super) fn probe(&self, number: u32) -> Vec<u8> {
        self.braced(format!("?{number}").as_bytes())
    }

    /// Returns a pattern that the names of all the application's records match.
    pub(super) fn pattern(&self) -> String {
        format!("{}{{[0-9a-f]*}}", self.prefix)
    }

    /// Reads the name of a session's record; `None` for any other name.
    pub(super) fn key(&self, name: &[u8]) -> Option<Key> {
        let digits = name
            .strip_prefix(self.prefix.as_bytes())?
            .strip_prefix(b"{")?
            .strip_suffix(b"}")?;
        Key::from_bytes(&hex::decode(digits).ok()?)
    }

    /// Returns the beginning of the names of all the application's keys.
    #[cfg(feature = "cached")]
    pub(super) fn beginning(&self) -> Vec<u8> {
        [self.prefix.as_bytes(), b"{"].concat()
    }

    fn braced(&self, tag: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"{", tag, b"}"].concat()
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::key_of;

    use super::*;

    #[test]
    fn only_a_record_s_name_is_read_as_a_key() {
        let (one, other) = (Names::new("a:".into()), Names::new("a:b:".into()));
        let key = key_of(1);
        assert_eq!(one.key(&one.session(&key)), Some(key));
        assert_eq!(one.key(&other.session(&key)), None);
        assert_eq!(other.key(&one.session(&key)), None);
        // An owner may look like a record's name.
        let owner = [b"@b:{", hex::encode(key.as_bytes()).as_bytes()].concat();
        for name in [&*one.index(&owner), &one.probe(1), b"a:{", b"a:{}", b""] {
            assert_eq!(one.key(name), None);
            assert_eq!(other.key(name), None);
        }
    }
}
