//! The store in Django's table.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "django")]

#[cfg(feature = "sqlite")]
mod sqlite;
mod suite;

use session_core::django::SecretKeys;

fn keys() -> SecretKeys {
    SecretKeys::new("vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0").unwrap()
}
