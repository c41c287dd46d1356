use std::fmt;

use async_trait::async_trait;

use crate::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record,
    StoreError, StoreFacts, ValueRule, Whose,
};

/// The port behind which sessions are kept.
///
/// A store applies a command or refuses it; it decides nothing. Every command is atomic: of two
/// that race, one sees the other's effect. `now` is the caller's clock, and the only one that
/// counts. `Err` is for the system (an outage, a broken table); anything that a client can cause is
/// `Ok`. No error names a key or a digest.
///
/// `session-testkit` holds the suite that says whether a store is right.
///
/// A type that lacks one of the six is no store:
///
/// ```compile_fail,E0046
/// # // Django: SessionBaseTests.test_create SessionBaseTests.test_acreate SessionBaseTests.test_delete SessionBaseTests.test_adelete
/// # // Django: SessionBaseTests.test_exists SessionBaseTests.test_aexists SessionBaseTests.test_load SessionBaseTests.test_aload
/// # // Django: SessionBaseTests.test_save SessionBaseTests.test_asave ClearSessionsCommandTests.test_clearsessions_unsupported
/// #[derive(Debug)]
/// struct Nowhere;
///
/// #[session_core::async_trait]
/// impl session_core::Store for Nowhere {}
/// ```
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns the record under the key. One that is over may be returned or not: the core judges.
    ///
    /// The store looks at the key alone; the core compares secrets. Only a copy that may be older
    /// than the last write (a cache, a replica) looks at `secret`: it answers if that is the
    /// [present digest](crate::Secrets::present) of its copy, and asks the original otherwise. After
    /// a write was refused a copy must not answer for that key.
    ///
    /// A record whose `data` cannot be understood is returned as it is; the core deals with it.
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError>;

    /// Applies one command, or refuses it.
    ///
    /// SQL states the condition in the write. A store that reads first, behind a lock or in a transaction, learns from
    /// [`Command::effect`] what to do.
    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError>;

    /// Removes at most `limit` records that are over and returns how many it removed.
    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError>;

    /// Returns at most `limit` of an owner's sessions that are neither over nor
    /// [closed](Record::closed): the newest sign-in first ([`created`](Record::created)), of two at one
    /// moment that with the larger handle.
    ///
    /// With `from` the page begins with the session of that handle, and is empty if the owner has
    /// no such session in the list. A list reads no data.
    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError>;

    /// Removes sessions, whatever the clock says, and returns how many of them were neither over nor closed.
    ///
    /// Every one that was there at the call is gone when it returns. (Where ids are plain and not the table's own
    /// order, one of [`Whose::Everybody`] that gets a new key all the while may stay.)
    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError>;

    /// Waits until the session under the key may have been written or removed, by whatever node; by default for ever,
    /// as of a store that is not told of other nodes' writes.
    ///
    /// It counts from the first poll: a load that begins after that sees the state before the change, or the wait is
    /// over. It may be over without a change.
    async fn changed(&self, key: &Key) {
        let _ = key;
        std::future::pending::<()>().await;
    }

    /// Returns about `limit` of all sessions, over or not, from a place on (at least one, if there is one); for tools that list, count, end or move them.
    ///
    /// Every session that keeps its key from the first batch to the last one is in one of them, or in several; one that
    /// begins, ends or gets another key meanwhile is in some or in none.
    ///
    /// By default it is [unsupported](StoreError::unsupported), and the suite then asks for nothing more.
    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        let _ = (from, limit, now);
        Err(StoreError::unsupported(
            "this store can't go through all of its sessions",
        ))
    }

    /// Returns about how many sessions there are, over or not, if the store knows without going through them; by default
    /// `None`. It is for a gauge: no decision may depend on it.
    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// Succeeds if the store can be reached and written to.
    async fn check(&self) -> Result<(), StoreError>;

    /// Returns what the store knows of itself, for a [`Report`](crate::Report); by default nothing.
    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        Ok(StoreFacts::default())
    }

    /// Returns the form of ids by which the store finds sessions; by default [`IdForm::Hashed`].
    ///
    /// [`Sessions`](crate::Sessions) joins it only with a policy of the same form.
    fn id_form(&self) -> IdForm {
        IdForm::Hashed
    }

    /// Returns what the store can't keep among a session's values; by default it keeps every value.
    ///
    /// [`Sessions`](crate::Sessions) asks once. So a value that the store would refuse is an error where it
    /// is set ([`ValueError::Refused`](crate::ValueError::Refused)), and not of the response's commit.
    fn value_rule(&self) -> ValueRule {
        ValueRule::ANY
    }

    /// Ends what the store has started for itself, such as connections and a sweep, once the running
    /// calls are done; later calls may fail. By default there is nothing to end.
    ///
    /// Call it when the server has shut down; what the application has lent the store stays open.
    async fn close(&self) {}
}
