use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::index::Index;

/// A record's values: the text of a JSON object, which is kept byte for byte. Clones share it.
///
/// ```
/// use session_core::Values;
///
/// let values = Values::from(r#"{"n":1}"#);
/// assert_eq!(&*values, r#"{"n":1}"#);
/// assert_eq!(values.indexed(), values);
/// ```
#[derive(Clone)]
pub struct Values(Form);

#[derive(Clone)]
enum Form {
    Text(Arc<str>),
    /// `None` is no values at all: nothing that threads would have to count together, as each record begins so.
    /// (In here it takes no room.)
    Indexed(Option<Arc<Indexed>>),
}

struct Indexed {
    text: Arc<str>,
    place: Place,
}

/// The place of an index.
#[allow(clippy::large_enum_variant, reason = "both have an index")]
enum Place {
    /// Found by the first who asks; `None` if there are so many values that it would be large.
    Found(OnceLock<Option<Index>>),
    /// Made together with the text.
    Made(Index),
}

impl Values {
    /// Returns the same values with room for an index, which all clones share: where each value
    /// stands is found once, by the first who asks.
    ///
    /// It pays where one record is given out again and again, as by a store or a cache in memory. Short
    /// texts stay as they are, and more than a dozen values get no index.
    #[must_use]
    pub fn indexed(&self) -> Self {
        match &self.0 {
            Form::Text(text) if self.lack_index() => Self(Form::Indexed(Some(Arc::new(Indexed {
                text: Arc::clone(text),
                place: Place::Found(OnceLock::new()),
            })))),
            _ => self.clone(),
        }
    }

    /// Says whether [`indexed`](Self::indexed) adds room for an index.
    #[must_use]
    pub fn lack_index(&self) -> bool {
        matches!(&self.0, Form::Text(text) if text.len() >= LONG)
    }

    /// Returns the memory that the index takes, about; 0 if there is none.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        match &self.0 {
            Form::Text(_) | Form::Indexed(None) => 0,
            Form::Indexed(Some(_)) => size_of::<Indexed>() + 24,
        }
    }

    /// Says whether both share one text.
    pub(crate) fn is_same_text(&self, other: &Self) -> bool {
        match (self.text(), other.text()) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    #[inline]
    fn text(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Form::Text(text) => Some(text),
            Form::Indexed(indexed) => indexed.as_ref().map(|indexed| &indexed.text),
        }
    }

    /// Returns the index that clones share; `None` if there is no room for it.
    #[inline]
    pub(crate) fn index(&self) -> Option<&Index> {
        let Form::Indexed(Some(indexed)) = &self.0 else {
            return None;
        };
        let find = || Some(Index::of(&indexed.text)).filter(Index::is_small);
        match &indexed.place {
            Place::Found(index) => index.get_or_init(find).as_ref(),
            Place::Made(index) => Some(index),
        }
    }
}

impl Deref for Values {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.text().map_or("{}", |text| text)
    }
}

/// An index of values that are being written, which is filled in its place.
pub(crate) struct Indexing(Arc<Indexed>);

impl Indexing {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Indexed {
            text: Arc::default(),
            place: Place::Made(Index::none()),
        }))
    }

    /// Lets members be added whose names have no escapes.
    #[inline]
    pub(crate) fn fill(&mut self, fill: impl FnOnce(&mut Index)) {
        if let Some(Indexed {
            place: Place::Made(index),
            ..
        }) = Arc::get_mut(&mut self.0)
        {
            fill(index);
        }
    }

    /// Returns the values, with the index if it is one that [`Values::indexed`] would make.
    pub(crate) fn finish(mut self, text: &str) -> Values {
        let has_index = text.len() >= LONG && u32::try_from(text.len()).is_ok();
        if has_index
            && let Some(indexed) = Arc::get_mut(&mut self.0)
            && let Place::Made(index) = &indexed.place
            && index.is_small()
        {
            indexed.text = text.into();
            return Values(Form::Indexed(Some(self.0)));
        }
        text.into()
    }
}

/// No values.
impl Default for Values {
    fn default() -> Self {
        Self(Form::Indexed(None))
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Values {}

impl From<Arc<str>> for Values {
    fn from(text: Arc<str>) -> Self {
        Self(Form::Text(text))
    }
}

impl From<String> for Values {
    fn from(text: String) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<&str> for Values {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

/// Shows none of them.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// The bytes from which on an index pays: it takes less than they do, and fewer are gone through in no time.
const LONG: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> Values {
        let members: Vec<_> = (0..count).map(|n| format!("\"{n:099}\":{n}")).collect();
        format!("{{{}}}", members.join(",")).into()
    }

    #[test]
    fn an_index_is_made_once_and_only_if_it_is_small() {
        for (values, has_index) in [
            (Values::default(), false),
            (many(4), false),
            (many(5), true),
            (many(12), true),
            (many(13), false),
            (many(5).replacen("00", "\\u0030", 1).into(), false),
            ("x".repeat(LONG).into(), true),
        ] {
            let indexed = values.indexed();
            let clone = indexed.clone();
            assert!(!indexed.lack_index());
            assert_eq!(values.lack_index(), values.len() >= LONG);
            assert_eq!(clone.index().is_some(), has_index, "{}", &*values);
            let place = |values: &Values| values.index().map(std::ptr::from_ref);
            assert_eq!(place(&clone), place(&indexed));
            assert!(values.index().is_none() && values.index_bytes() == 0);
            assert!(indexed == values && indexed.is_same_text(&values));
            assert!(indexed.index_bytes() < values.len());
        }
        assert!(!Values::default().is_same_text(&"{}".into()));
    }
}
