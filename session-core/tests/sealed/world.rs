//! One browser's sealed sessions, on a clock that is moved by hand.

use std::sync::Arc;

use pollster::block_on;
use session_core::{
    CommitError, ManualClock, Policy, PolicyBuilder, Reply, RequestSession, Sealed, SealingKeys,
    Sessions,
};
use time::macros::datetime;

use super::IDLE;

pub fn keys(all: &[&str]) -> SealingKeys {
    let (first, rest) = all.split_first().unwrap();
    let first = SealingKeys::new(first).unwrap();
    rest.iter()
        .fold(first, |keys, key| keys.open_also(key).unwrap())
}

pub struct World {
    pub clock: Arc<ManualClock>,
    pub sessions: Sessions,
}

impl World {
    pub fn new(sealed: Sealed, configure: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(datetime!(2026-11-27 12:00 UTC)));
        let policy = Policy::builder().insecure().cookie_name("s").idle(IDLE);
        let policy = configure(policy.clock(Arc::clone(&clock)));
        Self {
            sessions: Sessions::sealed(policy.build().unwrap(), sealed),
            clock,
        }
    }

    pub fn by(all: &[&str]) -> Self {
        Self::new(Sealed::by(keys(all)), |policy| policy)
    }

    pub fn attempt(
        &self,
        value: &[u8],
        act: impl FnOnce(&RequestSession),
    ) -> Result<Reply, CommitError> {
        let name = self.sessions.policy().cookie_name();
        let cookie = [name.as_bytes(), b"=", value].concat();
        let request = self.sessions.open([&*cookie]);
        act(&block_on(request.handle().load()).unwrap());
        block_on(request.commit(200))
    }

    /// Makes a request with a value, and returns the one that the browser has after it.
    pub fn request(&self, value: &str, act: impl FnOnce(&RequestSession)) -> String {
        let reply = self.attempt(value.as_bytes(), act).unwrap();
        value_of(&reply).unwrap_or_else(|| value.to_owned())
    }

    pub fn opens(&self, value: &[u8]) -> bool {
        let mut exists = false;
        let reply = self.attempt(value, |session| exists = session.exists());
        assert!(exists || reply.unwrap().set_cookie().is_none());
        exists
    }
}

pub fn value_of(reply: &Reply) -> Option<String> {
    let cookie = reply.set_cookie()?.strip_prefix("s=").unwrap();
    cookie.split(';').next().map(str::to_owned)
}

pub fn write(session: &RequestSession) {
    session.insert("k", "the value").unwrap();
}
