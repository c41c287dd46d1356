//! Every form that a type can have in JSON: what is accepted reads back, and the rest is refused.
#![allow(clippy::unwrap_used)]

/// Asserts for a value in every kind of container, as an accepted or a refused one.
macro_rules! everywhere {
    ($value:expr, $kept:expr, [$($wrap:expr),* $(,)?]) => {{
        let kept = $kept;
        $({
            let wrap = $wrap;
            let value = wrap($value);
            assert_eq!(is_kept(&value), kept, "{value:?}");
        })*
    }};
}

mod depth;
mod maps;
mod names;
mod numbers;
#[path = "../util/mod.rs"]
mod util;
mod writers;

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_core::{Field, Session};
use util::World;

/// Writes a value where its type is known, in each way, and returns whether it is accepted.
///
/// An accepted value is read in this request and in the next one; a refused one changes nothing.
fn is_kept<T>(value: &T) -> bool
where
    T: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static,
{
    type Write<T> = fn(&Session, T) -> bool;
    let ways: [Write<T>; 3] = [
        |session, value| Field::new("k").insert(session, value).is_ok(),
        |session, value| {
            session
                .update("k", move |_: Option<T>| value.clone())
                .is_ok()
        },
        |session, value| session.get_or_insert_with("k", || value).is_ok(),
    ];
    let kept = ways.map(|write| {
        let world = World::new(|policy| policy);
        let mut is_kept = false;
        let seen = world.request("", 200, |session| {
            is_kept = write(session, value.clone());
            assert_eq!(session.contains("k"), is_kept, "{value:?}");
            let read = session.get::<T>("k").unwrap();
            assert_eq!(
                shown(read.as_ref()),
                is_kept.then(|| shown_one(value)),
                "{value:?}"
            );
        });
        assert_eq!(seen.id().is_some(), is_kept, "{value:?}");
        if let Some(cookie) = seen.id() {
            let read = world.open(&cookie).take::<T>("k").unwrap();
            assert_eq!(shown(read.as_ref()), Some(shown_one(value)), "{value:?}");
        }
        is_kept
    });
    let [first, ..] = kept;
    assert_eq!(kept, [first; 3], "{value:?}");
    first
}

fn shown<T: Debug>(value: Option<&T>) -> Option<String> {
    value.map(shown_one)
}

fn shown_one<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wrapped<T>(T);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pair<T>(T, T);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Named<T> {
    it: T,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum External<T> {
    Unit,
    One(T),
    Two(T, T),
    Struct { it: T },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Internal<T> {
    Unit,
    Struct { it: T },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent<T> {
    Unit,
    One(T),
    Two(T, T),
    Struct { it: T },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Struct { it: T },
    Unit,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Flat<T> {
    first: u8,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
enum Word {
    One,
    #[serde(rename = "zwei \"2\"")]
    Two,
}

impl<T: Clone> Pair<T> {
    fn new(it: T) -> Self {
        Self(it.clone(), it)
    }
}
