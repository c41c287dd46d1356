//! Django's sessions, byte for byte: tokens, JSON, expiry, logins and settings; no I/O.

mod base62;
mod column;
mod expiry;
mod iso;
mod json;
mod keys;
mod payload;
mod signer;
mod strict;
mod token;
mod zone;

pub use self::expiry::{ExpiryProblem, SessionExpiry};
pub use self::json::{MAX_DEPTH, MAX_DEPTH_UP_TO_PYTHON_3_11, MAX_INTEGER_DIGITS, check_json};
pub use self::keys::{SecretKeyError, SecretKeys};
pub use self::payload::MAX_JSON_BYTES;
pub use self::signer::{MAX_TOKEN_BYTES, Signer};
pub use self::strict::{from_strict, to_strict};
pub use self::token::{Opened, SignedBy, TokenError};
pub use self::zone::{UnknownZone, Zone};
