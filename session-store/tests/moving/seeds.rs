//! The places in which a session can be: how far a mover came that is no more.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use session_core::{Command, Cursor, Key, Record, Store as _};
use session_store::Moving;
use session_testkit::{ModelStore, moment_at};

use crate::seats::{Names, Seat};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seed {
    InOld,
    Placeholder,
    Claimed,
    MovedAndMarked,
}

impl Seed {
    pub(crate) const ALL: [Self; 4] = [
        Self::InOld,
        Self::Placeholder,
        Self::Claimed,
        Self::MovedAndMarked,
    ];

    /// Puts a live session there, by a mover that ends before it is done.
    pub(crate) fn put(self, (old, new): (&ModelStore, &ModelStore), key: &Key, record: &Record) {
        let insert = Command::Insert { key, record };
        let now = moment_at(0);
        pollster::block_on(old.write(insert, now)).unwrap();
        // The walk, the two looks, the placeholder, the second look, the claim, the session, the marker's removal.
        let calls = match self {
            Self::InOld => return,
            Self::Placeholder => 4,
            Self::Claimed => 6,
            Self::MovedAndMarked => 7,
        };
        let names = Arc::new(Mutex::new(Names::new()));
        let seat = |model: &ModelStore| Seat {
            actor: 100,
            model: model.clone(),
            seen: Arc::default(),
            names: Arc::clone(&names),
        };
        let mover = Moving::new(Arc::new(seat(old)), Arc::new(seat(new))).unwrap();
        let from = Cursor::default();
        let mut moving = Box::pin(mover.move_batch(&from, 1, now));
        for _ in 0..=calls {
            let mut context = Context::from_waker(Waker::noop());
            assert!(moving.as_mut().poll(&mut context).is_pending());
        }
    }
}
