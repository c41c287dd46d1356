use std::time::Instant;

use session_testkit::http::Request;

use super::{Visitor, show};
use crate::guest::{Asked, Expect};
use crate::invariant::Breach;
use crate::ledger::{Told, Write};
use crate::wire::Departure;

/// One request of a burst.
#[derive(Debug)]
enum Deed {
    Put(Write),
    Remove(Write),
    Count,
    Look,
    Rotate(&'static str),
}

/// Requests at once, as those of a browser's tabs.
impl Visitor<'_> {
    pub(crate) fn burst(&mut self, browser: usize) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let (Some(session), cookie) = (
            guest.browsers[browser].session,
            guest.browsers[browser].cookie.clone(),
        ) else {
            return Ok(());
        };
        let counter = guest.ledger.counter();
        let is_owned = guest.ledger.sessions[session].is_owned;
        let now = Instant::now();
        let mut deeds = Vec::new();
        let first = guest.rng.below(SLOTS);
        let mut rotates = false;
        for number in 0..=guest.rng.below(4) {
            // Different ones, so that their order does not matter.
            let key = format!("k{}", (first + number) % SLOTS);
            deeds.push(match guest.rng.below(12) {
                0..4 => Deed::Put(guest.ledger.ask(session, &key, now)),
                4 => Deed::Remove(guest.ledger.ask_to_remove(session, &key, now)),
                5 => {
                    let added = format!("a{}", guest.rng.draw() >> 40);
                    Deed::Put(guest.ledger.ask(session, &added, now))
                }
                6..9 => {
                    guest.ledger.ask_to_count(session);
                    Deed::Count
                }
                9 if !rotates => {
                    rotates = true;
                    let again = is_owned && guest.rng.once_in(2);
                    Deed::Rotate(if again { "reauthenticate" } else { "cycle" })
                }
                _ => Deed::Look,
            });
        }
        let requests = deeds.iter().map(|deed| {
            let request = match deed {
                Deed::Put(write) => put(write),
                Deed::Remove(write) => Request::new("DELETE", data(write.key())),
                Deed::Count => Request::new("POST", format!("{}/increment", data(&counter))),
                Deed::Look => show(),
                Deed::Rotate(how) => Request::new("POST", format!("/api/{how}")),
            };
            let leaves = guest.rng.once_in(16);
            let departure = leaves.then(|| guest.rng.pick(&Departure::ALL).copied());
            (request, departure.flatten())
        });
        let requests = requests.collect();
        let asked = guest.ask_all(requests, cookie.as_deref());
        self.judge(browser, session, &deeds, &asked)
    }

    /// Judges the answers of a burst by what was known before, and then takes what they say.
    fn judge(
        &mut self,
        browser: usize,
        session: usize,
        deeds: &[Deed],
        asked: &[Asked],
    ) -> Result<(), Breach> {
        let guest = &mut self.guest;
        let (mut counted, mut doubtful) = (0, 0);
        let mut quiet = None;
        for (deed, asked) in deeds.iter().zip(asked) {
            match deed {
                Deed::Put(_) | Deed::Remove(_) | Deed::Rotate(_) => guest.expect(asked, &[204])?,
                Deed::Look => {
                    if let Some(look) = guest.look(asked)? {
                        guest.ledger.judge(session, &look, asked.begun)?;
                        quiet = Some(look);
                    }
                }
                Deed::Count => {
                    guest.expect(asked, &[200])?;
                    match asked.outcome.told() {
                        Told::Acknowledged => {
                            counted += 1;
                            let number = asked.outcome.served().and_then(|it| number(&it.body));
                            guest.ledger.count(session, number.unwrap_or_default())?;
                        }
                        Told::Refused | Told::Unanswered => doubtful += 1,
                        Told::NotDone => {}
                    }
                }
            }
        }
        for (deed, asked) in deeds.iter().zip(asked) {
            if let Deed::Put(write) | Deed::Remove(write) = deed {
                let now = Instant::now();
                guest
                    .ledger
                    .settle(session, write, asked.outcome.told(), now);
            }
            guest.obey(browser, asked, Expect::Same)?;
        }
        guest.ledger.counted(session, counted, doubtful);
        let is_quiet = deeds.iter().all(|deed| matches!(deed, Deed::Look));
        if let Some(look) = quiet.filter(|_| is_quiet) {
            guest.ledger.learn(session, &look);
        }
        Ok(())
    }
}

fn put(write: &Write) -> Request {
    let json = serde_json::Value::from(write.value());
    Request::new("PUT", data(write.key())).json(json.to_string())
}

fn data(key: &str) -> String {
    format!("/api/data/{key}")
}

/// Reads the answer of an increment.
fn number(body: &[u8]) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    json.get("value")?.as_u64()
}

/// How many keys are written again and again.
const SLOTS: u64 = 10;
