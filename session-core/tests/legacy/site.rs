//! A site that has left another library, and its table.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pollster::block_on;
use session_core::{
    Adopt, Adoption, Command, LegacyCookie, LegacyId, ManualClock, Moment, Policy, PolicyBuilder,
    Reply, SessionError, Sessions, Store, StoreError,
};
use session_testkit::{HeaderList, ModelStore, moment_at};

/// The other library's table: ids that are adopted when they are asked for.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) ids: Mutex<Vec<&'static str>>,
    pub(super) new: Arc<dyn Store>,
    pub(super) answer: Adoption,
    pub(super) fails: bool,
    pub(super) asked: AtomicUsize,
    pub(super) ended: Mutex<Vec<String>>,
}

#[async_trait]
impl Adopt for Old {
    async fn adopt(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Adoption, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fails {
            return Err(StoreError::new("the old table is down"));
        }
        if self.answer == Adoption::Kept {
            return Ok(self.answer);
        }
        let found = {
            let mut ids = self.ids.lock().unwrap();
            let place = ids.iter().position(|known| *known == id.expose());
            place.map(|place| ids.remove(place))
        };
        if let Some(text) = found {
            let mut record = id.record(policy, Some(format!("owner of {text}").into()), now)?;
            record.data = format!(r#"{{"from":"{text}"}}"#).into();
            let (key, record) = (&id.key(), &record);
            self.new.write(Command::Insert { key, record }, now).await?;
        }
        Ok(self.answer)
    }

    async fn end(&self, id: &LegacyId, _: Moment) -> Result<(), StoreError> {
        self.ids
            .lock()
            .unwrap()
            .retain(|known| *known != id.expose());
        self.ended.lock().unwrap().push(id.expose().to_owned());
        Ok(())
    }

    fn may_be(&self, id: &str) -> bool {
        !id.starts_with("theirs")
    }

    fn store(&self) -> Option<&Arc<dyn Store>> {
        Some(&self.new)
    }
}

pub(super) struct Site {
    pub(super) sessions: Sessions,
    pub(super) old: Arc<Old>,
    pub(super) clock: Arc<ManualClock>,
}

pub(super) fn site_with(
    policy: PolicyBuilder,
    cookie: LegacyCookie,
    change: impl FnOnce(&mut Old),
) -> Site {
    let clock = Arc::new(ManualClock::new(moment_at(1_000_000)));
    let policy = policy.clock(Arc::clone(&clock)).build().unwrap();
    let new: Arc<dyn Store> = Arc::new(ModelStore::new());
    let mut old = Old {
        ids: Mutex::new(vec!["one", "two", "three"]),
        new: Arc::clone(&new),
        answer: Adoption::Settled,
        fails: false,
        asked: AtomicUsize::new(0),
        ended: Mutex::new(Vec::new()),
    };
    change(&mut old);
    let old = Arc::new(old);
    let sessions = Sessions::shared(policy, new).adopting(cookie, old.clone());
    Site {
        sessions,
        old,
        clock,
    }
}

pub(super) fn site() -> Site {
    site_with(Policy::builder(), LegacyCookie::new("id"), |_| {})
}

impl Site {
    /// Reads what the session says about its origin; the second is the answer's cookies.
    pub(super) fn visit(
        &self,
        cookie: &str,
    ) -> Result<(Option<String>, Vec<String>), SessionError> {
        block_on(async {
            let request = self.sessions.open([cookie.as_bytes()]);
            let session = request.handle().load().await?;
            let from = session.get("from")?;
            Ok((from, cookies(request.commit(200).await?)))
        })
    }

    pub(super) fn asked(&self) -> usize {
        self.old.asked.load(Ordering::Relaxed)
    }
}

pub(super) fn cookies(reply: Reply) -> Vec<String> {
    let mut headers = HeaderList::default();
    reply.apply(&mut headers);
    let values = headers.values("set-cookie");
    values.into_iter().map(str::to_owned).collect()
}

pub(super) fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap()
}

pub(super) const REMOVAL: &str =
    "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure";
