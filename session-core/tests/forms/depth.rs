//! Values in values.

use serde::{Deserialize, Serialize};

use crate::is_kept;

#[test]
fn a_value_is_accepted_down_to_the_level_that_can_be_read_whatever_it_is_made_of() {
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Chain {
        next: Option<Box<Chain>>,
    }
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct List(Vec<List>);
    #[derive(Debug, Clone, Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Tagged {
        End,
        Next { next: Box<Tagged> },
    }
    fn deepest(is_kept: impl Fn(usize) -> bool) -> usize {
        let deepest = (1..140).rev().find(|levels| is_kept(*levels)).unwrap();
        // There is one limit, and nothing above it.
        assert!((1..deepest).all(&is_kept) && !is_kept(deepest + 1) && !is_kept(4_000));
        deepest
    }
    fn list(levels: usize) -> List {
        (1..levels).fold(List(vec![]), |list, _| List(vec![list]))
    }
    let chain = |levels| {
        (1..levels).fold(Chain { next: None }, |chain, _| Chain {
            next: Some(Box::new(chain)),
        })
    };
    let tagged = |levels| {
        (1..levels).fold(Tagged::End, |next, _| Tagged::Next {
            next: Box::new(next),
        })
    };
    assert_eq!(deepest(|levels| is_kept(&list(levels))), 127);
    assert_eq!(deepest(|levels| is_kept(&chain(levels))), 127);
    assert!(deepest(|levels| is_kept(&tagged(levels))) > 100);
}
