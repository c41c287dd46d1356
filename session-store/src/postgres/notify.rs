/// What a [`PostgresStore`](crate::PostgresStore) tells the caches that listen.
///
/// `CachedStore::listening` hears of every write whose store tells of it, and sees any other
/// within `CachedOptions::stale_for`; so set the same in all processes that write.
///
/// It is part of the statement that writes, not a command more. But of the transactions that tell
/// something PostgreSQL lets one at a time commit, and each of them waits for the disk: with
/// [`Changes`](Self::Changes) that is the limit of how much can be written. Of 16 writers at once
/// it left a quarter of the writes; one alone wrote as much as without. Ends are rare enough not
/// to matter.
///
/// A pooler that hands out connections by the transaction passes nothing on, without a word; let
/// the store connect past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Notify {
    /// Nothing, which costs nothing.
    #[default]
    Nothing,
    /// What ends a session or one of its secrets: logouts, revocations, sign-ins and rotations.
    Ends,
    /// Changed values as well.
    Changes,
}
