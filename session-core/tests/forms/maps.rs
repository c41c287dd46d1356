//! Maps, whose names JSON has as texts.

use std::collections::{BTreeMap, HashMap};

use crate::{Adjacent, External, Flat, Internal, Named, Untagged, Word, is_kept};

#[test]
fn a_map_reads_back_with_the_type_of_its_names_or_is_refused() {
    let wide = || BTreeMap::from([(u128::MAX, 1), (0, 2)]);
    everywhere!(
        wide(),
        true,
        [
            |it| it,
            Some,
            |it| vec![it],
            |it| Named { it },
            External::One,
            |it| External::Struct { it },
            Adjacent::One,
            |it| Adjacent::Struct { it }
        ]
    );
    let small = || BTreeMap::from([(-1_i8, "a".to_owned()), (7, "b".to_owned())]);
    everywhere!(
        small(),
        true,
        [
            |it| it,
            |it| (it, 1),
            |it| External::Two(BTreeMap::new(), it)
        ]
    );
    // The reader keeps these in between, and finds texts in place of numbers.
    everywhere!(
        small(),
        false,
        [
            |it| Internal::Struct { it },
            |it| Untagged::Struct { it },
            |it| Flat { first: 1, rest: it },
            |it| Flat {
                first: 1,
                rest: Named { it }
            },
            |it| vec![Some(Internal::Struct { it })]
        ]
    );
    let words = || BTreeMap::from([(Word::One, 1), (Word::Two, 2)]);
    everywhere!(
        words(),
        true,
        [
            |it| it,
            |it| Internal::Struct { it },
            |it| Untagged::Struct { it },
            |it| Flat { first: 1, rest: it }
        ]
    );
    assert!(is_kept(&BTreeMap::from([(true, 1), (false, 0)])));
    assert!(is_kept(&HashMap::from([(
        u8::MAX,
        ["é"; 1].map(str::to_owned)
    )])));
    assert!(is_kept(&BTreeMap::<u8, u8>::new()) && is_kept(&BTreeMap::from([(String::new(), 1)])));
    assert!(!is_kept(&BTreeMap::from([(Some(vec![1]), 1)])));
    assert!(!is_kept(&BTreeMap::from([((1, 2), 3)])) && !is_kept(&BTreeMap::from([((), 3)])));
    // Two maps of one object, in which a name stands twice.
    let name = |name: &str| BTreeMap::from([(name.to_owned(), 1)]);
    assert!(is_kept(&Flat {
        first: 1,
        rest: name("second")
    }));
    assert!(!is_kept(&Flat {
        first: 1,
        rest: name("first")
    }));
}
