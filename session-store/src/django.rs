#[cfg(feature = "redis")]
mod cache;
mod contents;
mod cookies;
mod form;
mod members;
#[cfg(feature = "mysql")]
mod mysql;
mod note;
mod open;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
mod renames;
mod sample;
mod scan;
mod schema;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
mod site;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod table;

pub use self::cookies::DjangoCookies;
#[cfg(feature = "legacy")]
pub(crate) use self::form::Form as DjangoForm;
pub use self::options::DjangoOptions;
pub(crate) use self::site::Site;
#[cfg(feature = "legacy")]
pub(crate) use self::table::{Change, Placed, Row};
use crate::home::{AtHome, store_at_home};

/// A store in the table of a Django site, `django_session`, which both sides read and write.
///
/// Whoever signs in on one side is signed in on the other. The store does what Django's engine `db`
/// does, and keeps its own promises among Rust programs: no lost update, no return of a session that
/// was ended. Clones are the same store. It needs ids that are Django's session keys
/// ([`IdForm::Plain`](session_core::IdForm::Plain)), such as `Policy::django` makes.
///
/// # What is where
///
/// | [`Record`](session_core::Record) | in Django |
/// |---|---|
/// | `data` | the session's values, byte for byte and in their order, but for the three names below |
/// | `owner` | `_auth_user_id` |
/// | `expiry` | `_session_expiry` |
/// | `expires` | the column `expire_date` |
/// | `revision`, `created`, `seen`, `authenticated`, `label`, `address`, `tag`, `credential` | the value `_session`, which Django carries along |
/// | `closed`, remembered secrets | not to be had: a new id is a new key at once, and the old one opens nothing |
///
/// Writing a value under one of the three names is an error. What Django's JSON has and JSON has not
/// (`NaN`, lone surrogates) is shown as [`to_strict`](session_core::django::to_strict) says, and goes back as it came.
///
/// # Beside Django
///
/// - Django saves blindly: what it loaded before a write of ours, it puts back. Nothing here can prevent
///   that; let one side write a session's value. A write of ours never overwrites what Django has saved
///   since the session was loaded: it is made again on what is there.
/// - A row that can't be read (a missing `SECRET_KEY_FALLBACKS`, a pickle) is no session here, with a
///   warning in the log, and is left alone but for its end, a logout by its own id, and a revocation of
///   everybody's sessions, which does not count it.
/// - The keys stand in clear: who reads the table has every session.
/// - `clear()` in Django drops `_session` too: an absolute limit begins anew, and a device's label is gone.
///   Of a session that Django began and we have not yet written, the last save counts as its beginning.
/// - An owner's [devices](session_core::Store::devices) and
///   [revocations](session_core::Store::revoke) read the whole table, since no index sees into signed data:
///   about 10 µs a row here, and the rows' bytes. On PostgreSQL and MySQL a session that gets a
///   new key during that may be missing in the list. A revocation reads on until it has met none of
///   them, there twice at least; it misses only a session whose key changes in each of its last two
///   walks. One of everybody's makes two walks there.
/// - A write keeps the end that Django has set unless it is earlier, or the session's own lifetime changes.
/// - A logout that crosses a change of the key, and so comes by the old one, ends the session if this
///   process has changed the key within the last five minutes. If another process has, or Django, or if
///   it was a sign-in, it ends nothing; nor does a logout in Django by the old key, as there. Nor if
///   `_auth_user_hash` changed with the key, as after a new password: a request that was under way then
///   finds the old hash, and flushes a session that was just renewed.
/// - The site's `SECRET_KEY` can't be asked for. When a store opens, it tries to read the newest sessions,
///   and a warning in the log says so if it can't
///   ([`require_readable`](DjangoOptions::require_readable) makes that an error).
/// - A cache of ours in front (`CachedStore`, feature `cached`) does not hear of Django's writes. It shows
///   them, and so a logout in Django, after its `stale_for`: by default a second, at most a minute. A write
///   here overwrites nothing of Django's even so. Use none where a logout has to count at once.
/// - With `USE_TZ = False` a session that Django saved ends by the wall clock, so in the hour that comes twice an
///   hour early or late, as there.
/// - Beside the engine `cached_db`, name its Redis ([`DjangoOptions::cache`], feature `redis`).
///
/// # Cost
///
/// A load is one statement, a write two. On PostgreSQL a read takes 5 µs of processor time more than from
/// our own table (11 µs at 2 kB), and a fifteenth of what it takes Django (an eighth at 2 kB), as measured in
/// 2026-11; the README has the figures and the command.
///
/// # Connections
///
/// They belong to the tokio runtime that opens the store, if that has several threads, and otherwise to
/// a thread of their own. Calls may come from anywhere; the runtime has to keep running. An SQLite file
/// keeps the journal mode that it has; for a site with traffic, set `PRAGMA journal_mode = WAL` once.
///
/// ```
/// use session_core::Store as _;
/// use session_core::django::SecretKeys;
/// use session_store::{DjangoOptions, DjangoStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}", directory.path().join("db.sqlite3").display());
/// let keys = SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0")?;
/// let options = DjangoOptions::new().create(true);
/// let store = DjangoStore::open_with(&url, &keys, options).await?;
/// store.check().await?;
/// // Now it is there.
/// DjangoStore::open(&url, &keys).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DjangoStore(pub(crate) AtHome<Site>);

store_at_home!(DjangoStore, Plain);
