use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use session_core::time::Duration;
use session_core::{
    Command, Cursor, Digest, Key, LegacyCookie, LegacyId, ManualClock, Moment, Only, Outcome,
    Policy, Record, Reply, SessionError, Sessions, Store, StoreError,
};
use session_testkit::{Around, HeaderList, ModelStore, Wrapped};
use tokio::runtime::Builder;

use super::super::form::Form;
use super::super::table::{Page, Row, Table};
use super::super::{Legacy, Old};
use super::start;
use crate::Moved;
use crate::home::{AtHome, Home};

pub(super) const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const ACTIX_ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An application that was with another library, and that library's table.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) form: Form,
    pub(super) sessions: Sessions,
    /// Those that adopt nothing.
    others: Sessions,
    clock: Arc<ManualClock>,
    old: Arc<OldTable>,
    legacy: Legacy,
}

/// The table, whose calls each give way to others before and after what they do.
#[derive(Debug, Default)]
pub(super) struct OldTable {
    rows: Mutex<BTreeMap<String, Vec<u8>>>,
    is_redis: bool,
    fails: AtomicBool,
    /// It can only be read.
    is_read_only: AtomicBool,
    /// Redis counts down.
    is_over: AtomicBool,
    pub(super) steps: Steps,
}

#[derive(Debug, Default)]
pub(super) struct Steps(AtomicUsize);

impl Steps {
    pub(super) async fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut was_here = false;
        poll_fn(|context| {
            if std::mem::replace(&mut was_here, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Handle(Arc<OldTable>);

impl OldTable {
    async fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> Result<T, StoreError> {
        self.steps.step().await;
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::new("the old table is down"));
        }
        let done = change(&mut self.rows.lock().unwrap());
        self.steps.step().await;
        Ok(done)
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.is_read_only.load(Ordering::Relaxed) {
            return Err(StoreError::new("the old table is read-only"));
        }
        Ok(())
    }

    /// What a server with the other library reads: a session, nothing, or an error.
    pub(super) async fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.change(|rows| rows.values().next().cloned()).await
    }

    /// As the other library writes: in Redis only what is there.
    pub(super) async fn save(&self, row: Vec<u8>) -> Result<(), StoreError> {
        let is_redis = self.is_redis;
        self.change(|rows| {
            let id = id_of_form(if is_redis {
                &Form::ActixSession
            } else {
                &Form::TowerSessions
            });
            if !is_redis || rows.contains_key(id) {
                rows.insert(id.to_owned(), row);
            }
        })
        .await
    }

    /// Removes the row, and returns what it had.
    pub(super) async fn delete(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.change(|rows| rows.pop_first().map(|(_, row)| row))
            .await
    }
}

#[async_trait]
impl Table for Handle {
    async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
        let read = |rows: &mut BTreeMap<String, Vec<u8>>| rows.get(id).cloned();
        let data = self.0.change(read).await?;
        let is_over = self.0.is_over.load(Ordering::Relaxed);
        let left = if is_over {
            Duration::ZERO
        } else {
            Duration::DAY
        };
        let left = self.0.is_redis.then_some(left);
        Ok(data.map(|data| Row { data, left }))
    }

    async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.0.writable()?;
        let swap = |rows: &mut BTreeMap<String, Vec<u8>>| match rows.get_mut(id) {
            Some(row) if row == old => {
                *row = new.to_owned();
                true
            }
            _ => false,
        };
        self.0.change(swap).await
    }

    async fn remove(&self, id: &str, only: Option<&[u8]>) -> Result<bool, StoreError> {
        self.0.writable()?;
        let remove = |rows: &mut BTreeMap<String, Vec<u8>>| {
            let fits = rows
                .get(id)
                .is_some_and(|row| only.is_none_or(|only| row == only));
            fits && rows.remove(id).is_some()
        };
        self.0.change(remove).await
    }

    async fn page(&self, from: &Cursor, _: usize) -> Result<Page, StoreError> {
        assert!(from.as_bytes().is_empty());
        let ids = |rows: &mut BTreeMap<String, Vec<u8>>| rows.keys().cloned().collect();
        let ids = self.0.change(ids).await?;
        Ok(Page { ids, next: None })
    }

    async fn close(&self) {}
}

/// The new store, whose calls give way too.
#[derive(Debug)]
struct New(ModelStore, Arc<OldTable>);

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
        let found = self.0.load(key, secret, now).await;
        self.1.steps.step().await;
        found
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.1.steps.step().await;
        let outcome = self.0.write(command, now).await;
        self.1.steps.step().await;
        outcome
    }
}

fn id_of_form(form: &Form) -> &'static str {
    match form {
        Form::TowerSessions => ID,
        _ => ACTIX_ID,
    }
}

/// A row with ada's name, and a number of hits.
pub(super) fn row(form: &Form, hits: u32) -> Vec<u8> {
    match form {
        Form::TowerSessions => {
            let values = BTreeMap::from([
                ("name", serde_json::json!("ada")),
                ("hits", serde_json::json!(hits)),
            ]);
            let ends = session_core::time::OffsetDateTime::from(start()) + Duration::DAY;
            rmp_serde::to_vec(&(0_i128, values, ends)).unwrap()
        }
        _ => format!(r#"{{"name":"\"ada\"","hits":"{hits}"}}"#).into_bytes(),
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
        let new = Arc::new(Wrapped(New(ModelStore::new(), Arc::clone(&old))));
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
            old: Old {
                table,
                form: form.clone(),
                owner: Some(Arc::new(|values| values.get("name"))),
            },
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

    pub(super) fn old_fails(&self, fails: bool) {
        self.old.fails.store(fails, Ordering::Relaxed);
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

/// What a server with the other library writes after another hit, of what it has read.
pub(super) fn next_hit(form: &Form, read: &[u8]) -> Vec<u8> {
    if let Form::TowerSessions = form {
        return row(form, 2);
    }
    // It keeps values that it does not know.
    let mut values: BTreeMap<String, String> = serde_json::from_slice(read).unwrap();
    values.insert("hits".to_owned(), "2".to_owned());
    serde_json::to_vec(&values).unwrap()
}
