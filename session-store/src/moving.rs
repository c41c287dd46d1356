mod batch;
mod commands;
pub(crate) mod course;
pub(crate) mod form;
mod lists;
mod once;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Entropy as _, IdForm, Key, LegacyId, Moment, OsEntropy,
    Outcome, PublicId, Record, Revision, Store, StoreError, StoreFacts, ValueRule, Whose,
};

pub use self::batch::Moved;
use self::form::NOBODY;

/// Two stores as one, while an application goes from the old one to the new one with nobody logged out.
///
/// It is a deploy in three steps, each of which has to be on every node before the next one begins:
///
/// 1. [`preparing`](Self::preparing) reads both stores, begins sessions in `old`, and writes each one where it is.
/// 2. [`new`](Self::new) begins sessions in `new`, and moves one on its next write. `sessionctl move --from OLD --to NEW`
///    ([`move_batch`](Self::move_batch)) moves the rest; it can be stopped at any time and begun again.
/// 3. The new store alone, as soon as a whole pass has met none.
///
/// Nodes of step 1 and 2 may run side by side, as may several tools, and each of them may end at any moment:
///
/// - No live session is answered with none, and a login, a write or a touch that was acknowledged is not lost.
/// - What was ended, in whatever way, stays ended.
/// - Most requests cost what they cost without it: in step 1 a load and a write of a session in `old` (a touch looks into
///   `new` too), in step 2 those of one in `new`. One in `old` then costs a load more, and nine calls for the write that
///   moves it. An end asks both stores, and the key of a session that begins is looked up in the other one.
///
/// What to know:
///
/// - **A node that knows `old` alone** logs out whoever was moved, and its logouts don't end what was. Look for
///   forgotten workers before step 2.
/// - **A node that knows `new` alone** logs out whoever was not moved. Those who left a session by a sign-in a moment ago
///   have it in `old` until its grace is over; so wait as long after the last pass.
/// - **No cache** may be in either store: another node's write to the other one is not told to it. One around `Moving` is
///   right.
/// - **Clocks** matter as always: on a node whose clock is fast, sessions are over too early. None of them is moved or
///   removed by that.
/// - **A failover of `old`** to a replica that lacks the last writes can bring back a session that was moved and ended since.
///   Let the replicas catch up before step 3. After one during a pass, make another.
/// - **A mover's statement that arrives twice**, the second time after its session was moved, ended, and its mover has died
///   before it could clean up, can bring the session back. No driver of ours repeats one so late.
/// - A session whose mover died in the middle is in no [list](Store::devices) and counted by no revocation until its next
///   request or the next pass; it is ended by one like any other. Sweeps count what they remove from both.
/// - Both stores need ids of two parts ([`IdForm::Hashed`]): not a Django site's table.
///
/// ```
/// use session_core::{Cursor, Moment, Policy, Sessions};
/// use session_store::Moving;
/// # use session_testkit::ModelStore as SqliteStore;
/// # use session_testkit::ModelStore as PostgresStore;
/// use std::sync::Arc;
///
/// # pollster::block_on(async {
/// # let (sqlite, postgres) = (SqliteStore::new(), PostgresStore::new());
/// let moving = Moving::new(Arc::new(sqlite), Arc::new(postgres))?;
/// let sessions = Sessions::new(Policy::default(), moving.clone());
/// # let now = Moment::UNIX_EPOCH;
/// let pass = moving.move_batch(&Cursor::default(), 500, now).await?;
/// assert_eq!((pass.met, pass.next), (0, None)); // nothing is left in the old store
/// # drop(sessions);
/// # Ok::<(), session_core::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Moving {
    old: Arc<dyn Store>,
    new: Arc<dyn Store>,
    mode: Mode,
    rule: ValueRule,
    nobody: Digest,
    /// A digest that no copy of a session has, so that each load is answered by the original.
    stranger: Digest,
    /// Another library's session, which moves once.
    once: Option<LegacyId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Preparing,
    Moving,
}

impl Moving {
    /// The first step: reads both stores, begins sessions in `old`, writes each one where it is, and moves none but those
    /// that a node of the second step has begun to move.
    ///
    /// # Errors
    ///
    /// The stores' ids are not both of two parts, they have more than two [rules for values](ValueRule) in all, or the system
    /// has no random bytes.
    pub fn preparing(old: Arc<dyn Store>, new: Arc<dyn Store>) -> Result<Self, StoreError> {
        Self::of(old, new, Mode::Preparing)
    }

    /// The second step: begins sessions in `new`, and moves one there on its next write or touch.
    ///
    /// # Errors
    ///
    /// As of [`preparing`](Self::preparing).
    pub fn new(old: Arc<dyn Store>, new: Arc<dyn Store>) -> Result<Self, StoreError> {
        Self::of(old, new, Mode::Moving)
    }

    fn of(old: Arc<dyn Store>, new: Arc<dyn Store>, mode: Mode) -> Result<Self, StoreError> {
        if [&old, &new].map(|store| store.id_form()) != [IdForm::Hashed; 2] {
            return Err(StoreError::unsupported(format!(
                "sessions move only between stores with ids of two parts, and not from {old:?} to {new:?}"
            )));
        }
        let rule = old.value_rule().and(new.value_rule());
        let rule = rule.ok_or_else(|| {
            StoreError::unsupported(format!(
                "{old:?} and {new:?} have too many rules for values"
            ))
        })?;
        let [nobody, stranger] = [NOBODY, random()?].map(|bytes| Digest::from_bytes(&bytes));
        let (Some(nobody), Some(stranger)) = (nobody, stranger) else {
            return Err(StoreError::new("16 bytes are no digest"));
        };
        Ok(Self {
            old,
            new,
            mode,
            rule,
            nobody,
            stranger,
            once: None,
        })
    }

    /// Moves the sessions of about `limit` records of `old` from a place on; for tools.
    ///
    /// A pass begins at the default [`Cursor`] and ends without a next one. Sessions that nodes of the first step begin
    /// may be behind it; so begin anew until a pass meets none.
    ///
    /// # Errors
    ///
    /// A store failed; what was moved stays moved. A session that `new` can't keep is no error: it is counted, and goes on
    /// in `old`. In the first step it is [unsupported](StoreError::unsupported).
    pub async fn move_batch(
        &self,
        from: &Cursor,
        limit: usize,
        now: Moment,
    ) -> Result<Moved, StoreError> {
        if self.mode == Mode::Preparing {
            let message = "the first step of a move moves no sessions";
            return Err(StoreError::unsupported(message));
        }
        self.move_some(from, limit, now).await
    }
}

/// Draws the revision of a placeholder or a marker.
pub(crate) fn draw() -> Result<Revision, StoreError> {
    let number = i64::from_be_bytes(random()?) & i64::MAX;
    Ok(Revision::from_i64(number))
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    let filled = OsEntropy.fill(&mut bytes);
    filled.map_err(|error| StoreError::new("no random bytes").caused_by(error))?;
    Ok(bytes)
}

impl fmt::Debug for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?}, {:?})", self.mode, self.old, self.new)
    }
}

#[async_trait]
impl Store for Moving {
    async fn load(
        &self,
        key: &Key,
        _secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.find(key, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        match command {
            Command::Insert { .. } => self.begin(command, now).await,
            Command::Replace { .. } | Command::Touch { .. } => self.change(command, now).await,
            Command::Delete { key, only } => self.end(key, only, now).await,
            Command::Move { .. } => Err(StoreError::keys_stay()),
        }
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let removed = self.old.sweep(now, limit).await?;
        let rest = limit.saturating_sub(removed);
        if rest == 0 {
            return Ok(removed);
        }
        Ok(removed + self.new.sweep(now, rest).await?)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.list(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        // In the order in which sessions move: none is missed.
        let ended = self.old.revoke(whose, now).await?;
        Ok(ended + self.new.revoke(whose, now).await?)
    }

    async fn changed(&self, key: &Key) {
        let (mut old, mut new) = (self.old.changed(key), self.new.changed(key));
        poll_fn(|context| {
            let old = old.as_mut().poll(context);
            if old.is_ready() {
                old
            } else {
                new.as_mut().poll(context)
            }
        })
        .await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.go_through(from, limit, now).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        let (old, new) = (self.old.estimate().await?, self.new.estimate().await?);
        Ok(old.zip(new).map(|(old, new)| old + new))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.both_work().await
    }

    /// Returns what holds for both, and the new one's clock and table.
    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let (old, new) = (self.old.facts().await?, self.new.facts().await?);
        let both = |old: Option<bool>, new: Option<bool>| Some(old? && new?);
        let mut facts = new;
        facts.outlives_process = both(old.outlives_process, facts.outlives_process);
        facts.sweeps = both(old.sweeps, facts.sweeps);
        facts.kind = format!("{}, moving to {},", old.kind, facts.kind).into();
        Ok(facts)
    }

    fn value_rule(&self) -> ValueRule {
        self.rule
    }

    async fn close(&self) {
        self.old.close().await;
        self.new.close().await;
    }
}
