//! The administrators, who sign in to a session of their own: its name, its policy, and who they are.
//!
//! Their sessions can be in the visitors' store, since an id is bound to its cookie's name. An owner's name is not: so theirs begin with
//! `admin:`, and no visitor may be called so. Otherwise the visitor `root` would see the devices of the administrator `root`, and could
//! end them.

use std::convert::Infallible;
use std::time::Duration;

use axum::BoxError;
use session_core::{Policy, PolicyBuilder, SameSite, Sessions, SignIn};
use session_extras::{Known, Users};
use session_store::MemoryStore;

use crate::accounts::Accounts;

/// The name of the administrators' session.
#[derive(Debug)]
pub struct Admin;

/// The policy of the administrators' session: stricter and shorter. A test gives it to `TestSessions::beside`.
pub fn policy() -> PolicyBuilder {
    Policy::builder()
        .insecure() // leave it out where you have https, and call the cookie `__Host-admin`
        .cookie_name("admin")
        .same_site(SameSite::Strict) // not even with a link from elsewhere
        .until_browser_close()
        .idle(Duration::from_secs(15 * 60))
        .absolute(Duration::from_secs(8 * 3600))
}

/// The visitors' sessions and the administrators', in one store.
pub fn both() -> Result<(Sessions, Sessions), BoxError> {
    let store = MemoryStore::new();
    let visitors = Sessions::new(Policy::development(), store.clone());
    Ok((visitors, Sessions::new(policy().build()?, store)))
}

/// Your table of administrators.
#[derive(Debug, Clone)]
pub struct Admins(Accounts);

impl Admins {
    pub fn new() -> Result<Self, BoxError> {
        Ok(Self(Accounts::new()?)) // yours are others than the visitors
    }

    /// Checks a password; ask for a second factor too (`two_step.rs`).
    pub async fn check(&self, name: &str, password: String) -> Option<SignIn> {
        let is_right = self.0.check(name, password).await.is_some();
        self.sign_in_of(name).filter(|_| is_right)
    }

    /// The sign-in of an administrator who was recognized in another way.
    pub fn sign_in_of(&self, name: &str) -> Option<SignIn> {
        let stamp = self.0.stamp(name)?;
        Some(SignIn::of(format!("{PREFIX}{name}")).credential(stamp))
    }
}

impl Users for Admins {
    type User = String;
    type Session = Admin;
    type Error = Infallible;

    const LOGIN: &'static str = "/admin/login";

    async fn find(&self, owner: &str) -> Result<Option<Known<String>>, Infallible> {
        let found = owner.strip_prefix(PREFIX).and_then(|name| {
            let stamp = self.0.stamp(name)?;
            Some(Known::new(name.to_owned(), stamp))
        });
        Ok(found)
    }
}

const PREFIX: &str = "admin:";
