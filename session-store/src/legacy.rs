//! The sessions of other libraries, which are adopted as their visitors come.

#[cfg(all(
    feature = "django",
    any(feature = "mysql", feature = "postgres", feature = "sqlite")
))]
mod django;
mod form;
mod marker;
mod old;
mod one_row;
mod options;
mod owner;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod sql;
mod table;
#[cfg(test)]
mod tests;
mod turns;
mod values;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _};
use session_core::{
    Adopt, Adoption, Command, Cursor, Digest, LegacyId, Moment, Only, Policy, Record, Sessions,
    Store, StoreError,
};

pub use self::options::LegacyOptions;
pub use self::values::{LegacyMismatch, LegacyValues};

use self::old::Old;
use self::one_row::{Found, OneRow};
use self::owner::{Asked, Kept};
use self::table::Table;
use crate::moving::course::{InNew, Place};
use crate::moving::draw;
use crate::moving::form::{NOBODY, is_placeholder};
use crate::{Moved, Moving};

/// The sessions that another library has begun, for an application that leaves it with nobody logged out.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use session_core::{LegacyCookie, Policy, Sessions, Store, StoreError};
/// use session_store::LegacyOptions;
///
/// # async fn open(store: Arc<dyn Store>) -> Result<Sessions, StoreError> {
/// let old = LegacyOptions::tower_sessions("postgres://127.0.0.1/shop")
///     .owner(|values| values.get("user_id"))
///     .open(Arc::clone(&store))
///     .await?;
/// let sessions = Sessions::shared(Policy::default(), store);
/// Ok(sessions.adopting(LegacyCookie::new("id"), Arc::new(old)))
/// # }
/// ```
///
/// Whoever comes with the old cookie, and uses a session, has the one that it leads to: it is put into the new store, under
/// a key that is a digest of the old id, and removed from the old one. The answer brings our cookie. If it is lost, the old cookie
/// opens the session once more; soon after ours has come back, it opens nothing, and is removed.
///
/// Servers with the other library may still run beside it, as in a rolling deploy: whoever was adopted is anonymous there. As
/// several nodes may adopt, and each may end at any moment, a session takes the steps of [`Moving`].
///
/// - **A revocation** reaches only what was adopted. So [adopt all](Self::adopt_batch), and then remove the old library; or
///   end an owner's sessions in the old table too.
/// - A session that can't be read, or whose owner is unclear, stays where it is, and its visitor begins anew; the log has a
///   warning for the first of each kind. An outage of either side is an error, and never an anonymous visitor.
/// - Some sessions are adopted at a time, whoever asks; a rush after the deploy waits for its turns, and for a while at most.
/// - The adopted one is a new session to the policy's limits: idle and absolute ones count from then on. Until it is used again
///   it does not live longer than it would have.
/// - Until the old servers are gone, don't move the new store elsewhere and don't revoke everybody's sessions without emptying the old
///   table: what says that a session was adopted would be gone.
/// - What an old server writes to a session while it is adopted is lost.
/// - Each adopted one leaves a trace for 400 days, which counts as a session in [`Store::estimate`] and in `sessionctl stats`.
/// - An old cookie that is neither signed nor encrypted, and an old table with ids in clear, are as strong as they were, until
///   the session was adopted and our cookie has come back.
#[derive(Clone)]
pub struct Legacy {
    old: Old,
    new: Arc<dyn Store>,
}

/// What became of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Adopted {
    Now,
    /// There is nothing, or nothing any more.
    Nothing,
    Kept(Kept),
}

impl Legacy {
    /// Adopts the sessions that some rows of the old table have; for a job that adopts those whose visitors don't come soon.
    ///
    /// A pass begins at the default [`Cursor`] and ends without a next one; when a whole pass meets none, the old table may go. It
    /// may run beside traffic and beside another one, and be stopped at any time. To the policy an adopted session was seen
    /// at that moment: where its idle limit is shorter than the other library's, visitors who don't come within it are
    /// logged out, and who comes by itself is not.
    ///
    /// # Errors
    ///
    /// A store failed; what was adopted stays adopted.
    pub async fn adopt_batch(
        &self,
        sessions: &Sessions,
        from: &Cursor,
        limit: usize,
    ) -> Result<Moved, StoreError> {
        let (policy, now) = (sessions.policy(), sessions.policy().now());
        let page = self.old.page(from, limit.max(1)).await?;
        let mut moved = Moved {
            next: page.next,
            ..Moved::default()
        };
        let ids = page.ids.into_iter().filter(|id| self.old.form.has(id));
        let adopted = stream::iter(ids.map(LegacyId::new))
            .map(|id| async move { self.adopt_one(&id, policy, now).await })
            .buffer_unordered(AT_ONCE);
        let mut adopted = pin!(adopted);
        while let Some(adopted) = adopted.next().await {
            match adopted {
                Ok(Adopted::Now) => {
                    moved.met += 1;
                    moved.moved += 1;
                }
                Ok(Adopted::Nothing) => {}
                Ok(Adopted::Kept(kept)) => {
                    moved.met += 1;
                    moved.kept += 1;
                    moved.trouble = Some(StoreError::new(kept.to_string()));
                }
                Err(error) => {
                    // Is it the session, or a store?
                    self.old.check().await?;
                    self.new.check().await?;
                    moved.met += 1;
                    moved.kept += 1;
                    moved.trouble = Some(error);
                }
            }
        }
        Ok(moved)
    }

    /// Says anew who is signed in; see [`LegacyOptions::owner`].
    #[must_use]
    pub fn owner(
        mut self,
        owner: impl Fn(&LegacyValues) -> Result<Option<String>, LegacyMismatch> + Send + Sync + 'static,
    ) -> Self {
        self.old.owner = Some(Asked::closure(owner));
        self
    }

    /// Closes the connections to the old table; the new store stays open.
    pub async fn close(&self) {
        let close = async |table: Arc<Box<dyn Table>>| {
            table.close().await;
            Ok(())
        };
        // Where the home is gone, so are the connections.
        let _ = self.old.table.call(close).await;
    }

    async fn adopt_one(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Adopted, StoreError> {
        let _turn = self.old.turn().await?;
        for _ in 0..ROUNDS {
            if let Some(adopted) = self.try_to_adopt(id, policy, now).await? {
                return Ok(adopted);
            }
        }
        Err(StoreError::new(
            "a session of another library is written so often that it can't be adopted",
        ))
    }

    /// Returns `None` if it was written meanwhile.
    async fn try_to_adopt(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Option<Adopted>, StoreError> {
        let Some(row) = self.old.read(id.expose()).await? else {
            return Ok(Some(Adopted::Nothing));
        };
        let one = OneRow {
            old: self.old.clone(),
            id: id.clone(),
            policy: Arc::clone(policy),
        };
        let found = one.found(&row, now).await?;
        let course = Moving::new(Arc::new(one), Arc::clone(&self.new))?.once(id.clone());
        if self.is_settled(&course, id, now).await? {
            // Whoever has written there since has come too late.
            self.old.remove(id.expose(), None, now).await?;
            return Ok(Some(Adopted::Nothing));
        }
        let record = match found {
            Found::Session(record) => record,
            Found::Ended => return Ok(Some(Adopted::Nothing)),
            Found::Kept(kept) => {
                self.old.told.tell(&kept);
                return Ok(Some(Adopted::Kept(kept)));
            }
        };
        // A failure says nothing of the session, whatever failed: its visitor is not somebody without one.
        match course.carry(&id.key(), now).await? {
            Place::Moved => {
                self.old.remove(id.expose(), None, now).await?;
                Ok(Some(Adopted::Now))
            }
            // Its trace was removed since, as by a revocation of everybody's sessions.
            Place::New => {
                self.old.remove(id.expose(), None, now).await?;
                Ok(Some(Adopted::Nothing))
            }
            Place::Old if record.expires <= now => Ok(Some(Adopted::Nothing)),
            Place::Old | Place::Nowhere => Ok(None),
        }
    }

    /// Says whether a session was adopted before, or ended: it has a trace, and is not on its way under that name.
    async fn is_settled(
        &self,
        course: &Moving,
        id: &LegacyId,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let Some(trace) = self.trace(id, now).await? else {
            return Ok(false);
        };
        let found = course.in_new(&id.key(), now).await?;
        let is_on_its_way =
            matches!(found, InNew::Placeholder(held) if held.revision == trace.revision);
        Ok(!is_on_its_way)
    }

    async fn trace(&self, id: &LegacyId, now: Moment) -> Result<Option<Record>, StoreError> {
        let secret = Digest::from_bytes(&NOBODY);
        let secret = secret.ok_or_else(|| StoreError::new("16 bytes are no digest"))?;
        self.new.load(&id.trace(), &secret, now).await
    }

    /// Ends a session: what is on its way is stopped, and nothing sets out any more.
    async fn end_one(&self, id: &LegacyId, now: Moment) -> Result<(), StoreError> {
        let _turn = self.old.turn().await?;
        let key = &id.key();
        let placeholder = async || {
            let secret = Digest::from_bytes(&NOBODY);
            let secret = secret.ok_or_else(|| StoreError::new("16 bytes are no digest"))?;
            let found = self.new.load(key, &secret, now).await?;
            Ok::<_, StoreError>(found.filter(is_placeholder))
        };
        let row = self.old.read(id.expose()).await?;
        if row.is_none() && placeholder().await?.is_none() {
            return Ok(());
        }
        let record = &id.trace_record(draw()?, now);
        let trace = &id.trace();
        let insert = Command::Insert { key: trace, record };
        self.new.write(insert, now).await?;
        self.old.remove(id.expose(), None, now).await?;
        if placeholder().await?.is_some() {
            let only = Only::Always;
            self.new.write(Command::Delete { key, only }, now).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Adopt for Legacy {
    async fn adopt(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Adoption, StoreError> {
        if !self.old.form.has(id.expose()) {
            return Ok(Adoption::Settled);
        }
        Ok(match self.adopt_one(id, policy, now).await? {
            Adopted::Now | Adopted::Nothing => Adoption::Settled,
            Adopted::Kept(_) => Adoption::Kept,
        })
    }

    async fn end(&self, id: &LegacyId, now: Moment) -> Result<(), StoreError> {
        if !self.old.form.has(id.expose()) {
            return Ok(());
        }
        self.end_one(id, now).await
    }

    fn may_be(&self, id: &str) -> bool {
        self.old.form.has(id)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.old.check().await
    }

    fn store(&self) -> Option<&Arc<dyn Store>> {
        Some(&self.new)
    }
}

/// How many sessions a job adopts at a time: visitors find turns beside it.
const AT_ONCE: usize = turns::AT_ONCE / 2;

/// Each one is lost to a write of this session.
const ROUNDS: usize = 10;

impl fmt::Debug for Legacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Legacy({:?}, {:?})", self.old, self.new)
    }
}
