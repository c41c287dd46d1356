use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    Command, Device, Digest, IdForm, Key, Outcome, PublicId, Record, Revoke, StoreError, ValueRule,
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
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError>;

    /// Applies one command, or refuses it.
    async fn write(&self, command: Command<'_>, now: OffsetDateTime)
    -> Result<Outcome, StoreError>;

    /// Removes at most `limit` records that are over and returns how many it removed.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError>;

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
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError>;

    /// Removes sessions of one owner, whatever the clock says, and returns how many of them were
    /// neither over nor closed.
    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError>;

    /// Succeeds if the store can be reached and written to.
    async fn check(&self) -> Result<(), StoreError>;

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
