//! The users of the shop, with passwords hashed by argon2; for axum, actix-web and Rocket alike.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::BoxError;
use serde::Deserialize;
use session_core::{SignIn, Stamp, StampKey};
use session_extras::{Known, Next, Users};

/// Your table of users: names and hashes.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<Mutex<HashMap<String, String>>>, StampKey);

/// The fields of a login form.
#[derive(Deserialize)]
pub struct Login {
    pub name: String,
    pub password: String,
    #[serde(default)]
    pub next: Next,
}

impl Accounts {
    pub fn new() -> Result<Self, BoxError> {
        let hash = hash("correct horse").ok_or("argon2 failed")?;
        let users = ["ada", "bob", "root"].map(|name| (name.to_owned(), hash.clone())); // yours have a password each
        let key = StampKey::new(&[7; 32])?; // yours is random, and stands beside the database's password
        Ok(Self(Arc::new(Mutex::new(users.into())), key))
    }

    /// Checks a password, which takes long on purpose, so not on a thread that serves others.
    pub async fn check(&self, name: &str, password: String) -> Option<SignIn> {
        let sign_in = self.sign_in_of(name);
        // A name that is not there takes as long as one that is.
        let hash = self.hash_of(name).or(self.hash_of("ada"))?;
        let check = move || {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .ok()
        };
        let is_right = tokio::task::spawn_blocking(check).await.ok()?.is_some();
        sign_in.filter(|_| is_right)
    }

    /// Changes a password, and returns the sign-in with its stamp.
    pub async fn change(&self, name: &str, password: String) -> Option<SignIn> {
        let hash = tokio::task::spawn_blocking(move || hash(&password)).await;
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *users.get_mut(name)? = hash.ok()??;
        drop(users);
        self.sign_in_of(name)
    }

    /// The sign-in of a user who was recognized in another way: by a passkey, by a provider, in a test.
    ///
    /// It has the password's stamp as well: `User<Accounts>` ends a session that has another one, or none.
    pub fn sign_in_of(&self, name: &str) -> Option<SignIn> {
        Some(SignIn::of(name).credential(self.stamp(name)?))
    }

    pub(crate) fn stamp(&self, name: &str) -> Option<Stamp> {
        Some(self.1.stamp(name, self.hash_of(name)?.as_bytes()))
    }

    fn hash_of(&self, name: &str) -> Option<String> {
        let users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.get(name).cloned()
    }
}

impl Users for Accounts {
    type User = String;
    type Session = ();
    type Error = Infallible;

    async fn find(&self, owner: &str) -> Result<Option<Known<String>>, Infallible> {
        let stamp = self.stamp(owner);
        Ok(stamp.map(|stamp| Known::new(owner.to_owned(), stamp)))
    }
}

fn hash(password: &str) -> Option<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Some(hash.ok()?.to_string())
}
