use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use session_core::{Device, Digest, Expiry, Key, Record, Revision, StoreError};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::form::Form;
use super::members::{Member, Members, object, quote, unquote};
use super::note::{self, Note};

/// What the payload of a row says.
///
/// The members of three names are the record's fields and not among its values: the owner
/// ([`OWNER`]), the session's own lifetime ([`EXPIRY`]) and the store's [note](Note).
#[derive(Debug)]
pub(super) struct Contents<'t> {
    members: Members<'t>,
    /// Of our last write, as far as it still holds.
    note: Note,
    owner: Option<Arc<str>>,
    expiry: Expiry,
    /// 63 bits of a digest of all members but the note.
    number: i64,
    /// When the row was last saved, in whole seconds.
    signed: OffsetDateTime,
    expires: OffsetDateTime,
    is_end_ours: bool,
}

impl<'t> Contents<'t> {
    /// Reads a payload, which is strict JSON; `None` if it is no object.
    pub(super) fn parse(
        json: &'t str,
        (signed, ends): (OffsetDateTime, OffsetDateTime),
        form: &Form,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let members = Members::parse(json)?;
        let note = members.get(note::NAME).map(Note::parse);
        let owner = members.get(OWNER).and_then(owner_of);
        let expiry = members.get(EXPIRY).map(|value| form.expiry(value, signed));
        // Django carries the note of an anonymous session into that of who signs in.
        let note = note.filter(|note| note.owner == owner).unwrap_or_default();
        // A wall clock can show our end and another one alike.
        let ours = note
            .expires
            .filter(|ours| form.shown(*ours, now) == Some(ends));
        Some(Self {
            expires: ours.unwrap_or(ends),
            is_end_ours: ours.is_some(),
            note,
            number: number_of(members.iter()),
            expiry: expiry.unwrap_or_default(),
            owner,
            members,
            signed,
        })
    }

    /// Returns our revision, or if Django has written since, a number of what it wrote.
    ///
    /// Signing the same values again makes no other.
    pub(super) fn revision(&self) -> Revision {
        match self.note.written {
            Some((revision, number)) if number == self.number => revision,
            _ => Revision::from_i64(self.number),
        }
    }

    pub(super) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    pub(super) fn expires(&self) -> OffsetDateTime {
        self.expires
    }

    /// Returns the end that a record gives to the session which it replaces.
    ///
    /// Django may have moved the end since the record's was computed, which is no other state. Then
    /// only the session's own lifetime brings it nearer.
    pub(super) fn end(&self, record: &Record) -> OffsetDateTime {
        if self.is_end_ours || self.expiry != record.expiry {
            record.expires
        } else {
            record.expires.max(self.expires)
        }
    }

    pub(super) fn record(&self, present: Digest) -> Record {
        let mut record = Record::new(self.revision(), present, self.created(), self.expires);
        record.secrets.issued = self.note.issued.unwrap_or(record.created);
        record.seen = self.seen();
        record.authenticated = self.note.authenticated;
        record.owner.clone_from(&self.owner);
        record.expiry = self.expiry;
        record.label.clone_from(&self.note.label);
        record.address.clone_from(&self.note.address);
        record.tag.clone_from(&self.note.tag);
        record.credential = self.note.credential;
        record.data = self.values().into();
        record
    }

    pub(super) fn device(&self, key: &Key) -> Device {
        let mut device = Device::new(key.public_id(), self.created(), self.seen(), self.expires);
        device.label.clone_from(&self.note.label);
        device.address.clone_from(&self.note.address);
        device
    }

    /// Returns the payload with later moments of use and end, and these moments.
    pub(super) fn touched(
        &self,
        seen: OffsetDateTime,
        expires: OffsetDateTime,
    ) -> (String, OffsetDateTime, OffsetDateTime) {
        let (seen, expires) = (seen.max(self.seen()), expires.max(self.expires));
        let note = Note {
            written: self
                .note
                .written
                .filter(|(_, number)| *number == self.number),
            created: Some(self.created()),
            seen: Some(seen),
            expires: Some(expires),
            issued: self.note.issued.or(Some(self.created())),
            owner: self.owner.clone(),
            ..self.note.clone()
        };
        (noted(self.members.iter(), &note), seen, expires)
    }

    /// The start of the session, or of what Django began under its key.
    fn created(&self) -> OffsetDateTime {
        self.note.created.unwrap_or(self.signed)
    }

    fn seen(&self) -> OffsetDateTime {
        // Our own writes are signed with the second in which the session was seen.
        self.note
            .seen
            .map_or(self.signed, |seen| seen.max(self.signed))
    }

    /// Returns the record's values, in their order.
    fn values(&self) -> String {
        object(
            self.members
                .iter()
                .filter(|member| !is_reserved(&member.name)),
        )
    }
}

/// The error of a record that can't be written.
pub(super) fn unwritable(reason: &Unwritable) -> StoreError {
    match reason {
        Unwritable::NoObject => {
            StoreError::new("can't write a session: its values are no JSON object")
        }
        Unwritable::Reserved(name) => StoreError::new(format!(
            "can't write a session: {name:?} can't be one of its values, because it is how \
             Django keeps a field; set the field instead"
        )),
    }
}

/// Returns the payload of a record, built on that of the row which it replaces.
///
/// What the record leaves as it is keeps its bytes and its place: also of the three fields.
///
/// # Errors
///
/// The record's values are no JSON object, or one of them has a reserved name.
pub(super) fn written(
    old: Option<&Contents<'_>>,
    record: &Record,
    expires: OffsetDateTime,
    form: &Form,
) -> Result<String, Unwritable> {
    let new = Members::parse(&record.data).ok_or(Unwritable::NoObject)?;
    if let Some(member) = new.iter().find(|member| is_reserved(&member.name)) {
        return Err(Unwritable::Reserved(member.name.clone().into_owned()));
    }
    let last_of = |members: &Members<'_>| -> HashMap<String, String> {
        let pairs = members
            .iter()
            .map(|it| (it.name.clone().into(), it.value.clone().into()));
        pairs.collect()
    };
    let (values, before) = (last_of(&new), old.map(|old| last_of(&old.members)));
    let mut members = Vec::with_capacity(new.len() + 3);
    let mut placed = HashSet::new();
    for member in old.iter().flat_map(|old| old.members.iter()) {
        let name = &*member.name;
        if name == note::NAME {
            continue;
        }
        if is_reserved(name) {
            if placed.insert(name) {
                members.extend(field(name, old, record, form));
            }
            continue;
        }
        let is_first = placed.insert(name);
        let Some(value) = values.get(name) else {
            continue;
        };
        if before.as_ref().and_then(|before| before.get(name)) == Some(value) {
            members.push(member.clone());
        } else if is_first {
            members.push(Member {
                value: Cow::Owned(ascii(value).into_owned()),
                ..member.clone()
            });
        }
    }
    let added = new.iter().filter(|member| !placed.contains(&*member.name));
    members.extend(added.map(|member| Member {
        name: member.name.clone(),
        quoted: Cow::Owned(ascii(&member.quoted).into_owned()),
        value: Cow::Owned(ascii(&member.value).into_owned()),
    }));
    for name in [OWNER, EXPIRY] {
        if !placed.contains(name) {
            members.extend(field(name, old, record, form));
        }
    }
    let note = Note::of(record, number_of(&members), expires);
    Ok(noted(&members, &note))
}

/// Returns an object of the members but the notes, and of this note at the end.
fn noted<'m, 't: 'm>(members: impl IntoIterator<Item = &'m Member<'t>>, note: &Note) -> String {
    let note = Member::new(note::NAME, ascii(&note.value()).into_owned());
    let others = members
        .into_iter()
        .filter(|member| member.name != note::NAME);
    let others: Vec<_> = others.collect();
    object(others.into_iter().chain([&note]))
}

/// The reason why a record has no payload.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unwritable {
    NoObject,
    Reserved(String),
}

/// Returns the member that has a field of the record.
fn field<'t>(
    name: &str,
    old: Option<&Contents<'t>>,
    record: &Record,
    form: &Form,
) -> Option<Member<'t>> {
    let is_same = |old: &&Contents<'t>| {
        if name == OWNER {
            old.owner == record.owner
        } else {
            old.expiry == record.expiry
        }
    };
    let same = old.filter(is_same).into_iter();
    let mut same = same.flat_map(|old| old.members.iter().rev());
    if let Some(same) = same.find(|member| member.name == name) {
        return Some(same.clone());
    }
    if name == OWNER {
        let owner = ascii(&quote(record.owner.as_deref()?)).into_owned();
        return Some(Member::new(OWNER, owner));
    }
    let expiry = form.expiry_value(record.expiry)?;
    Some(Member::new(EXPIRY, expiry))
}

/// Reads a user's primary key, which Django keeps as a string; an integer is as good there.
fn owner_of(value: &str) -> Option<Arc<str>> {
    let is_integer = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_integer {
        return Some(value.into());
    }
    unquote(value).map(|owner| Arc::from(&*owner))
}

fn number_of<'m, 't: 'm>(members: impl IntoIterator<Item = &'m Member<'t>>) -> i64 {
    let mut hash = Sha256::new();
    for member in members {
        if member.name != note::NAME {
            hash.update(member.quoted.as_bytes());
            hash.update(b":");
            hash.update(member.value.as_bytes());
            hash.update(b",");
        }
    }
    let hash: [u8; 32] = hash.finalize().into();
    let (first, _) = hash.split_first_chunk().expect("32 bytes begin with eight");
    i64::from_be_bytes(*first) & i64::MAX
}

/// Escapes what JSON in ASCII has to. Beyond ASCII only strings have characters.
fn ascii(json: &str) -> Cow<'_, str> {
    if json.bytes().all(|byte| byte < 0x7f) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        if character < '\u{7f}' {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // A string takes everything.
            _ = write!(text, "\\u{unit:04x}");
        }
    }
    Cow::Owned(text)
}

fn is_reserved(name: &str) -> bool {
    matches!(name, OWNER | EXPIRY | note::NAME)
}

const OWNER: &str = "_auth_user_id";
const EXPIRY: &str = "_session_expiry";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use session_core::django::Zone;
    use session_testkit::{changed, digest_of, moment_at, record_of};

    use super::*;

    fn form() -> Form {
        Form {
            zone: Zone::use_tz(),
            column: Zone::use_tz(),
        }
    }

    /// Reads a payload that was signed at second 7 and ends at 100.
    fn read(json: &str) -> Contents<'_> {
        Contents::parse(json, (moment_at(7), moment_at(100)), &form(), moment_at(7)).unwrap()
    }

    /// Writes values over a payload, and returns the new one without the note.
    fn over(old: &str, record: &Record) -> String {
        let old = Some(old).filter(|old| !old.is_empty()).map(read);
        let json = written(old.as_ref(), record, record.expires, &form()).unwrap();
        without_note(&json)
    }

    fn without_note(json: &str) -> String {
        let members = Members::parse(json).unwrap();
        object(members.iter().filter(|member| member.name != note::NAME))
    }

    fn with(data: &str) -> Record {
        changed!(record_of(1), data = data.into())
    }

    #[test]
    fn what_a_record_leaves_as_it_is_keeps_its_bytes_and_its_place() {
        for (old, data, new) in [
            ("", r#"{"b":1,"a":[2]}"#, r#"{"b":1,"a":[2]}"#),
            // Beyond ASCII only as escapes.
            ("", r#"{"é":"🦀\n"}"#, r#"{"\u00e9":"\ud83e\udd80\n"}"#),
            (r#"{"a":1}"#, "{}", "{}"),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, r#"{"a":1,"b":2}"#),
            (
                r#"{"a":1.50,"b":2}"#,
                r#"{"a":1.50,"b":3}"#,
                r#"{"a":1.50,"b":3}"#,
            ),
            (r#"{"a":1,"b":2}"#, r#"{"c":0,"b":2}"#, r#"{"b":2,"c":0}"#),
            (
                r#"{ "\u00e9" : [ 1 ] }"#,
                r#"{"é":[ 1 ]}"#,
                r#"{"\u00e9":[ 1 ]}"#,
            ),
            (r#"{"\u00e9":1}"#, r#"{"é":2}"#, r#"{"\u00e9":2}"#),
            // Of two with one name the last counts.
            (
                r#"{"a":1,"b":2,"a":3}"#,
                r#"{"b":2,"a":3}"#,
                r#"{"a":1,"b":2,"a":3}"#,
            ),
            (
                r#"{"a":1,"b":2,"a":3}"#,
                r#"{"b":2,"a":4}"#,
                r#"{"a":4,"b":2}"#,
            ),
            (r#"{"a":1,"a":3}"#, "{}", "{}"),
        ] {
            assert_eq!(over(old, &with(data)), new, "{old} {data}");
        }
    }

    #[test]
    fn fields_keep_their_form_and_their_place_until_they_change() {
        let ada = |data| changed!(with(data), owner = Some("7".into()));
        let short =
            |record: Record| changed!(record, expiry = Expiry::After(Duration::from_secs(300)));
        for (old, record, new) in [
            ("", ada("{}"), r#"{"_auth_user_id":"7"}"#),
            ("", short(with("{}")), r#"{"_session_expiry":300}"#),
            (
                r#"{"_session_expiry":3e2,"a":1,"_auth_user_id":7}"#,
                short(ada(r#"{"a":2}"#)),
                r#"{"_session_expiry":3e2,"a":2,"_auth_user_id":7}"#,
            ),
            (
                r#"{"_session_expiry":0,"a":1,"_auth_user_id":"8"}"#,
                short(ada(r#"{"a":1}"#)),
                r#"{"_session_expiry":300,"a":1,"_auth_user_id":"7"}"#,
            ),
            (
                r#"{"_auth_user_id":"8","_session_expiry":0,"a":1}"#,
                with(r#"{"a":1}"#),
                r#"{"a":1}"#,
            ),
            // What means nothing stays.
            (
                r#"{"_auth_user_id":null,"_session_expiry":"x"}"#,
                with("{}"),
                r#"{"_auth_user_id":null,"_session_expiry":"x"}"#,
            ),
        ] {
            assert_eq!(over(old, &record), new, "{old}");
        }
    }

    #[test]
    fn a_payload_is_a_record() {
        let json = r#"{"z":1,"_auth_user_id":"\u00e9","_auth_user_hash":"x","_session_expiry":0}"#;
        let record = read(json).record(digest_of(3));
        assert_eq!(&*record.data, r#"{"z":1,"_auth_user_hash":"x"}"#);
        assert_eq!(record.owner.as_deref(), Some("é"));
        assert_eq!(record.expiry, Expiry::BrowserClose);
        assert_eq!((record.created, record.seen), (moment_at(7), moment_at(7)));
        assert_eq!(
            (record.expires, record.authenticated),
            (moment_at(100), None)
        );
        assert_eq!(record.secrets.present, digest_of(3));
    }

    #[test]
    fn what_was_written_comes_back() {
        let record = changed!(
            with(r#"{"a":1}"#),
            seen = moment_at(9),
            owner = Some("7".into()),
            authenticated = Some(moment_at(3)),
            label = Some("Firefox".into())
        );
        let json = written(None, &record, record.expires, &form()).unwrap();
        let contents =
            Contents::parse(&json, (record.seen, record.expires), &form(), moment_at(7)).unwrap();
        assert_eq!(contents.record(digest_of(0)), record);
    }

    #[test]
    fn a_change_by_django_is_another_revision_and_a_new_signature_is_none() {
        let json = written(None, &record_of(5), moment_at(100), &form()).unwrap();
        let again = Contents::parse(
            &json,
            (moment_at(50), moment_at(150)),
            &form(),
            moment_at(7),
        )
        .unwrap();
        assert_eq!(again.revision(), record_of(5).revision);
        assert_eq!(
            (again.seen(), again.expires()),
            (moment_at(50), moment_at(150))
        );
        let theirs = json.replace("\"n\":5", "\"n\":6");
        let theirs = read(&theirs);
        assert_ne!(theirs.revision(), record_of(5).revision);
        // A touch is none, whoever wrote last.
        for json in [
            &*json,
            r#"{"a":1}"#,
            r#"{"a":1,"_session":7,"_session":{}}"#,
        ] {
            let before = read(json).revision();
            let (touched, seen, expires) = read(json).touched(moment_at(60), moment_at(90));
            assert_eq!((seen, expires), (moment_at(60), moment_at(100)));
            assert_eq!(read(&touched).revision(), before, "{json}");
            assert_eq!(without_note(&touched), without_note(json));
        }
    }

    #[test]
    fn whoever_signs_in_through_django_has_nothing_of_the_note() {
        let guest = changed!(
            record_of(5),
            label = Some("x".into()),
            created = moment_at(1)
        );
        let json = written(None, &guest, guest.expires, &form()).unwrap();
        let signed_in = json.replace("{\"n\":5", "{\"_auth_user_id\":\"7\",\"n\":5");
        let record = read(&signed_in).record(digest_of(0));
        assert_eq!((record.label, record.created), (None, moment_at(7)));
        // What is written next is about the new owner.
        let next = changed!(
            record_of(6),
            owner = Some("7".into()),
            created = moment_at(7)
        );
        let json = written(Some(&read(&signed_in)), &next, next.expires, &form()).unwrap();
        assert_eq!(read(&json).record(digest_of(0)).created, moment_at(7));
    }

    #[test]
    fn only_the_sessions_own_lifetime_brings_an_end_nearer_that_django_has_moved() {
        let json = written(None, &record_of(1), moment_at(50), &form()).unwrap();
        let at = |ends| {
            Contents::parse(
                &json,
                (moment_at(7), moment_at(ends)),
                &form(),
                moment_at(7),
            )
            .unwrap()
        };
        let sooner = changed!(record_of(2), expires = moment_at(20));
        let own = changed!(sooner.clone(), expiry = Expiry::At(moment_at(20)));
        assert_eq!(at(50).end(&sooner), moment_at(20));
        assert_eq!(at(60).end(&sooner), moment_at(60));
        assert_eq!(at(60).end(&own), moment_at(20));
        assert_eq!(
            at(60).end(&changed!(sooner, expires = moment_at(70))),
            moment_at(70)
        );
    }

    #[test]
    fn a_wall_clock_that_shows_two_hours_alike_keeps_our_end() {
        let form = Form {
            zone: Zone::local("America/New_York").unwrap(),
            column: Zone::local("America/New_York").unwrap(),
        };
        // The second 1:30 of that night.
        let end = time::macros::datetime!(2026-11-01 6:30 UTC);
        let record = changed!(record_of(1), expires = end);
        let json = written(None, &record, end, &form).unwrap();
        let column = form.column(end);
        for now in [end - time::Duration::HOUR, end - time::Duration::MINUTE] {
            let shown = form.moment(&column, now).unwrap();
            let contents = Contents::parse(&json, (moment_at(0), shown), &form, now).unwrap();
            assert_eq!(contents.expires(), end);
        }
    }

    #[test]
    fn a_value_can_have_none_of_the_three_names() {
        for name in [OWNER, EXPIRY, note::NAME, r"_session\u005fexpiry"] {
            let record = with(&format!("{{\"a\":1,\"{name}\":1}}"));
            let refused = written(None, &record, record.expires, &form()).unwrap_err();
            assert!(matches!(refused, Unwritable::Reserved(_)), "{name}");
        }
        let none = written(None, &with("[]"), moment_at(1), &form());
        assert_eq!(none, Err(Unwritable::NoObject));
    }
}
