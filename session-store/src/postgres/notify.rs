/// The writes of which a [`PostgresStore`](crate::PostgresStore) notifies caches.
///
/// A cache that listens sees these writes at once, and other writes within
/// `CachedOptions::stale_for`. The writer's setting counts, so use the same one in all processes.
///
/// A notification is part of the statement that writes. But PostgreSQL commits transactions with
/// notifications one at a time, and each waits for the disk. With [`Changes`](Self::Changes) this
/// limits the write rate: 16 concurrent writers kept a quarter of theirs, a single writer all of
/// it. Ends are too rare to matter.
///
/// Notices are sent through a pooler too, but do not arrive through it; see
/// [`listen_url`](crate::PostgresOptions::listen_url).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Notify {
    /// No writes.
    #[default]
    Nothing,
    /// Writes that end a session or one of its secrets: logouts, revocations, sign-ins, rotations.
    Ends,
    /// Changes of values as well.
    Changes,
}
