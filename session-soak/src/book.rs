use std::collections::{HashMap, VecDeque};

use session_simulator::Rng;

/// What visitors tell each other, so that nobody is served with another's cookie.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Whose sessions all handles are that were ever seen.
    owners: HashMap<String, String>,
    /// Cookies of sessions that have ended for sure, the newest last.
    dead: VecDeque<String>,
    /// Cookies of sessions that live, of which a thief may know one half.
    live: VecDeque<String>,
}

impl Book {
    /// Notes a new session; `Err` says whose it is already.
    pub(crate) fn claim(&mut self, handle: &str, visitor: &str) -> Result<(), String> {
        match self.owners.insert(handle.to_owned(), visitor.to_owned()) {
            None => Ok(()),
            Some(other) => Err(other),
        }
    }

    /// Says whose session a handle is.
    pub(crate) fn owner_of(&self, handle: &str) -> Option<&str> {
        self.owners.get(handle).map(String::as_str)
    }

    pub(crate) fn bury(&mut self, cookies: &[String]) {
        self.dead.extend(cookies.iter().cloned());
        shorten(&mut self.dead);
    }

    pub(crate) fn meet(&mut self, cookie: &str) {
        self.live.push_back(cookie.to_owned());
        shorten(&mut self.live);
    }

    pub(crate) fn any_dead(&self, rng: &mut Rng) -> Option<String> {
        any(&self.dead, rng)
    }

    pub(crate) fn any_live(&self, rng: &mut Rng) -> Option<String> {
        any(&self.live, rng)
    }
}

fn any(cookies: &VecDeque<String>, rng: &mut Rng) -> Option<String> {
    let place = rng.below(cookies.len() as u64);
    cookies.get(usize::try_from(place).ok()?).cloned()
}

fn shorten(cookies: &mut VecDeque<String>) {
    while cookies.len() > MOST {
        cookies.pop_front();
    }
}

const MOST: usize = 4_000;
