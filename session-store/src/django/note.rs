use std::sync::Arc;

use session_core::{Digest, Moment, Record, Revision, from_micros, to_micros};

use super::members::{Member, Members, object, quote, unquote};

/// What Django's table has no column for: the object that the store keeps as the value [`NAME`].
///
/// Django carries it along when it saves, renames or signs in a session, so it may be about earlier
/// values, or about another owner.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Note {
    /// The revision of our last write, and the number of the values that it wrote.
    pub(super) written: Option<(Revision, i64)>,
    pub(super) created: Option<Moment>,
    pub(super) seen: Option<Moment>,
    /// The end that our last write set.
    pub(super) expires: Option<Moment>,
    pub(super) issued: Option<Moment>,
    pub(super) authenticated: Option<Moment>,
    pub(super) owner: Option<Arc<str>>,
    pub(super) label: Option<Arc<str>>,
    pub(super) address: Option<Arc<str>>,
    pub(super) tag: Option<Arc<str>>,
    pub(super) credential: Option<Digest>,
}

/// The name of the value.
pub(super) const NAME: &str = "_session";

impl Note {
    /// Notes what a record says that is written with values of a number and with an end.
    pub(super) fn of(record: &Record, number: i64, expires: Moment) -> Self {
        Self {
            written: Some((record.revision, number)),
            created: Some(record.created),
            seen: Some(record.seen),
            expires: Some(expires),
            issued: Some(record.secrets.issued),
            authenticated: record.authenticated,
            owner: record.owner.clone(),
            label: record.label.clone(),
            address: record.address.clone(),
            tag: record.tag.clone(),
            credential: record.credential,
        }
    }

    /// Reads a note; what is none says nothing.
    pub(super) fn parse(value: &str) -> Self {
        Members::parse(value)
            .and_then(|members| Self::read(&members))
            .unwrap_or_default()
    }

    fn read(members: &Members<'_>) -> Option<Self> {
        let number = |name: &str| -> Option<Option<i64>> {
            members
                .get(name)
                .map(|value| value.parse().ok())
                .map_or(Some(None), |it| it.map(Some))
        };
        let moment = |name: &str| match number(name)? {
            Some(micros) => from_micros(micros).map(Some),
            None => Some(None),
        };
        let text = |name: &str| match members.get(name) {
            Some(value) => unquote(value).map(|text| Some(Arc::from(&*text))),
            None => Some(None),
        };
        let credential = match text("credential")? {
            Some(digits) => Some(digest(&digits)?),
            None => None,
        };
        let revision = number("revision")?.filter(|number| *number >= 0);
        let created = moment("created")?;
        Some(Self {
            written: revision.map(Revision::from_i64).zip(number("of")?),
            created,
            seen: moment("seen")?.or(created),
            expires: moment("expires")?,
            issued: moment("issued")?.or(created),
            authenticated: moment("authenticated")?,
            owner: text("owner")?,
            label: text("label")?,
            address: text("address")?,
            tag: text("tag")?,
            credential,
        })
    }

    /// Writes the value.
    pub(super) fn value(&self) -> String {
        let revision = self.written.map(|(revision, _)| revision.to_i64());
        let number = |number: i64| number.to_string();
        let moment = |moment: Moment| to_micros(moment).to_string();
        let other = |moment: Option<Moment>| moment.filter(|_| moment != self.created);
        let text = |text: &Arc<str>| quote(text);
        let members = [
            ("revision", revision.map(number)),
            ("of", self.written.map(|(_, of)| number(of))),
            ("created", self.created.map(moment)),
            ("seen", other(self.seen).map(moment)),
            ("expires", self.expires.map(moment)),
            ("issued", other(self.issued).map(moment)),
            ("authenticated", self.authenticated.map(moment)),
            ("owner", self.owner.as_ref().map(text)),
            ("label", self.label.as_ref().map(text)),
            ("address", self.address.as_ref().map(text)),
            ("tag", self.tag.as_ref().map(text)),
            ("credential", self.credential.as_ref().map(digits)),
        ];
        let members = members.map(|(name, value)| value.map(|value| Member::new(name, value)));
        object(members.iter().flatten())
    }
}

fn digits(digest: &Digest) -> String {
    format!("\"{:032x}\"", u128::from_be_bytes(*digest.as_bytes()))
}

fn digest(digits: &str) -> Option<Digest> {
    let bits = u128::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 32)?;
    Digest::from_bytes(&bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use session_testkit::{changed, digest_of, moment_at, record_of};

    use super::*;

    #[test]
    fn a_note_comes_back() {
        let least = record_of(1);
        let most = changed!(
            record_of(2),
            seen = moment_at(3),
            authenticated = Some(moment_at(-1)),
            owner = Some("ada \"x\" 🦀".into()),
            label = Some("".into()),
            address = Some("::1".into()),
            tag = Some("t\u{0}".into()),
            credential = Some(digest_of(7))
        );
        for record in [least, most] {
            let note = Note::of(&record, 5, moment_at(9));
            assert_eq!(Note::parse(&note.value()), note);
        }
        let short = Note::of(&record_of(1), 5, moment_at(9)).value();
        assert_eq!(
            short,
            r#"{"revision":1,"of":5,"created":4102444800000000,"expires":4102444809000000}"#
        );
        assert_eq!(Note::parse(&Note::default().value()), Note::default());
    }

    #[test]
    fn what_is_no_note_of_ours_says_nothing() {
        for value in [
            "1",
            "[]",
            "null",
            r#"{"revision":"1","of":1}"#,
            r#"{"created":1e3}"#,
            r#"{"created":9223372036854775807}"#,
            r#"{"label":7}"#,
            r#"{"credential":"00"}"#,
        ] {
            assert_eq!(Note::parse(value), Note::default(), "{value}");
        }
    }
}
