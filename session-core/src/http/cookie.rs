use crate::{Id, IdForm, Key};

/// The well-formed ids that a request presented, each once, in the order of the header.
///
/// More than one is the sign of a cookie with the same name at another path or domain
/// (RFC 6265bis, 5.8.3); each is looked at, none is merged with another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presented {
    first: Option<Id>,
    /// Almost always empty, and then it owns no memory.
    rest: Vec<Id>,
}

impl Presented {
    /// Looks for cookies of one name in the values of the `Cookie` headers.
    ///
    /// The bytes are read in place. A malformed pair is skipped, and nothing else with it.
    pub(crate) fn scan<'a>(
        name: &str,
        form: IdForm,
        headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut found = Self::default();
        for header in headers {
            for value in values_of(name, header) {
                if let Some(id) = Id::parse_as(form, value) {
                    found.add(id);
                }
            }
        }
        found
    }

    pub(crate) fn add(&mut self, id: Id) {
        if self.first.is_none() {
            self.first = Some(id);
        } else if self.rest.len() < MAX_IDS - 1 && self.iter().all(|known| *known != id) {
            self.rest.push(id);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Id> {
        self.first.iter().chain(&self.rest)
    }

    /// Returns the ids that name one session by different secrets.
    pub(crate) fn of_key(&self, key: Key) -> impl Iterator<Item = &Id> {
        self.iter().filter(move |id| id.key() == key)
    }

    /// Returns the ids that name other sessions.
    pub(crate) fn of_other_keys(&self, key: Key) -> Vec<Id> {
        if self.rest.is_empty() && self.first.is_some_and(|id| id.key() == key) {
            return Vec::new();
        }
        let others = self.iter().filter(|id| id.key() != key);
        others.copied().collect()
    }

    /// Returns the ids of sessions of which none was loaded, because `loaded` others were.
    pub(crate) fn not_loaded(&self, loaded: usize) -> impl Iterator<Item = &Id> {
        let mut keys = Vec::new();
        for id in self.iter() {
            if keys.len() < loaded && !keys.contains(&id.key()) {
                keys.push(id.key());
            }
        }
        self.iter().filter(move |id| !keys.contains(&id.key()))
    }

    /// Returns the first id of the session that is to be loaded after `loaded` others; `None` if
    /// there is no other, or enough was loaded.
    pub(crate) fn of_next_key(&self, loaded: usize) -> Option<&Id> {
        if loaded == 0 {
            return self.first.as_ref();
        }
        let firsts = self.iter().enumerate().filter(|(place, id)| {
            let mut before = self.iter().take(*place);
            before.all(|earlier| earlier.key() != id.key())
        });
        let mut firsts = firsts.map(|(_, id)| id);
        (loaded < MAX_LOADS).then(|| firsts.nth(loaded)).flatten()
    }
}

/// Returns the values of the cookies of a name in one header, as they stand there.
pub(crate) fn values_of<'a>(name: &str, header: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        while let Some(text) = rest {
            let end = memchr::memchr(b';', text);
            rest = end.map(|end| &text[end + 1..]);
            let value = value_of(name.as_bytes(), end.map_or(text, |end| &text[..end]));
            if value.is_some() {
                return value;
            }
        }
        None
    })
}

/// Returns the value of a `name=value` pair if the name is ours; quotes around it are no part.
fn value_of<'a>(name: &[u8], pair: &'a [u8]) -> Option<&'a [u8]> {
    let value = pair
        .trim_ascii_start()
        .strip_prefix(name)?
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii();
    Some(
        value
            .strip_prefix(b"\"")
            .and_then(|inner| inner.strip_suffix(b"\""))
            .unwrap_or(value),
    )
}

/// The limit of sessions that are looked for; further duplicates are ignored.
const MAX_LOADS: usize = 4;

/// The limit of ids that a logout ends.
const MAX_IDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// An id whose key begins with `a`, `b`, …, and whose secret ends in such a letter.
    fn id(key: char, secret: char) -> String {
        format!("{key}{}{secret}", "A".repeat(46))
    }

    fn scan(headers: &[&[u8]]) -> Presented {
        Presented::scan("sid", IdForm::Hashed, headers.iter().copied())
    }

    fn firsts(presented: &Presented) -> String {
        presented
            .iter()
            .map(|id| id.expose()[..1].to_owned())
            .collect()
    }

    #[test]
    fn ids_are_found_whatever_stands_beside_them() {
        let (a, b) = (id('a', 'A'), id('b', 'A'));
        let long = "x".repeat(100_000);
        let rows: Vec<(Vec<u8>, &str)> = vec![
            (format!("sid={a}").into(), "a"),
            (format!("theme=dark; sid={a}; lang=de").into(), "a"),
            (format!("  sid = {a} ;").into(), "a"),
            (format!("sid=\"{a}\"").into(), "a"),
            (format!(";;;=;sid;broken;sid={a}").into(), "a"),
            ([b"k=\xff\xfe\0;sid=", a.as_bytes(), b";\x80"].concat(), "a"),
            (format!("sid={b}; sid={a}").into(), "ba"),
            (
                format!("sid={a}; sid=garbage; sid={a}; sid={b}").into(),
                "ab",
            ),
            (format!("sid={long}; sid={a}").into(), "a"),
            (b"sid=".to_vec(), ""),
            (b"sid=\"\"".to_vec(), ""),
            (format!("sid=%61{}", &a[1..]).into(), ""),
            (format!("SID={a}").into(), ""),
            (format!("xsid={a}; sidx={a}; __Host-sid={a}").into(), ""),
            (format!("sid={a}x").into(), ""),
            (format!("sid={}", &a[1..]).into(), ""),
            ([b"sid=", &[0xff; 48][..]].concat(), ""),
            (Vec::new(), ""),
        ];
        for (header, expected) in rows {
            let text = String::from_utf8_lossy(&header);
            assert_eq!(firsts(&scan(&[&header])), expected, "{text}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let pairs = ['b', 'a'].map(|key| format!("sid={}", id(key, 'A')));
        let headers = [b"x=1", pairs[0].as_bytes(), pairs[1].as_bytes()];
        assert_eq!(firsts(&scan(&headers)), "ba");
    }

    #[test]
    fn each_key_is_loaded_once_and_four_at_most_but_many_can_be_ended() {
        let ids: Vec<String> = "aabacdbefgh"
            .chars()
            .zip('A'..)
            .map(|(key, secret)| format!("sid={}", id(key, secret)))
            .collect();
        let presented = scan(&[ids.join(";").as_bytes()]);
        let next = |loaded| {
            let id = presented.of_next_key(loaded)?;
            Some(id.expose()[..1].to_owned())
        };
        let loads: Vec<String> = (0..).map_while(next).collect();
        assert_eq!(loads.concat(), "abcd");
        assert_eq!(firsts(&presented), "aabacdbefgh");
        let rest = |loaded| {
            let ids = presented.not_loaded(loaded);
            ids.map(|id| id.expose()[..1].to_owned())
                .collect::<String>()
        };
        assert_eq!((&*rest(1), &*rest(4)), ("bcdbefgh", "efgh"));
        let a = presented.of_next_key(0).unwrap().key();
        assert_eq!(presented.of_key(a).count(), 3);

        let many: Vec<String> = (0..100)
            .map(|number| format!("sid=b{}{number:02}", "A".repeat(45)))
            .collect();
        assert_eq!(scan(&[many.join(";").as_bytes()]).iter().count(), MAX_IDS);
    }
}
