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
pub use self::options::DjangoOptions;
use self::site::Site;
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
///   warning in the log, and is left alone but for its end and a logout by its own id.
/// - The keys stand in clear: who reads the table has every session.
/// - `clear()` in Django drops `_session` too: an absolute limit begins anew, and a device's label is gone.
///   Of a session that Django began and we have not yet written, the last save counts as its beginning.
/// - An owner's [devices](session_core::Store::devices) and
///   [revocations](session_core::Store::revoke) read the whole table, since no index sees into signed data:
///   about 10 µs a row here, and the rows' bytes. On PostgreSQL and MySQL a session that gets a
///   new key during that may be missing in the list. A revocation reads on until it has met none of
///   them, there twice at least; it misses only a session whose key changes in each of its last two
///   walks.
/// - A write keeps the end that Django has set unless it is earlier, or the session's own lifetime changes.
/// - With `USE_TZ = False` a session that Django saved ends by the wall clock, so in the hour that comes twice an
///   hour early or late, as there.
/// - Beside the engine `cached_db`, name its Redis ([`DjangoOptions::cache`], feature `redis`).
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
pub struct DjangoStore(AtHome<Site>);

store_at_home!(DjangoStore, Plain);
