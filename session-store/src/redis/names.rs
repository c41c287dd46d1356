use session_core::Key;

use super::row;

/// What keys are called in Redis: the application's prefix, then braces.
///
/// A prefix has no brace, so that none is the beginning of another's keys. What is between the
/// braces decides on the slot, so that a session's keys share one.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    pub(super) fn session(&self, key: &Key) -> Vec<u8> {
        self.braced(&row::digest(key), b"")
    }

    /// Where the key of a session leads that it had before.
    pub(super) fn pointer(&self, key: &Key) -> Vec<u8> {
        self.braced(&row::digest(key), b">")
    }

    /// That the record of this revision has moved away from the key.
    pub(super) fn note(&self, key: &Key, revision: &[u8]) -> Vec<u8> {
        self.braced(&row::digest(key), &[b"!", revision].concat())
    }

    /// The sessions of an owner, who is written as in a record.
    pub(super) fn index(&self, owner: &[u8]) -> Vec<u8> {
        self.braced(owner, b"")
    }

    /// One that nothing has, in a slot that the number decides on.
    pub(super) fn probe(&self, number: u32) -> Vec<u8> {
        self.braced(format!("?{number}").as_bytes(), b"")
    }

    /// A pattern that all of the application's sessions match.
    pub(super) fn pattern(&self) -> String {
        format!("{}{{*}}", self.prefix)
    }

    /// Reads the name of a session's record; none of another key.
    pub(super) fn key(&self, name: &[u8]) -> Option<Key> {
        let digits = name
            .strip_prefix(self.prefix.as_bytes())?
            .strip_prefix(b"{")?
            .strip_suffix(b"}")?;
        row::key(digits)
    }

    fn braced(&self, tag: &[u8], rest: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"{", tag, b"}", rest].concat()
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::key_of;

    use super::super::slot_map::slot;
    use super::*;

    #[test]
    fn keys_of_one_session_share_a_slot() {
        let names = Names::new("session:".into());
        let key = key_of(1);
        let place = slot(&names.session(&key));
        assert_eq!(slot(&names.pointer(&key)), place);
        assert_eq!(slot(&names.note(&key, b"7")), place);
        assert_ne!(slot(&names.session(&key_of(2))), place);
    }

    #[test]
    fn no_key_of_one_application_is_another_s() {
        let (one, other) = (Names::new("a:".into()), Names::new("a:b:".into()));
        assert_eq!(one.key(&one.session(&key_of(1))), Some(key_of(1)));
        assert_eq!(one.key(&other.session(&key_of(1))), None);
        assert_eq!(other.key(&one.session(&key_of(1))), None);
        assert_eq!(one.key(&one.pointer(&key_of(1))), None);
        // An owner may have any name.
        let owner = [b"@b:{", &*row::digest(&key_of(1))].concat();
        assert_eq!(other.key(&one.index(&owner)), None);
        assert_eq!(one.key(&one.index(&owner)), None);
    }
}
