use std::collections::BTreeMap;
#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmp_serde::Deserializer;
use serde::Deserialize;
use serde_json::value::{RawValue, Value, to_raw_value};
use session_core::Moment;
use session_core::time::OffsetDateTime;

use super::values::LegacyValues;

/// The form in which a library keeps its sessions.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// `MessagePack` of the id, the values and the end; the id is a number in base 64.
    TowerSessions,
    /// JSON of the values, each of which is JSON as a text; the end is Redis'.
    ActixSession,
    /// That of a Django site's table.
    #[cfg(all(
        feature = "django",
        any(feature = "mysql", feature = "postgres", feature = "sqlite")
    ))]
    Django(Arc<super::django::Site>),
}

/// What a row says.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) values: LegacyValues,
    /// The end, where the row itself has it.
    pub(super) ends: Option<Moment>,
    /// What was [written](Form::mark) into it.
    pub(super) mark: Option<String>,
}

#[derive(Deserialize)]
struct TowerSession {
    id: i128,
    data: BTreeMap<String, Value>,
    expiry_date: OffsetDateTime,
}

impl Form {
    /// Says whether the library can have made an id.
    ///
    /// Nothing else is looked for: a server may have other things under other keys.
    pub(super) fn has(&self, id: &str) -> bool {
        match self {
            Self::TowerSessions => number(id).is_some(),
            Self::ActixSession => id.len() == 64 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
            #[cfg(all(
                feature = "django",
                any(feature = "mysql", feature = "postgres", feature = "sqlite")
            ))]
            Self::Django(_) => session_core::Key::parse_plain(id).is_some(),
        }
    }

    /// Reads the row of an id; `None` if it is no session, or another one's.
    #[cfg_attr(
        not(feature = "django"),
        allow(
            unused_variables,
            reason = "only Django's moments depend on the present one"
        )
    )]
    pub(super) fn read(&self, id: &str, row: &[u8], now: Moment) -> Option<Content> {
        match self {
            Self::TowerSessions => {
                let (session, behind) = tower_session(row)?;
                // A database may find a text whatever its case.
                if Some(session.id) != number(id) {
                    return None;
                }
                let values = session.data.into_iter();
                let values = values.map(|(name, value)| Some((name, to_raw_value(&value).ok()?)));
                Some(Content {
                    values: values.collect::<Option<LegacyValues>>()?,
                    ends: Some(session.expiry_date.into()),
                    mark: mark_in(behind),
                })
            }
            Self::ActixSession => {
                let mut values: BTreeMap<String, String> = serde_json::from_slice(row).ok()?;
                let mark = values.remove(MARK);
                let values = values.into_iter();
                let values =
                    values.map(|(name, value)| Some((name, RawValue::from_string(value).ok()?)));
                Some(Content {
                    values: values.collect::<Option<LegacyValues>>()?,
                    ends: None,
                    mark,
                })
            }
            #[cfg(all(
                feature = "django",
                any(feature = "mysql", feature = "postgres", feature = "sqlite")
            ))]
            Self::Django(site) => site.read(row, now),
        }
    }

    /// Writes a mark into a row, which stays the same session to the library: behind what it reads, or as one more value.
    ///
    /// So nobody is logged out there as long as the session is on its way.
    pub(super) fn mark(&self, row: &[u8], mark: &str) -> Option<Vec<u8>> {
        match self {
            Self::TowerSessions => {
                let (_, behind) = tower_session(row)?;
                let row = &row[..row.len() - behind.len()];
                Some([row, MARK.as_bytes(), mark.as_bytes()].concat())
            }
            Self::ActixSession => {
                let mut values: BTreeMap<String, String> = serde_json::from_slice(row).ok()?;
                values.insert(MARK.to_owned(), mark.to_owned());
                serde_json::to_vec(&values).ok()
            }
            #[cfg(all(
                feature = "django",
                any(feature = "mysql", feature = "postgres", feature = "sqlite")
            ))]
            Self::Django(site) => site.mark(row, mark),
        }
    }
}

/// Reads the number that tower-sessions writes as 22 characters.
fn number(id: &str) -> Option<i128> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    Some(i128::from_le_bytes(bytes.try_into().ok()?))
}

/// Reads a session of tower-sessions, and returns what is behind it too, which that library does not look at.
///
/// A mark is only there: an application may have stored the same text as a value.
fn tower_session(row: &[u8]) -> Option<(TowerSession, &[u8])> {
    let mut behind = row;
    let session = TowerSession::deserialize(&mut Deserializer::new(&mut behind)).ok()?;
    Some((session, behind))
}

fn mark_in(behind: &[u8]) -> Option<String> {
    let mark = behind.strip_prefix(MARK.as_bytes())?;
    Some(str::from_utf8(mark).ok()?.to_owned())
}

/// JSON of a string begins with a quote, so that this is also no value that an application could store by actix-session.
pub(super) const MARK: &str = "session.moving:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_the_library_can_have_made_are_looked_for() {
        let actix = "a1B2".repeat(16);
        for (id, tower, actix_session) in [
            ("", false, false),
            ("AAAAAAAAAAAAAAAAAAAAAA", true, false),
            ("-_AAAAAAAAAAAAAAAAAAAA", true, false),
            ("AAAAAAAAAAAAAAAAAAAAAB", false, false),
            ("AAAAAAAAAAAAAAAAAAAAA", false, false),
            ("AAAAAAAAAAAAAAAAAAAAAA==", false, false),
            ("other:key", false, false),
            (&actix, false, true),
            (&actix[1..], false, false),
            (&actix.replace('a', ":"), false, false),
            (&actix.replace('a', "é"), false, false),
        ] {
            assert_eq!(Form::TowerSessions.has(id), tower, "{id}");
            assert_eq!(Form::ActixSession.has(id), actix_session, "{id}");
        }
    }

    #[test]
    fn what_is_no_session_is_not_read() {
        let id = "a1B2".repeat(16);
        let read = |row: &str| {
            let content = Form::ActixSession.read(&id, row.as_bytes(), Moment::UNIX_EPOCH)?;
            content.values.text()
        };
        for (row, values) in [
            ("{}", Some("{}")),
            (r#"{"n":"1"}"#, Some(r#"{"n":1}"#)),
            (r#"{"b":"\"x\"","a":"1.10"}"#, Some(r#"{"a":1.10,"b":"x"}"#)),
            (r#"{"n":1}"#, None),
            (r#"{"n":"x"}"#, None),
            (r#"{"n":"1,\"m\":2"}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(read(row).as_deref(), values, "{row}");
        }
        let other = "AQAAAAAAAAAAAAAAAAAAAA";
        let row = tower();
        let read = |id| Form::TowerSessions.read(id, &row, Moment::UNIX_EPOCH);
        let content = read(ID).unwrap();
        assert_eq!(content.values.get("n"), Ok(Some(1)));
        assert_eq!(content.ends, Some(Moment::UNIX_EPOCH));
        assert!(read(other).is_none());
        assert!(
            Form::TowerSessions
                .read(ID, b"session", Moment::UNIX_EPOCH)
                .is_none()
        );
    }

    #[test]
    fn a_marked_row_is_the_same_session_to_its_library() {
        let actix = br#"{"n":"1"}"#.to_vec();
        for (form, row) in [(Form::TowerSessions, tower()), (Form::ActixSession, actix)] {
            let once = form.mark(&row, "one").unwrap();
            let twice = form.mark(&once, "another").unwrap();
            for (row, mark) in [
                (&row, None),
                (&once, Some("one")),
                (&twice, Some("another")),
            ] {
                let content = form.read(ID, row, Moment::UNIX_EPOCH).unwrap();
                assert_eq!(content.mark.as_deref(), mark);
                assert_eq!(content.values.text().as_deref(), Some(r#"{"n":1}"#));
            }
            // As the libraries read it.
            if let Form::TowerSessions = form {
                let session: TowerSession = rmp_serde::from_slice(&twice).unwrap();
                assert_eq!(session.data["n"], 1);
            } else {
                let values: BTreeMap<String, String> = serde_json::from_slice(&twice).unwrap();
                assert_eq!(values["n"], "1");
            }
        }
    }

    #[test]
    fn a_value_with_the_text_of_a_mark_is_no_mark() {
        let text = format!("{MARK}0123 {MARK}");
        let named = [(&*text, Value::from(&*text)), ("n", text.as_str().into())];
        let rows = [
            row(named.clone()),
            serde_json::to_vec(&BTreeMap::from(
                named.map(|(name, value)| (name, value.to_string())),
            ))
            .unwrap(),
        ];
        for (form, row) in [Form::TowerSessions, Form::ActixSession].iter().zip(&rows) {
            let marked = form.mark(row, "one").unwrap();
            for (row, mark) in [(row, None), (&marked, Some("one"))] {
                let content = form.read(ID, row, Moment::UNIX_EPOCH).unwrap();
                assert_eq!(content.mark.as_deref(), mark, "{form:?}");
                assert_eq!(content.values.get(&text), Ok(Some(text.clone())));
                assert_eq!(content.values.get("n"), Ok(Some(text.clone())));
            }
        }
    }

    #[test]
    fn what_is_behind_a_session_and_no_mark_is_nothing() {
        for behind in [
            &b"x"[..],
            b"session.moving",
            b"x session.moving:y",
            b"session.moving:\xff",
        ] {
            let row = [&tower(), behind].concat();
            let content = Form::TowerSessions
                .read(ID, &row, Moment::UNIX_EPOCH)
                .unwrap();
            assert_eq!(content.mark, None, "{behind:?}");
            let marked = Form::TowerSessions.mark(&row, "one").unwrap();
            let content = Form::TowerSessions
                .read(ID, &marked, Moment::UNIX_EPOCH)
                .unwrap();
            assert_eq!(content.mark.as_deref(), Some("one"), "{behind:?}");
        }
    }

    const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    fn tower() -> Vec<u8> {
        row([("n", Value::from(1))])
    }

    fn row<const N: usize>(values: [(&str, Value); N]) -> Vec<u8> {
        let values = BTreeMap::from(values);
        rmp_serde::to_vec(&(0_i128, values, OffsetDateTime::UNIX_EPOCH)).unwrap()
    }
}
