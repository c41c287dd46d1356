use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A text that takes no memory of its own if it is short, as most names and numbers are.
#[derive(Clone)]
pub(crate) enum Brief<L> {
    Short([u8; SHORTEST], u8),
    Long(L),
}

impl<L> Brief<L> {
    /// Takes a text, which is copied; `None` if it is long.
    fn short(text: &str) -> Option<Self> {
        let length = u8::try_from(text.len()).ok()?;
        let mut bytes = [0; SHORTEST];
        let place = bytes.get_mut(..text.len())?;
        place.copy_from_slice(text.as_bytes());
        Some(Self::Short(bytes, length))
    }
}

/// What the bytes tell, which takes no look at the letters.
impl<L: Deref<Target = str>> Brief<L> {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes, length) => &bytes[..usize::from(*length)],
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_bytes().len()
    }
}

impl<L: for<'a> From<&'a str>> From<&str> for Brief<L> {
    fn from(text: &str) -> Self {
        Self::short(text).unwrap_or_else(|| Self::Long(text.into()))
    }
}

impl From<String> for Brief<String> {
    fn from(text: String) -> Self {
        Self::short(&text).unwrap_or(Self::Long(text))
    }
}

impl<L: Deref<Target = str>> Deref for Brief<L> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            // It was a text.
            Self::Short(..) => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

impl<L: Deref<Target = str>> Borrow<str> for Brief<L> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<L: Deref<Target = str>> Hash for Brief<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<L: Deref<Target = str>> PartialEq for Brief<L> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<L: Deref<Target = str>> Eq for Brief<L> {}

/// The name of a value.
pub(crate) type Name = Brief<Arc<str>>;

/// The JSON text of a value.
pub(crate) type Json = Brief<String>;

/// With its length and its kind, as large as a `Vec`.
const SHORTEST: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_whatever_its_length() {
        for length in [0, 1, 7, 8, 21, 22, 23, 300] {
            for text in ["x".repeat(length), "é".repeat(length)] {
                let is_short = |is: bool| assert_eq!(is, text.len() <= SHORTEST, "{text}");
                let name = Name::from(&*text);
                assert_eq!(&*name, text);
                assert_eq!((name.as_bytes(), name.len()), (text.as_bytes(), text.len()));
                is_short(matches!(name, Brief::Short(..)));
                let json = Json::from(text.clone());
                assert_eq!(&*json, text);
                is_short(matches!(json, Brief::Short(..)));
            }
        }
    }
}
