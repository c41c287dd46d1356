//! Web sessions: for now the port alone, while the protocol behind it is rewritten.
#![allow(dead_code)]

mod clock;
mod driver;
mod entropy;
mod error;
mod lifetime;
mod policy;
mod policy_builder;
mod port;

pub use clock::{Clock, ManualClock, SystemClock};
pub use driver::sessions::Sessions;
pub use entropy::{Entropy, EntropyError, OsEntropy};
pub use error::{CommitError, SessionError, ValueError};
pub use lifetime::{CookieLife, Expiry, ExpiryError, Lifetime, ParseExpiryError};
pub use policy::{Policy, PolicyError, SameSite};
pub use policy_builder::PolicyBuilder;
pub use port::key::Key;
pub use port::public_id::PublicId;
pub use port::record::{Device, Record, Revision, from_micros, to_micros};
pub use port::secrets::{Digest, Remembered, Salt, Secrets};
pub use port::store::{Command, Only, Outcome, Revoke, Store, StoreError};
