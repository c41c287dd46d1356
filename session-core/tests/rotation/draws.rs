//! What a request draws: all at once, and nothing of it is used twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{Entropy, EntropyError};

use crate::request::{Act, cycle, destroy, nothing, reauthenticate, sign_in, signed_in, write};
use crate::util::{Counter, World};

#[derive(Debug, Default, Clone)]
struct Counted(Arc<(AtomicUsize, Counter)>);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        self.0.1.fill(bytes)
    }
}

#[test]
fn a_request_that_writes_draws_once_and_no_state_has_the_revision_of_another() {
    let entropy = Counted::default();
    let world = World::new(|policy| policy.danger_entropy(entropy.clone()));
    let draws = || entropy.0.0.load(Ordering::Relaxed);
    let rows: [(Act, usize); 6] = [
        (nothing, 0),
        (destroy, 0),
        (write, 1),
        (cycle, 1),
        (reauthenticate, 1),
        // The new session's record, and the old one's, which is closed.
        (sign_in, 1),
    ];
    for (place, (act, expected)) in rows.into_iter().enumerate() {
        let id = signed_in(&world);
        let before = draws();
        world.request(&id, 200, act);
        assert_eq!(draws() - before, expected, "row {place}");
    }
    let before = draws();
    world.request("", 200, write);
    world.request("", 200, sign_in);
    assert_eq!(draws() - before, 2);

    let model = world.model.lock().unwrap();
    let revisions = model.0.values().map(|record| record.revision.to_i64());
    let all: HashSet<_> = revisions.clone().collect();
    assert_eq!((all.len(), revisions.count()), (8, 8));
}
