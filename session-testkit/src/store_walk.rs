//! Walks through all sessions.

use std::collections::BTreeMap;

use session_core::{Cursor, Key, Only, Record};

use crate::store_fixture::{Rig, key_of, moment_at, owned_by, record_of, until};
use crate::store_records::{full, same};

/// A walk in batches of about so many.
struct Walk {
    limit: usize,
    next: Option<Cursor>,
    met: BTreeMap<Key, Record>,
    batches: usize,
    is_unsupported: bool,
}

impl Walk {
    fn of(limit: usize) -> Self {
        Self {
            limit,
            next: Some(Cursor::default()),
            met: BTreeMap::new(),
            batches: 0,
            is_unsupported: false,
        }
    }

    /// Makes a step; returns whether it is over.
    async fn step(&mut self, rig: &Rig) -> bool {
        let from = self.next.take().expect("the walk is not over");
        let batch = rig.0.walk(&from, self.limit, moment_at(0)).await;
        let batch = match batch {
            Err(error) if error.is_unsupported() => {
                self.is_unsupported = true;
                return true;
            }
            batch => batch.expect("the store goes through its sessions"),
        };
        assert_eq!(batch.unreadable, 0);
        self.met.extend(batch.sessions);
        self.next = batch.next;
        self.batches += 1;
        assert!(self.batches < 10_000, "the walk goes in a circle");
        self.next.is_none()
    }
}

pub(crate) async fn a_walk_meets_every_record_with_its_key(rig: &Rig) {
    let record = |number: u32| match number % 4 {
        0 => full(rig, number),
        1 => owned_by("ada", number),
        2 => until(1_000, record_of(number)),
        // Over at the moment of the walk.
        _ => until(-1, record_of(number)),
    };
    for number in 1..=100 {
        rig.add(&record(number)).await;
    }
    for limit in [0, 1, 7, 100, 1_000] {
        let mut walk = Walk::of(limit);
        while !walk.step(rig).await {}
        if walk.is_unsupported {
            return;
        }
        let met = walk.met;
        for number in 1..=100 {
            let found = met.get(&key_of(number.into())).cloned();
            if number % 4 == 3 && found.is_none() {
                // A store may free it before.
                continue;
            }
            let mut given = record(number);
            if let (false, Some(found)) = (rig.keys_stay(), &found) {
                // The key is the secret.
                given.secrets.clone_from(&found.secrets);
            }
            same(found, &given);
        }
        assert!(met.len() <= 100, "{}", met.len());
    }
}

pub(crate) async fn a_walk_of_nothing_meets_nothing(rig: &Rig) {
    let mut walk = Walk::of(10);
    while !walk.step(rig).await {}
    assert_eq!(walk.met.len(), 0);
}

pub(crate) async fn a_walk_beside_writes_meets_whatever_stays(rig: &Rig) {
    for number in 1..=60 {
        rig.add(&until(1_000, record_of(number))).await;
    }
    // Those up to 30 stay; of the others one after the other ends, and more begin.
    let mut walk = Walk::of(3);
    let mut ending = 31;
    while !walk.step(rig).await {
        if ending <= 60 {
            rig.delete(ending, Only::Always, 0).await;
            let later = u32::try_from(ending + 1_000).expect("a small number");
            rig.add(&until(1_000, record_of(later))).await;
            ending += 1;
        }
    }
    for number in 1..=30 {
        assert!(
            walk.is_unsupported || walk.met.contains_key(&key_of(number)),
            "{number}"
        );
    }
}
