#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use session_core::django::{MAX_JSON_BYTES, USER_HASH, check_json, check_value};
use session_core::{
    Device, Digest, Expiry, Key, Moment, Record, Revision, StoreError, ValueRule, to_micros,
};
use sha2::{Digest as _, Sha256};

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
    signed: Moment,
    expires: Moment,
    is_end_ours: bool,
}

impl<'t> Contents<'t> {
    /// Reads a payload, which is strict JSON; `None` if it is no object.
    pub(super) fn parse(
        json: &'t str,
        (signed, ends): (Moment, Moment),
        form: &Form,
        now: Moment,
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

    /// Says whether a record under another key is still this session, which the key of before may end.
    ///
    /// A sign-in begins another one, also of the same owner. After a change of the password, requests
    /// that still have the old hash end the session that they came with, and must not end this one.
    pub(super) fn goes_on_as(&self, record: &Record) -> bool {
        let hash = Members::parse(&record.data);
        let hash = hash.as_ref().and_then(|new| new.get(USER_HASH));
        self.owner == record.owner
            && self.created() == record.created
            && self.members.get(USER_HASH) == hash
    }

    pub(super) fn tag(&self) -> Option<&str> {
        self.note.tag.as_deref()
    }

    pub(super) fn expires(&self) -> Moment {
        self.expires
    }

    /// Returns the end that a record gives to the session which it replaces.
    ///
    /// Django may have moved the end since the record's was computed, which is no other state. Then
    /// only the session's own lifetime brings it nearer.
    pub(super) fn end(&self, record: &Record) -> Moment {
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
    pub(super) fn touched(&self, seen: Moment, expires: Moment) -> (String, Moment, Moment) {
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
    fn created(&self) -> Moment {
        self.note.created.unwrap_or(self.signed)
    }

    fn seen(&self) -> Moment {
        match self.note.seen {
            // Our own writes are signed with the second in which the session was seen.
            Some(seen) if seen >= self.signed => seen,
            _ => self.signed + self.fraction(),
        }
    }

    /// The part of a second in which Django saved: of the row's end, which it computes from that moment and
    /// whole seconds. A cookie has no row.
    fn fraction(&self) -> Duration {
        let saved = match self.expiry {
            Expiry::At(_) => return Duration::ZERO,
            _ if self.expires <= self.signed => return Duration::ZERO,
            Expiry::After(span) => self.expires - span,
            _ => self.expires,
        };
        let micros = to_micros(saved).rem_euclid(1_000_000);
        Duration::from_micros(micros.unsigned_abs())
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
        Unwritable::TooLarge => StoreError::new(format!(
            "can't write a session: it is larger than {MAX_JSON_BYTES} bytes, which Django can't read"
        )),
        Unwritable::Value(name, reason) => StoreError::new(format!(
            "can't write a session: {name:?} can't be one of its values: {reason}"
        )),
    }
}

/// What Django can't keep among a session's values.
pub(super) const RULE: ValueRule = ValueRule::new(refusal);

fn refusal(name: &str, json: &str) -> Option<&'static str> {
    if is_reserved(name) {
        return Some("it is how Django keeps a field of the session; set the field instead");
    }
    let is_readable = check_value(json).is_ok();
    (!is_readable).then_some(
        "it is nested deeper than 970 levels, or has an integer of more than 4,300 digits, which \
         Django can't read",
    )
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
    expires: Moment,
    form: &Form,
) -> Result<String, Unwritable> {
    let new = Members::parse(&record.data).ok_or(Unwritable::NoObject)?;
    let last_of = |members: &Members<'_>| -> HashMap<String, String> {
        let pairs = members
            .iter()
            .map(|it| (it.name.clone().into(), it.value.clone().into()));
        pairs.collect()
    };
    let (values, before) = (last_of(&new), old.map(|old| last_of(&old.members)));
    for (name, value) in &values {
        // What Django has written itself goes back as it came.
        let is_kept = before.as_ref().and_then(|before| before.get(name)) == Some(value);
        let reason = refusal(name, value).filter(|_| !is_kept || is_reserved(name));
        if let Some(reason) = reason {
            return Err(Unwritable::Value(name.clone(), reason));
        }
    }
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
    let json = noted(&members, &note);
    // Else nobody could read the row any more, and the session would be lost.
    if json.len() > MAX_JSON_BYTES || check_json(&json).is_err() {
        return Err(Unwritable::TooLarge);
    }
    Ok(json)
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
    /// The value's name, and the reason.
    Value(String, &'static str),
    /// Django or this store could not read it again.
    TooLarge,
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
