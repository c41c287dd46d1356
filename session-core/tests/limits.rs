//! The limit of a session's size holds for what is stored, to the byte, whatever is done.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::BTreeMap;

use proptest::prelude::*;
use session_core::{Session, SessionError};
use util::World;

const NAMES: [&str; 8] = [
    "",
    "a",
    "é",
    "\u{1f600}",
    "\"",
    "\\n\n",
    "\u{1}\u{1f}\u{7f}",
    "long long long",
];

#[derive(Debug, Clone)]
enum Act {
    Insert(usize, usize),
    Propose(usize, usize),
    Update(usize, usize),
    Remove(usize),
    Take(usize),
    Clear,
}

fn acts() -> impl Strategy<Value = Act> {
    let (name, size) = (0..NAMES.len(), 0..30_usize);
    prop_oneof![
        4 => (name.clone(), size.clone()).prop_map(|(name, size)| Act::Insert(name, size)),
        1 => (name.clone(), size.clone()).prop_map(|(name, size)| Act::Propose(name, size)),
        2 => (name.clone(), size).prop_map(|(name, size)| Act::Update(name, size)),
        1 => name.clone().prop_map(Act::Remove),
        1 => name.prop_map(Act::Take),
        1 => Just(Act::Clear),
    ]
}

/// A text whose JSON has other lengths than its characters and its bytes.
fn text(size: usize) -> String {
    "a\"é\u{2}\u{1f600}".chars().cycle().take(size).collect()
}

/// Does an act in the session and in a map, if the session accepts it, and says so.
fn act(session: &Session, map: &mut BTreeMap<String, String>, act: &Act, limit: usize) -> bool {
    let mut new = map.clone();
    let result = match act {
        Act::Insert(name, size) => {
            new.insert(NAMES[*name].into(), text(*size));
            session.insert(NAMES[*name], text(*size))
        }
        Act::Propose(name, size) => {
            new.entry(NAMES[*name].into())
                .or_insert_with(|| text(*size));
            let told = session.get_or_insert_with(NAMES[*name], || text(*size));
            told.map(|told| assert_eq!(told, new[NAMES[*name]]))
        }
        Act::Update(name, size) => {
            let size = *size;
            new.insert(NAMES[*name].into(), text(size));
            let told = session.update(NAMES[*name], move |_: Option<String>| text(size));
            told.map(drop)
        }
        Act::Remove(name) => {
            new.remove(NAMES[*name]);
            session.remove(NAMES[*name]).map(drop)
        }
        Act::Take(name) => {
            new.remove(NAMES[*name]);
            session.take::<String>(NAMES[*name]).map(drop)
        }
        Act::Clear => {
            new.clear();
            session.clear()
        }
    };
    let bytes = serde_json::to_string(&new).unwrap().len();
    let is_larger = bytes > limit;
    match result {
        Ok(()) => *map = new,
        Err(SessionError::TooLarge {
            bytes: told,
            limit: at,
        }) => {
            assert!(is_larger, "{act:?} is {bytes} of {limit}");
            assert_eq!((told, at), (bytes, limit), "{act:?}");
            return false;
        }
        Err(error) => panic!("{error}"),
    }
    // What makes it smaller is always accepted.
    assert!(
        !is_larger || matches!(act, Act::Remove(_) | Act::Take(_) | Act::Clear),
        "{act:?}"
    );
    true
}

proptest! {
    #[test]
    fn what_is_accepted_is_stored_and_fits_and_what_is_refused_would_not_have(
        limit in 2..200_usize, first in prop::collection::vec(acts(), 0..12),
        second in prop::collection::vec(acts(), 0..12),
    ) {
        let world = World::new(|policy| policy.max_bytes(limit));
        let mut map = BTreeMap::new();
        let seen = world.request("", 200, |session| {
            for one in &first {
                act(session, &mut map, one, limit);
            }
        });
        let Some(cookie) = seen.id() else {
            prop_assert!(map.is_empty());
            return Ok(());
        };
        world.request(&cookie, 200, |session| {
            for one in &second {
                act(session, &mut map, one, limit);
            }
        });
        let record = world.record(&cookie).unwrap();
        let stored: BTreeMap<String, String> = serde_json::from_str(&record.data).unwrap();
        prop_assert_eq!(stored, map);
        prop_assert!(record.data.len() <= limit);
    }

    #[test]
    fn what_two_requests_write_together_fits_or_the_second_is_refused(
        limit in 2..120_usize, first in prop::collection::vec(acts(), 0..6),
        second in prop::collection::vec(acts(), 1..6),
    ) {
        let world = World::new(|policy| policy.max_bytes(limit));
        let seen = world.request("", 200, |session| session.set_expiry(session_core::Expiry::BrowserClose).unwrap());
        let cookie = seen.id().unwrap();
        let [one, two] = [(); 2].map(|()| world.open(&cookie));
        for (session, acts) in [(&one, &first), (&two, &second)] {
            let mut map = BTreeMap::new();
            for one in acts {
                act(session, &mut map, one, limit);
            }
        }
        world.finish(one, 200);
        let before = world.record(&cookie).unwrap();
        match world.try_drive(two.finish(200, world.now()).unwrap()) {
            Ok(_) => prop_assert!(world.record(&cookie).unwrap().data.len() <= limit),
            Err(failed) => {
                let is_known = matches!(
                    failed.error(),
                    SessionError::TooLarge { bytes, .. } if *bytes > limit
                ) || matches!(failed.error(), SessionError::Conflict { .. });
                prop_assert!(is_known, "{}", failed.error());
                prop_assert_eq!(world.record(&cookie).unwrap(), before);
            }
        }
    }
}
