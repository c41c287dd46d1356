use std::fmt;
use std::sync::Arc;

use super::auth_hash::AuthHasher;
use super::keys::SecretKeys;
use super::names::{CSRF_TOKEN, USER_BACKEND, USER_HASH};
use super::token::SignedBy;
use crate::{Session, SessionError};

/// Django's `login`, `get_user` and `update_session_auth_hash` on a session that it shares.
///
/// A session's [owner](Session::owner) is the user's id, `_auth_user_id`, which a store of Django's
/// table keeps among the values. `logout` is [`Session::destroy`].
///
/// ```
/// # use session_core::{Exchange, Policy, SessionError};
/// use session_core::django::{Auth, Check, SecretKeys, User};
///
/// # use std::sync::Arc;
/// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// # let keys = SecretKeys::danger_accept_weak("of the example").unwrap();
/// let auth = Auth::new(&keys);
/// // The columns `id` and `password` of `auth_user`.
/// auth.login(&session, &User::new("7", "pbkdf2_sha256$1000000$abc$def="))?;
///
/// let signed_in = auth.signed_in(&session).unwrap();
/// assert_eq!(&*signed_in.id, "7");
/// // The password is read again with each request: it may have changed.
/// assert_eq!(auth.check(&session, "pbkdf2_sha256$1000000$abc$def=")?, Check::Valid);
/// assert_eq!(auth.check(&session, "pbkdf2_sha256$1000000$ghi$jkl=")?, Check::Ended);
/// assert!(auth.signed_in(&session).is_none());
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Auth {
    hasher: AuthHasher,
    backends: Vec<Box<str>>,
}

impl Auth {
    /// Starts with Django's one authentication backend, [`MODEL_BACKEND`].
    #[must_use]
    pub fn new(keys: &SecretKeys) -> Self {
        Self {
            hasher: AuthHasher::new(keys),
            backends: vec![MODEL_BACKEND.into()],
        }
    }

    /// Sets `AUTHENTICATION_BACKENDS`: a user whom another has signed in is nobody.
    #[must_use]
    pub fn backends<S: AsRef<str>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.backends = paths.into_iter().map(|path| path.as_ref().into()).collect();
        self
    }

    /// Signs a user in, so that Django's `request.user` is that user; after the password was checked.
    ///
    /// As in Django, values come along from an anonymous session, and from one of the same user with the same password;
    /// those of any other are dropped. The id is new in any case, where Django keeps it for the same user
    /// (ASVS 5.0, 7.2.4). A CSRF secret in the session is dropped, and Django makes a new one.
    ///
    /// # Errors
    ///
    /// As [`Session::sign_in`] and [`Session::insert`].
    pub fn login(&self, session: &Session, user: &User<'_>) -> Result<(), SessionError> {
        let hash = self.hasher.hash(user.password);
        if session.owner().is_some()
            && self.verify(session, user.password) != Some(SignedBy::Primary)
        {
            session.clear()?;
        }
        session.sign_in(user.id)?;
        session.insert(USER_BACKEND, user.backend)?;
        session.insert(USER_HASH, hash)?;
        session.remove(CSRF_TOKEN)?;
        Ok(())
    }

    /// Returns the user that the session names; `None` if nobody is signed in, or by a backend that is not listed.
    ///
    /// Nothing is proved by it: find the user, and [`check`](Self::check) the password. Nobody is signed in either if no
    /// user has the id, or if it is no id at all.
    #[must_use]
    pub fn signed_in(&self, session: &Session) -> Option<SignedIn> {
        let id = session.owner()?;
        let backend = session.get::<String>(USER_BACKEND).ok()??;
        self.lists(&backend).then_some(SignedIn { id, backend })
    }

    /// Says whether the session still belongs to the user's present password hash; part of Django's `get_user`.
    ///
    /// If it does by a fallback key, the hash is written again with the primary one, and the id rotated.
    /// If it does not, because the password was changed elsewhere, the session is destroyed.
    ///
    /// # Errors
    ///
    /// The session can't be written any more.
    pub fn check(&self, session: &Session, password: &str) -> Result<Check, SessionError> {
        if self.signed_in(session).is_none() {
            return Ok(Check::Anonymous);
        }
        match self.verify(session, password) {
            Some(SignedBy::Primary) => Ok(Check::Valid),
            Some(SignedBy::Fallback(_)) => {
                self.update(session, password)?;
                Ok(Check::Renewed)
            }
            None => {
                session.destroy()?;
                Ok(Check::Ended)
            }
        }
    }

    /// Keeps this session after its user's password was changed, and gives it a new id; every other session of the user
    /// ends when it is used next. Django's `update_session_auth_hash`.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, or the session can't be written any more.
    pub fn update(&self, session: &Session, password: &str) -> Result<(), SessionError> {
        if session.owner().is_none() {
            return Err(SessionError::NotSignedIn);
        }
        session.cycle()?;
        session.insert(USER_HASH, self.hasher.hash(password))
    }

    /// Says whether a backend's path is listed; for a session of Django's that is not loaded here.
    #[must_use]
    pub fn lists(&self, backend: &str) -> bool {
        self.backends.iter().any(|listed| **listed == *backend)
    }

    /// Says whether a session with this `_auth_user_hash` belongs to the user's present password hash, by one of the keys;
    /// for a session of Django's that is not loaded here.
    ///
    /// ```
    /// use session_core::django::{Auth, SecretKeys, session_auth_hash};
    ///
    /// let old = SecretKeys::danger_accept_weak("django-insecure-test-key-0123456789abcdef")?;
    /// let keys = SecretKeys::danger_accept_weak("of the example")?;
    /// let keys = keys.fallback("django-insecure-test-key-0123456789abcdef");
    /// let hash = session_auth_hash("pbkdf2_sha256$1000000$abc$def=", &old);
    /// let auth = Auth::new(&keys);
    /// assert!(auth.is_of(&hash, "pbkdf2_sha256$1000000$abc$def="));
    /// assert!(!auth.is_of(&hash, "pbkdf2_sha256$1000000$ghi$jkl="));
    /// assert!(!auth.is_of("", "pbkdf2_sha256$1000000$abc$def="));
    /// # Ok::<(), session_core::django::SecretKeyError>(())
    /// ```
    #[must_use]
    pub fn is_of(&self, hash: &str, password: &str) -> bool {
        self.hasher.verify(password, hash).is_some()
    }

    /// A value that is no text is no hash.
    fn verify(&self, session: &Session, password: &str) -> Option<SignedBy> {
        let hash = session.get::<String>(USER_HASH).ok()??;
        self.hasher.verify(password, &hash)
    }
}

/// A user who is to be signed in: the columns `id` and `password` of Django's user table.
///
/// `Debug` hides the password hash.
#[derive(Clone, Copy)]
pub struct User<'a> {
    id: &'a str,
    password: &'a str,
    backend: &'a str,
}

impl<'a> User<'a> {
    /// A user of [`MODEL_BACKEND`]. The id is written as Django does: `7`, a UUID in lower case with hyphens.
    #[must_use]
    pub fn new(id: &'a str, password: &'a str) -> Self {
        Self {
            id,
            password,
            backend: MODEL_BACKEND,
        }
    }

    /// Names another authentication backend, by its path in `AUTHENTICATION_BACKENDS`.
    #[must_use]
    pub fn backend(mut self, path: &'a str) -> Self {
        self.backend = path;
        self
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("password", &"…")
            .field("backend", &self.backend)
            .finish()
    }
}

/// The user that a session names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedIn {
    /// The user's id, as text.
    pub id: Arc<str>,
    /// The path of the authentication backend that has signed the user in.
    pub backend: String,
}

/// Whether a session belongs to a user's present password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "whoever is not checked may not be signed in any more"]
#[allow(
    clippy::exhaustive_enums,
    reason = "Django's `get_user` has these ends"
)]
pub enum Check {
    /// Nobody is signed in, or by a backend that is not listed.
    Anonymous,
    /// It does not: the session was destroyed, and nobody is signed in.
    Ended,
    /// It does by a fallback key; now it does by the primary one.
    Renewed,
    /// It does.
    Valid,
}

/// The path of Django's own authentication backend.
pub const MODEL_BACKEND: &str = "django.contrib.auth.backends.ModelBackend";
