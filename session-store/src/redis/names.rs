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

    /// What all of the application's keys begin with.
    #[cfg(feature = "cached")]
    pub(super) fn beginning(&self) -> Vec<u8> {
        [self.prefix.as_bytes(), b"{"].concat()
    }

    /// Reads which session a key belongs to; none of an owner's index.
    #[cfg(feature = "cached")]
    pub(super) fn session_of(&self, name: &[u8]) -> Option<Key> {
        let rest = name.strip_prefix(&*self.beginning())?;
        row::key(rest.split(|byte| *byte == b'}').next()?)
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

    #[cfg(feature = "cached")]
    #[test]
    fn every_key_of_a_session_tells_which_it_is() {
        let names = Names::new("session:".into());
        let key = key_of(1);
        for name in [
            names.session(&key),
            names.pointer(&key),
            names.note(&key, b"7"),
        ] {
            assert!(name.starts_with(&names.beginning()));
            assert_eq!(names.session_of(&name), Some(key));
        }
        let owner = [b"@", &*row::digest(&key)].concat();
        for other in [&*names.index(&owner), &names.probe(1), b"session:{", b""] {
            assert_eq!(names.session_of(other), None);
        }
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
