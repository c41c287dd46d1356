use session_core::{Moment, Record, Store};

use crate::output::{Output, moment};
use crate::owners::Owners;
use crate::progress::Progress;
use crate::state::State;
use crate::trouble::Trouble;
use crate::walk::{Walk, now};

/// The counts of a walk.
#[derive(Debug, Default)]
struct Stats {
    live: usize,
    over: usize,
    closed: usize,
    signed_in: usize,
    owners: Owners,
    bytes: usize,
    largest: usize,
    /// The earliest beginning of a live session.
    oldest: Option<Moment>,
    /// The earliest last use of a live session.
    idlest: Option<Moment>,
}

impl Stats {
    fn add(&mut self, record: &Record, now: Moment) {
        self.bytes += record.data.len();
        self.largest = self.largest.max(record.data.len());
        match State::of(record, now) {
            State::Over => self.over += 1,
            State::Closed => self.closed += 1,
            State::Live => {
                self.live += 1;
                if let Some(owner) = &record.owner {
                    self.signed_in += 1;
                    self.owners.add(owner);
                }
                let earlier = |so_far: Option<Moment>, moment| {
                    Some(so_far.map_or(moment, |so_far| so_far.min(moment)))
                };
                self.oldest = earlier(self.oldest, record.created);
                self.idlest = earlier(self.idlest, record.seen);
            }
        }
    }
}

pub(crate) async fn run(store: &dyn Store, output: Output) -> Result<(), Trouble> {
    let progress = Progress::through(store, "read").await;
    let (mut walk, mut stats) = (Walk::of(store), Stats::default());
    while let Some(sessions) = walk.next().await? {
        let now = now();
        for (_, record) in &sessions {
            stats.add(record, now);
        }
        progress.add(sessions.len());
    }
    drop(progress);
    let shown = |found: Option<Moment>| found.map(moment);
    output.table(&[
        ("live", stats.live.into()),
        ("signed_in", stats.signed_in.into()),
        ("owners", stats.owners.count().into()),
        ("over", stats.over.into()),
        ("closed", stats.closed.into()),
        ("unreadable", walk.unreadable.into()),
        ("bytes", stats.bytes.into()),
        ("largest", stats.largest.into()),
        ("oldest", shown(stats.oldest).into()),
        ("longest_unused", shown(stats.idlest).into()),
    ])
}
