//! Numbers, texts and nothing, in every kind of container.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::num::{NonZeroU8, Wrapping};
use std::ops::Range;
use std::time::{Duration, SystemTime};

use crate::util::World;
use crate::{
    Adjacent, External, Flat, Internal, Named, Nothing, Pair, Sparse, Untagged, Wrapped, is_kept,
};

#[test]
fn a_number_that_json_lacks_is_found_in_every_container() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        everywhere!(
            bad,
            false,
            [
                |it| it,
                Some,
                |it| Some(Some(it)),
                |it| vec![1.0, it],
                |it| [it; 3],
                |it| (1, it),
                |it| Box::new(it),
                Wrapped,
                |it| Wrapped(Wrapped(it)),
                |it| Pair(it, 1.0),
                |it| Named { it },
                External::One,
                |it| External::Two(1.0, it),
                |it| External::Struct { it },
                |it| Internal::Struct { it },
                Adjacent::One,
                |it| Adjacent::Two(it, it),
                |it| Adjacent::Struct { it },
                |it| Untagged::Struct { it },
                |it| Flat {
                    first: 1,
                    rest: Named { it }
                },
                |it| BTreeMap::from([("a".to_owned(), it)]),
                |it| VecDeque::from([it]),
                |it| Range {
                    start: 0.0,
                    end: it
                },
                |it| Ok::<f64, ()>(it),
                |it| Err::<(), f64>(it),
                |it| Sparse { a: Some(it) },
                |it| Cow::<'static, f64>::Owned(it),
                Wrapping,
                |it| (
                    None::<u8>,
                    vec![Named {
                        it: BTreeMap::from([(1, Some(it))])
                    }]
                ),
            ]
        );
    }
    for short in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        everywhere!(
            short,
            false,
            [|it| it, Some, Wrapped, External::One, |it| vec![(it, ())]]
        );
    }
}

#[test]
fn numbers_and_texts_at_their_ends_read_back() {
    everywhere!(
        u128::MAX,
        true,
        [
            |it| it,
            Some,
            Wrapped,
            |it| vec![it],
            |it| Named { it },
            External::One
        ]
    );
    everywhere!(
        i128::MIN,
        true,
        [
            |it| it,
            Some,
            Pair::<i128>::new,
            |it| External::Struct { it },
            Adjacent::One
        ]
    );
    for edge in [
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        -0.0,
        16_777_217.0,
        0.1,
    ] {
        everywhere!(
            edge,
            true,
            [|it| it, Some, Wrapped, |it| Internal::Struct { it }]
        );
    }
    for edge in [f64::MAX, 5e-324, -0.0, 1e21, 1e-7, 9_007_199_254_740_993.0] {
        everywhere!(
            edge,
            true,
            [
                |it| it,
                |it| Flat {
                    first: 1,
                    rest: Named { it }
                },
                |it| Untagged::Struct { it }
            ]
        );
    }
    for char in [
        '\0',
        '"',
        '\\',
        '\u{7f}',
        '\u{2028}',
        '\u{fffd}',
        '\u{10ffff}',
    ] {
        everywhere!(
            char,
            true,
            [
                |it| it,
                String::from,
                |it| BTreeMap::from([(it, it)]),
                |it| Flat {
                    first: 0,
                    rest: Named { it }
                }
            ]
        );
    }
    assert!(is_kept(&u64::MAX) && is_kept(&i64::MIN) && is_kept(&true) && is_kept(&NonZeroU8::MAX));
    assert!(is_kept(&Duration::MAX) && is_kept(&SystemTime::UNIX_EPOCH));
    assert!(is_kept(&"::ffff:1.2.3.4".parse::<IpAddr>().unwrap()));
    assert!(is_kept(&std::path::PathBuf::from("/a b")) && is_kept(&std::ffi::OsString::from("é")));
}

#[test]
fn nothing_and_less_than_nothing_read_back_as_what_json_has_for_it() {
    everywhere!(
        (),
        true,
        [
            |it| it,
            Wrapped,
            |it| vec![it],
            |it| Named { it },
            External::One
        ]
    );
    everywhere!(
        Nothing,
        true,
        [|it| it, |it| [it], |it| Named { it }, Adjacent::One]
    );
    assert!(is_kept(&None::<f64>) && is_kept(&vec![None::<u8>, Some(1)]));
    assert!(is_kept(&External::<u8>::Unit) && is_kept(&Internal::<u8>::Unit));
    assert!(is_kept(&Adjacent::<u8>::Unit) && is_kept(&Untagged::<u8>::Unit));
    assert!(is_kept(&Sparse { a: None }) && is_kept(&[(); 0]));
    // JSON has one nothing: what is in it is not told apart.
    let session = World::new(|policy| policy).open("");
    session.insert("k", Some(None::<u8>)).unwrap();
    assert_eq!(session.get::<Option<Option<u8>>>("k").unwrap(), Some(None));
    session.insert("k", Some(())).unwrap();
    assert_eq!(session.get::<Option<()>>("k").unwrap(), Some(None));
}
