use session_core::{Clock as _, Cursor, PublicId};

use crate::desk::owner_name;
use crate::ledger::Fact;
use crate::moves::Fate;
use crate::run::{Run, STUCK};
use crate::secret::Secret;
use crate::setting::{GRACE, IDLE, SKEW};
use crate::workloads::OWNERS;

impl Run {
    /// Lets everything that is under way end without faults, and looks at what is left: at once, when every grace is over, and
    /// when every session is.
    pub(crate) fn settle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let running = self.running();
            if running.is_empty() || self.violation.is_some() {
                break;
            }
            for id in running {
                self.steps += 1;
                self.world.advance(1_000);
                self.poll(id, Fate::Works);
            }
        }
        if let Some(id) = self.running().first() {
            self.breaks(STUCK, format!("request {id} does not end"));
        }
        while let Some(id) = self.nodes.net.held().first().copied() {
            self.release(id);
        }
        for id in self.answered() {
            self.deliver(id);
        }
        if self.violation.is_none() {
            self.compare_lists();
            self.probe_all();
        }
        for time in [GRACE + 2 * SKEW + self.staleness(), IDLE + 2 * SKEW] {
            if self.violation.is_none() {
                self.pass(time);
                self.probe_all();
            }
        }
    }

    fn probe_all(&mut self) {
        let secrets: Vec<Secret> = {
            let ledger = self.ledger.borrow();
            let sessions = ledger.sessions.values();
            let issued = sessions.flat_map(|known| &known.issued);
            issued.map(|issued| issued.secret.clone()).collect()
        };
        for secret in secrets {
            if self.violation.is_none() {
                self.probe(secret);
            }
        }
    }

    fn compare_lists(&mut self) {
        // By the clock that is furthest ahead: a session that is over for one node does not count there.
        let ahead = time::Duration::microseconds(SKEW);
        let now = self.nodes.clock(0).now().saturating_add(ahead);
        for owner in 0..OWNERS {
            let name = owner_name(owner);
            let store = &self.nodes.store;
            let found = pollster::block_on(store.devices(&name, None, now, 1_000));
            let listed = found.expect("the store itself never fails");
            let listed = listed.iter().map(|device| device.public_id).collect();
            let mut stored: Vec<PublicId> = Vec::new();
            let mut cursor = Cursor::default();
            loop {
                let batch = pollster::block_on(store.walk(&cursor, 1_000, now));
                let batch = batch.expect("the store itself never fails");
                let live = batch.sessions.iter().filter(|(_, record)| {
                    let is_owners = record.owner.as_deref() == Some(&*name);
                    is_owners && !record.closed && record.expires > now
                });
                stored.extend(live.map(|(key, _)| key.public_id()));
                match batch.next {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            self.ledger.borrow_mut().note(Fact::Settled {
                owner,
                listed,
                stored,
            });
        }
        self.judge();
    }

    fn staleness(&self) -> i64 {
        self.ledger.borrow().setting.staleness()
    }
}

/// More than any run needs.
const MOST_ROUNDS: u32 = 5_000;
