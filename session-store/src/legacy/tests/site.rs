use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use session_core::{
    Command, Cursor, Digest, Key, LegacyCookie, LegacyId, ManualClock, Moment, Only, Outcome,
    Policy, Record, Reply, SessionError, Sessions, Store, StoreError,
};
use session_testkit::{Around, HeaderList, ModelStore, Wrapped};
use tokio::runtime::Builder;

use super::super::form::Form;
use super::super::owner::Asked;
use super::super::table::Table;
use super::super::{Legacy, Old};
use super::old_table::{Faults, Handle, OldTable, id_of_form, row};
use super::start;
use crate::Moved;
use crate::home::{AtHome, Home};

/// An application that was with another library, and that library's table.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) form: Form,
    pub(super) sessions: Sessions,
    /// Those that adopt nothing.
    others: Sessions,
    clock: Arc<ManualClock>,
    old: Arc<OldTable>,
    new: Arc<Faults>,
    legacy: Legacy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

/// The new store, whose calls give way too.
#[derive(Debug)]
struct New(ModelStore, Arc<OldTable>, Arc<Faults>);

#[async_trait]
impl Around for New {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.1.steps.step().await;
        self.2.call()?;
        let found = self.0.load(key, secret, now).await;
        self.1.steps.step().await;
        found
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.1.steps.step().await;
        self.2.call()?;
        let outcome = self.0.write(command, now).await;
        self.1.steps.step().await;
        outcome
    }
}

impl Site {
    /// With one session of ada's in the old table.
    pub(super) fn new(form: &Form) -> Self {
        let old = Arc::new(OldTable {
            rows: Mutex::new(BTreeMap::from([(
                id_of_form(form).to_owned(),
                row(form, 1),
            )])),
            is_redis: matches!(form, Form::ActixSession),
            ..OldTable::default()
        });
        let clock = Arc::new(ManualClock::new(start()));
        let policy = Policy::builder().clock(Arc::clone(&clock)).build().unwrap();
        let faults = Arc::new(Faults::default());
        let new = New(ModelStore::new(), Arc::clone(&old), Arc::clone(&faults));
        let new = Arc::new(Wrapped(new));
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = Handle(Arc::clone(&old));
        let open = async {
            AtHome::open_at(Home::here()?, async move |_| {
                Ok(Box::new(handle) as Box<dyn Table>)
            })
            .await
        };
        let table = runtime.block_on(open).unwrap();
        let legacy = Legacy {
            old: Old::new(
                table,
                form.clone(),
                Some(Asked::closure(|values| values.get("name"))),
                std::time::Duration::from_secs(5),
            ),
            new: new.clone(),
        };
        let others = Sessions::shared(policy, new);
        let sessions = others.adopting(LegacyCookie::new("id"), Arc::new(legacy.clone()));
        Self {
            form: form.clone(),
            sessions,
            others,
            clock,
            old,
            new: faults,
            legacy,
        }
    }

    /// Runs a test in one thread, in which the store is at home.
    pub(super) fn run(&self, test: impl AsyncFnOnce(&Self)) {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let handle = Handle(Arc::clone(&self.old));
            let at_home = AtHome::open_at(Home::here().unwrap(), async move |_| {
                Ok(Box::new(handle) as Box<dyn Table>)
            });
            let mut site = self.clone();
            site.legacy.old.table = at_home.await.unwrap();
            site.sessions = site
                .others
                .adopting(LegacyCookie::new("id"), Arc::new(site.legacy.clone()));
            test(&site).await;
        });
    }

    pub(super) fn legacy_sessions(&self) -> Legacy {
        self.legacy.clone()
    }

    pub(super) fn legacy(&self) -> String {
        format!("id={}", id_of_form(&self.form))
    }

    pub(super) fn old(&self) -> &Arc<OldTable> {
        &self.old
    }

    pub(super) fn later(&self, seconds: u64) {
        self.clock.advance(std::time::Duration::from_secs(seconds));
    }

    pub(super) fn old_rows(&self) -> usize {
        self.old.rows.lock().unwrap().len()
    }

    pub(super) fn old_is_read_only(&self, is_read_only: bool) {
        self.old.is_read_only.store(is_read_only, Ordering::Relaxed);
    }

    /// Removes what says that the session was adopted, as a revocation of everybody's does.
    pub(super) async fn forget_the_trace(&self) {
        let key = &LegacyId::new(id_of_form(&self.form)).trace();
        let only = Only::Always;
        let delete = Command::Delete { key, only };
        self.sessions.store().write(delete, start()).await.unwrap();
    }

    /// Lets calls of a side fail; the check of the new one never does.
    pub(super) fn fail(&self, side: Side, which: Range<usize>) {
        self.faults(side).fail(which);
    }

    /// Returns how many calls a side has had since.
    pub(super) fn calls(&self, side: Side) -> usize {
        self.faults(side).calls()
    }

    fn faults(&self, side: Side) -> &Faults {
        match side {
            Side::Old => &self.old.faults,
            Side::New => &self.new,
        }
    }

    /// Lets the old session's life run out.
    pub(super) fn end_of_life(&self) {
        self.old.is_over.store(true, Ordering::Relaxed);
        self.later(100_000);
    }

    pub(super) fn spoil(&self, row: &[u8]) {
        let mut rows = self.old.rows.lock().unwrap();
        rows.insert(id_of_form(&self.form).to_owned(), row.to_owned());
    }

    pub(super) async fn batch(&self) -> Result<Moved, StoreError> {
        let from = Cursor::default();
        self.legacy.adopt_batch(&self.sessions, &from, 10).await
    }

    /// Reads the name.
    pub(super) async fn visit(
        &self,
        cookie: &str,
    ) -> Result<(Option<String>, Reply), SessionError> {
        let request = self.sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await?;
        let name = session.get("name")?;
        let reply = request.commit(200).await.map_err(SessionError::from)?;
        Ok((name, reply))
    }

    /// Sets a value; says whether a session with a name was there.
    pub(super) async fn write(&self, cookie: &str) -> Result<(bool, Reply), SessionError> {
        let request = self.sessions.open([cookie.as_bytes()]);
        let session = request.handle().load().await?;
        let is_there = session.get::<String>("name")?.is_some();
        if is_there {
            session.insert("written", true)?;
        }
        let reply = request.commit(200).await.map_err(SessionError::from)?;
        Ok((
            is_there && !reply.is_gone() && !reply.is_superseded(),
            reply,
        ))
    }

    pub(super) async fn logout(&self, cookie: &str, looks: bool) -> Result<Reply, SessionError> {
        let request = self.sessions.open([cookie.as_bytes()]);
        if looks {
            request.handle().load().await?;
        }
        request.handle().destroy()?;
        request.commit(200).await.map_err(SessionError::from)
    }
}

/// The values of all `Set-Cookie`.
pub(super) fn headers(reply: Reply) -> Vec<String> {
    let mut headers = HeaderList::default();
    reply.apply(&mut headers);
    let values = headers.values("set-cookie");
    values.into_iter().map(str::to_owned).collect()
}

/// The `name=value` of a `Set-Cookie`.
pub(super) fn id_of(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap_or_default()
}

/// The text of our id with the key and the secret that stand for an old one.
pub(super) fn forged(id: &str) -> String {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};
    let hash = |purpose: &str| Sha256::digest([purpose.as_bytes(), id.as_bytes()].concat());
    let (key, secret) = (hash("legacy key\0"), hash("legacy secret\0"));
    assert_eq!(LegacyId::new(id).key().as_bytes(), &key[..16]);
    let bytes = [&key[..16], &secret[..20]].concat();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
