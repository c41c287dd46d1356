use crate::Id;

/// How many values of our cookie's name are looked at; the rest is somebody's play.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// The well-formed ids that a request presented, each once, in the order of the header.
///
/// More than one is the sign of a cookie with the same name at another path or domain
/// (RFC 6265bis, 5.8.3); each is tried, none is merged with another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidates {
    ids: [Option<Id>; MAX_CANDIDATES],
}

impl Candidates {
    /// A request without our cookie.
    pub(crate) const NONE: Self = Self {
        ids: [None; MAX_CANDIDATES],
    };

    /// Looks for cookies of one name in the values of the `Cookie` headers.
    ///
    /// The bytes are read in place; what is malformed is skipped, together with nothing else.
    pub(crate) fn scan<'a>(name: &str, headers: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut found = Self::NONE;
        for header in headers {
            for pair in header.split(|byte| *byte == b';') {
                let Some(value) = value_of(name.as_bytes(), pair) else {
                    continue;
                };
                if let Some(id) = Id::parse(value) {
                    found.add(id);
                }
            }
        }
        found
    }

    fn add(&mut self, id: Id) {
        for place in &mut self.ids {
            match place {
                Some(known) if *known == id => return,
                Some(_) => {}
                None => {
                    *place = Some(id);
                    return;
                }
            }
        }
    }

    /// Takes the first.
    pub(crate) fn take_next(&mut self) -> Option<Id> {
        let next = self.ids[0].take();
        self.ids.rotate_left(1);
        next
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Id> {
        self.ids.iter().flatten().copied()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn scan(headers: &[&[u8]]) -> String {
        Candidates::scan("sid", headers.iter().copied())
            .iter()
            .map(|id| id.expose()[..1].to_owned())
            .collect()
    }

    #[test]
    fn ids_are_found_whatever_stands_beside_them() {
        let long = "x".repeat(100_000);
        let rows: Vec<(Vec<u8>, &str)> = vec![
            (format!("sid={A}").into(), "a"),
            (format!("theme=dark; sid={A}; lang=de").into(), "a"),
            (format!("  sid = {A} ;").into(), "a"),
            (format!("sid=\"{A}\"").into(), "a"),
            (format!(";;;=;sid;broken;sid={A}").into(), "a"),
            ([b"k=\xff\xfe\0;sid=", A.as_bytes(), b";\x80"].concat(), "a"),
            (format!("sid={B}; sid={A}").into(), "ba"),
            (
                format!("sid={A}; sid=garbage; sid={A}; sid={B}").into(),
                "ab",
            ),
            (format!("sid={long}; sid={A}").into(), "a"),
            (b"sid=".to_vec(), ""),
            (b"sid=\"\"".to_vec(), ""),
            (format!("sid=%61{}", &A[1..]).into(), ""),
            (format!("SID={A}").into(), ""),
            (format!("xsid={A}; sidx={A}; __Host-sid={A}").into(), ""),
            (format!("sid={}", A.to_uppercase()).into(), ""),
            (format!("sid={A}x").into(), ""),
            (
                b"sid=\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
                "",
            ),
            (Vec::new(), ""),
        ];
        for (header, expected) in rows {
            assert_eq!(
                scan(&[&header]),
                expected,
                "{}",
                String::from_utf8_lossy(&header)
            );
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        assert_eq!(
            scan(&[
                b"x=1",
                format!("sid={B}").as_bytes(),
                format!("sid={A}").as_bytes()
            ]),
            "ba"
        );
    }

    #[test]
    fn at_most_four_are_tried() {
        let header: Vec<String> = "abcdefgh"
            .chars()
            .map(|c| format!("sid={}", c.to_string().repeat(32)))
            .collect();
        assert_eq!(scan(&[header.join(";").as_bytes()]), "abcd");
    }
}
