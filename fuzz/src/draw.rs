//! The strategies: what a target makes of an input's bytes.

use std::time::Duration;

use arbitrary::Unstructured;
use session_core::{Digest, Expiry, Key, Moment, Record, Remembered, Revision, Salt, from_micros};
use session_testkit::{digest_of, key_of, moment_at};

/// An input that is read bit by bit; when it is used up, every draw is the first of its kind.
#[derive(Debug)]
pub struct Draw<'a>(Unstructured<'a>);

impl<'a> Draw<'a> {
    /// Begins at an input's first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Says whether nothing is left; then a loop ends.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        let last = limit.saturating_sub(1);
        self.0.int_in_range(0..=last).unwrap_or_default()
    }

    /// Says no, unless something is left and says yes.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }

    /// Returns any number.
    pub fn number(&mut self) -> i64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Returns a number that is mostly small, and sometimes at an end.
    pub fn small(&mut self) -> i64 {
        match self.below(8) {
            0 => self.number(),
            1 => *self.pick(&[i64::MIN, i64::MAX, -1, 1 << 32]),
            _ => i64::try_from(self.below(40)).unwrap_or_default() - 8,
        }
    }

    /// Returns one of these.
    pub fn pick<'b, T>(&mut self, these: &'b [T]) -> &'b T {
        &these[self.below(these.len())]
    }

    /// Returns bytes, and mostly few.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let most = if self.one_in(4) { most } else { most.min(24) };
        let length = self.below(most + 1).min(self.0.len());
        self.0.bytes(length).unwrap_or_default().to_vec()
    }

    /// Returns so many bytes; zeros if the input is used up.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        // It fills what is missing with zeros.
        self.0.fill_buffer(&mut array).unwrap_or_default();
        array
    }

    /// Returns a text of any characters.
    pub fn text(&mut self, most: usize) -> String {
        String::from_utf8_lossy(&self.bytes(most)).into_owned()
    }

    /// Returns pieces one after the other, of a dictionary or of any bytes.
    pub fn pieces(&mut self, dictionary: &[&[u8]], most: usize) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.below(most + 1) {
            if self.one_in(6) {
                text.extend(self.bytes(40));
            } else {
                text.extend_from_slice(dictionary[self.below(dictionary.len())]);
            }
        }
        text
    }

    /// Changes bytes in one to four places: other bits, a cut, a copy, or something in between.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len() + 1);
            match self.below(5) {
                0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
                1 if place < bytes.len() => bytes[place] = self.array::<1>()[0],
                2 => bytes.truncate(place),
                3 => drop(bytes.splice(place..place, self.bytes(20))),
                _ => {
                    let end = place + self.below(bytes.len() - place + 1);
                    let copied = bytes[place..end].to_vec();
                    let at = self.below(bytes.len() + 1);
                    bytes.splice(at..at, copied);
                }
            }
        }
    }

    /// Returns a moment near the beginning of the tests' time, or one at an end of all time.
    pub fn moment(&mut self) -> Moment {
        match self.below(16) {
            14 => *self.pick(&[Moment::FIRST, Moment::LAST, Moment::UNIX_EPOCH]),
            15 => from_micros(self.number()).unwrap_or(Moment::LAST),
            _ => moment_at(i64::try_from(self.below(60)).unwrap_or_default()),
        }
    }

    /// Returns one of a few keys, so that commands meet.
    pub fn key(&mut self) -> Key {
        key_of(self.below(KEYS) as u64)
    }

    /// Returns one of a few digests, so that it is often that of a record.
    pub fn digest(&mut self) -> Digest {
        match self.below(8) {
            7 => Digest::from_bytes(&self.array::<16>()).unwrap_or_else(|| digest_of(0)),
            number => digest_of(number as u64 % 4),
        }
    }

    /// Returns one of a few names, or any text.
    pub fn name(&mut self) -> String {
        match self.below(6) {
            0 => self.text(200),
            number => NAMES[number - 1].to_owned(),
        }
    }

    /// Returns a lifetime of a session's own, of those that a store keeps whole.
    pub fn expiry(&mut self) -> Expiry {
        match self.below(4) {
            0 => Expiry::Policy,
            1 => Expiry::BrowserClose,
            2 => Expiry::After(Duration::from_micros(
                self.number().unsigned_abs().clamp(1, 1 << 62),
            )),
            _ => Expiry::At(self.moment().into()),
        }
    }

    /// Returns a record of any fields.
    pub fn record(&mut self) -> Record {
        let revision = Revision::from_i64(i64::try_from(self.below(1 << 20)).unwrap_or_default());
        let mut record = Record::new(revision, self.digest(), self.moment(), self.moment());
        if self.one_in(2) {
            record.secrets.issued = self.moment();
        }
        if self.one_in(2) {
            let mut remembered = Remembered::new(self.digest(), self.moment());
            remembered.earlier = self.one_in(2).then(|| self.digest());
            remembered.salt = Salt::from_bytes(&self.array::<16>()).filter(|_| self.one_in(2));
            record.secrets.remembered = Some(remembered);
        }
        record.closed = self.one_in(6);
        record.seen = self.moment();
        record.authenticated = self.one_in(2).then(|| self.moment());
        record.owner = self.one_in(2).then(|| self.name().into());
        record.expiry = self.expiry();
        record.label = self.one_in(4).then(|| self.name().into());
        record.address = self.one_in(4).then(|| self.name().into());
        record.tag = self.one_in(3).then(|| self.name().into());
        record.credential = self.one_in(4).then(|| self.digest());
        record.data = if self.one_in(2) {
            self.text(600).into()
        } else {
            format!(r#"{{"n":{}}}"#, self.below(100)).into()
        };
        record
    }
}

/// The number of keys that [`Draw::key`] returns.
pub const KEYS: usize = 5;

/// Names that differ little, in what databases compare by.
pub const NAMES: [&str; 5] = ["ada", "Ada", "ada ", "\u{e1}da", ""];
