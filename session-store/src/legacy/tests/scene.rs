use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Waker};

use session_core::Revoke;

use super::super::form::Form;
use super::old_table::{next_hit, row};
use super::site::{Site, id_of};

/// What somebody does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Reads a value, by the old cookie.
    Visit,
    /// Sets one.
    Write,
    /// Logs out, after a look.
    Logout,
    /// Logs out without one.
    BlindLogout,
    /// A server with the other library reads the session and writes it.
    OldWrite,
    /// It logs the visitor out.
    OldLogout,
    /// A pass of the job.
    Batch,
    /// All of the owner's sessions are ended, by the new store.
    Revoke,
}

/// What came of a schedule.
pub(super) struct Played {
    pub(super) steps: usize,
    pub(super) kills: usize,
}

/// What clients know.
#[derive(Default)]
struct Ledger {
    /// Cookies of ours that answers have brought.
    cookies: Vec<String>,
    /// Somebody was told that the session has ended.
    has_ended: bool,
    /// A request that may have ended it got no answer.
    may_have_ended: bool,
    has_written: bool,
}

pub(super) struct Scene {
    form: Form,
    cast: Vec<Act>,
    random: Random,
}

/// One who acts.
type Doing<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A generator of which a seed draws the same numbers each time (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

impl Scene {
    /// Plays a schedule, in which each one but the last may be killed, and judges it.
    pub(super) fn play(form: &Form, cast: &[Act], seed: u64) -> Played {
        let mut scene = Self {
            form: form.clone(),
            cast: cast.to_vec(),
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        };
        let site = Site::new(form);
        let mut kills = 0;
        site.run(async |site| {
            let ledger = RefCell::new(Ledger::default());
            kills = scene.act(site, &ledger);
            let name = format!("{form:?}, {cast:?}, seed {seed}");
            judge(site, &ledger.into_inner(), &name).await;
        });
        Played {
            steps: site.old().steps.count(),
            kills,
        }
    }

    fn act(&mut self, site: &Site, ledger: &RefCell<Ledger>) -> usize {
        let form = &self.form.clone();
        let acts = self
            .cast
            .iter()
            .map(|act| Some((*act, do_it(*act, form, site, ledger))));
        let mut acts: Vec<Option<(Act, Doing<'_>)>> = acts.collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut kills = 0;
        while acts.iter().any(Option::is_some) {
            let chosen = self.random.below(acts.len());
            let Some((act, doing)) = &mut acts[chosen] else {
                continue;
            };
            let act = *act;
            if self.random.below(60) == 0 && act != Act::OldWrite {
                let mut ledger = ledger.borrow_mut();
                ledger.may_have_ended |= matches!(
                    act,
                    Act::Logout | Act::BlindLogout | Act::OldLogout | Act::Revoke
                );
                acts[chosen] = None;
                kills += 1;
            } else if doing.as_mut().poll(&mut context).is_ready() {
                acts[chosen] = None;
            }
        }
        kills
    }
}

fn do_it<'a>(act: Act, form: &'a Form, site: &'a Site, ledger: &'a RefCell<Ledger>) -> Doing<'a> {
    let note = |cookie: Option<&str>| {
        if let Some(cookie) = cookie.map(id_of).filter(|cookie| !cookie.ends_with('=')) {
            ledger.borrow_mut().cookies.push(cookie.to_owned());
        }
    };
    Box::pin(async move {
        match act {
            Act::Visit => {
                let (_, reply) = site.visit(&site.legacy()).await.unwrap();
                note(reply.set_cookie());
            }
            Act::Write => {
                // A session that was ended meanwhile, as by a logout beside it, is an error or nothing.
                if let Ok((is_written, reply)) = site.write(&site.legacy()).await {
                    note(reply.set_cookie());
                    ledger.borrow_mut().has_written |= is_written;
                }
            }
            Act::Logout | Act::BlindLogout => {
                let _ = site
                    .logout(&site.legacy(), act == Act::Logout)
                    .await
                    .unwrap();
                ledger.borrow_mut().has_ended = true;
            }
            Act::OldWrite => {
                if let Some(read) = site.old().load().await.unwrap() {
                    site.old().save(next_hit(form, &read)).await.unwrap();
                }
            }
            Act::OldLogout => {
                // A marker that it removes is a session on its way.
                let removed = site.old().delete().await.unwrap();
                if removed == Some(row(form, 1)) {
                    ledger.borrow_mut().has_ended = true;
                } else {
                    ledger.borrow_mut().may_have_ended |= removed.is_some();
                }
            }
            Act::Batch => {
                site.batch().await.unwrap();
            }
            Act::Revoke => {
                // It ends what was adopted by then.
                let ended = site.sessions.revoke("ada", Revoke::All).await.unwrap();
                ledger.borrow_mut().has_ended |= ended > 0;
                ledger.borrow_mut().may_have_ended |= ended == 0;
            }
        }
    })
}

async fn judge(site: &Site, ledger: &Ledger, name: &str) {
    // Whoever comes first finishes what others have left.
    let mut cookies = ledger.cookies.clone();
    if cookies.is_empty() {
        cookies.push(site.legacy());
    }
    let mut seen = Vec::new();
    for cookie in &cookies {
        seen.push(site.visit(cookie).await.unwrap().0);
    }
    let (by_old, _) = site.visit(&site.legacy()).await.unwrap();
    if ledger.has_ended {
        assert!(
            seen.iter().chain([&by_old]).all(Option::is_none),
            "alive again: {name}"
        );
        // Nor does a pass of the job bring it back.
        site.batch().await.unwrap();
        assert_eq!(
            site.visit(&site.legacy()).await.unwrap().0,
            None,
            "alive again by the job: {name}"
        );
    } else if !ledger.may_have_ended {
        assert!(seen.iter().all(Option::is_some), "logged out: {name}");
        assert_eq!(site.old_rows(), 0, "left behind: {name}");
    }
    if ledger.has_written && !ledger.has_ended && !ledger.may_have_ended {
        let request = site.sessions.open([cookies[0].as_bytes()]);
        let session = request.handle().load().await.unwrap();
        assert_eq!(session.get("written").unwrap(), Some(true), "lost: {name}");
    }
}
