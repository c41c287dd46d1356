//! Django's sessions, byte for byte: tokens, JSON, expiry, logins and settings; no I/O.

mod auth;
mod auth_hash;
mod base62;
mod column;
mod expiry;
mod iso;
mod json;
mod keys;
mod names;
mod payload;
mod signer;
mod strict;
mod token;
mod zone;

pub use self::auth::{Auth, Check, MODEL_BACKEND, SignedIn, User};
pub use self::auth_hash::session_auth_hash;
pub use self::expiry::{ExpiryProblem, SessionExpiry};
pub use self::json::{MAX_DEPTH, MAX_DEPTH_UP_TO_PYTHON_3_11, MAX_INTEGER_DIGITS, check_json};
pub use self::keys::{SecretKeyError, SecretKeys};
pub use self::names::{
    CSRF_TOKEN, EXPIRY, MESSAGES, PASSWORD_RESET_TOKEN, USER_BACKEND, USER_HASH, USER_ID,
};
pub use self::payload::MAX_JSON_BYTES;
pub use self::signer::{MAX_TOKEN_BYTES, Signer};
pub use self::strict::{from_strict, to_strict};
pub use self::token::{Opened, SignedBy, TokenError};
pub use self::zone::{UnknownZone, Zone};
