//! Django's sessions, byte for byte and without I/O (feature `django`).
//!
//! A service in Rust and a Django site share one table, one `SECRET_KEY` and one cookie: whoever is
//! signed in on one side is on the other. `session-store` has the table; here is everything about it that can be
//! computed.
//!
//! | Django | here |
//! |---|---|
//! | `SECRET_KEY`, `SECRET_KEY_FALLBACKS` | [`SecretKeys`] |
//! | `signing.dumps`, `signing.loads` | [`Signer`] |
//! | `json.loads` | [`check_json`], [`check_value`]; [`to_strict`] and [`from_strict`] for readers that take less |
//! | `_session_expiry`, `set_expiry` | [`SessionExpiry`] |
//! | `USE_TZ`, `TIME_ZONE`, the column `expire_date` | [`Zone`] |
//! | `login`, `get_user`, `update_session_auth_hash` | [`Auth`] |
//! | `settings.py` | [`Settings`], [`Policy::from_django_settings`](crate::Policy::from_django_settings) |
//!
//! Formats and rules are those of Django 4.2 to 6.1. Nothing that Django wrote is lost on its way through Rust, and
//! nothing is written that one of them can't read.
//!
//! ```
//! use session_core::django::{SecretKeys, Settings, Signer};
//! use session_core::time::OffsetDateTime;
//!
//! let settings = Settings::parse(
//!     "SECRET_KEY = 'vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0'",
//! )?;
//! let signer = Signer::sessions(&settings.secret_keys()?);
//! // The column `session_data` of a row that either side may write.
//! let session_data = signer.sign(r#"{"cart":[1,2]}"#, OffsetDateTime::UNIX_EPOCH);
//! assert_eq!(signer.open(&session_data)?.json, r#"{"cart":[1,2]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth;
mod auth_hash;
mod base62;
mod column;
mod compressors;
mod expiry;
mod iso;
mod json;
mod keys;
mod names;
mod payload;
mod policy;
mod settings;
mod signer;
mod strict;
mod token;
mod zone;

pub use self::auth::{Auth, Check, MODEL_BACKEND, SignedIn, User};
pub use self::auth_hash::session_auth_hash;
pub use self::expiry::{ExpiryProblem, SessionExpiry};
pub use self::json::{
    MAX_DEPTH, MAX_DEPTH_UP_TO_PYTHON_3_11, MAX_INTEGER_DIGITS, check_json, check_value,
};
pub use self::keys::{SecretKeyError, SecretKeys};
pub use self::names::{
    CSRF_TOKEN, EXPIRY, MESSAGES, PASSWORD_RESET_TOKEN, USER_BACKEND, USER_HASH, USER_ID,
};
pub use self::payload::MAX_JSON_BYTES;
pub use self::policy::PolicyFromDjangoError;
pub use self::settings::{Settings, SettingsError};
pub use self::signer::{MAX_TOKEN_BYTES, Signer};
pub use self::strict::{from_strict, to_strict};
pub use self::token::{Opened, SignedBy, TokenError};
pub use self::zone::{UnknownZone, Zone};
