//! Values that are written in ways of their own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::util::World;
use crate::{Named, is_kept};

/// Bytes, which JSON has as a list.
#[derive(Debug, Clone)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }
        reader.deserialize_byte_buf(Reader)
    }
}

/// A value that is another one each time it is written: a number that JSON lacks, and a number.
#[derive(Debug, Default)]
struct Fickle(AtomicU32);

impl Serialize for Fickle {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => writer.serialize_f64(f64::NAN),
            _ => writer.serialize_f64(1.0),
        }
    }
}

/// A value that can be written once, as an iterator is.
#[derive(Debug, Default)]
struct Once(AtomicU32);

impl Serialize for Once {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => writer.serialize_none(),
            _ => Err(serde::ser::Error::custom("it was written before")),
        }
    }
}

#[test]
fn a_value_is_judged_by_what_was_written_and_not_by_what_it_would_say_later() {
    let session = World::new(|policy| policy).open("");
    assert!(session.insert("k", Fickle::default()).is_err());
    assert!(
        session
            .insert("k", [Fickle::default(), Fickle::default()])
            .is_err()
    );
    assert!(!session.contains("k"));
    session.insert("k", Once::default()).unwrap();
    assert_eq!(session.get::<Option<u8>>("k").unwrap(), Some(None));
}

#[test]
fn bytes_sets_and_borrowed_values_read_back() {
    assert!(
        is_kept(&Bytes(vec![]))
            && is_kept(&Some(Named {
                it: Bytes(vec![0, 255])
            }))
    );
    assert!(is_kept(&BTreeSet::from([1, 2])) && is_kept(&BTreeSet::from([Some('a'), None])));
    let session = World::new(|policy| policy).open("");
    session.insert("k", Cow::Borrowed("a")).unwrap();
    session.insert("l", &[&1, &2][..]).unwrap();
    session.insert("m", ("é", &b"b"[..])).unwrap();
    assert_eq!(session.get::<String>("k").unwrap().as_deref(), Some("a"));
    assert_eq!(session.get::<Vec<u8>>("l").unwrap(), Some(vec![1, 2]));
    assert_eq!(
        session.get::<(char, [u8; 1])>("m").unwrap(),
        Some(('é', *b"b"))
    );
}
