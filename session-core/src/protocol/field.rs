use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Session, SessionError};

/// A session value's name and type, written once.
///
/// ```
/// # use session_core::{Exchange, Policy, SessionError};
/// # use std::sync::Arc;
/// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// use session_core::Field;
///
/// const HITS: Field<u32> = Field::new("hits");
///
/// const THEME: Field<String> = Field::new("theme");
///
/// HITS.update(&session, |hits| hits.unwrap_or(0) + 1)?;
/// THEME.insert(&session, "dark".to_owned())?;
/// assert_eq!(HITS.get(&session)?, Some(1));
/// assert_eq!(THEME.take(&session)?.as_deref(), Some("dark"));
/// # Ok::<(), SessionError>(())
/// ```
pub struct Field<T> {
    key: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Field<T> {
    /// Names a value.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            of: PhantomData,
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Reads the value; see [`Session::get`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get(&self, session: &Session) -> Result<Option<T>, SessionError> {
        session.get(self.key)
    }

    /// Sets the value, which is given by value or by reference; see [`Session::insert`].
    ///
    /// # Errors
    ///
    /// As there, and also if the value can't be read back as its own type.
    pub fn insert(&self, session: &Session, value: impl Borrow<T>) -> Result<(), SessionError> {
        session.set_readable(self.key, value.borrow())
    }

    /// Reads the value, or sets it first if it is absent; see [`Session::get_or_insert_with`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_or_insert_with(
        &self,
        session: &Session,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        session.get_or_insert_with(self.key, default)
    }

    /// Computes the value from its present one; see [`Session::update`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn update<F>(&self, session: &Session, compute: F) -> Result<T, SessionError>
    where
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        session.update(self.key, compute)
    }

    /// Removes the value and says whether it was there; see [`Session::remove`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove(&self, session: &Session) -> Result<bool, SessionError> {
        session.remove(self.key)
    }

    /// Removes the value and returns it; see [`Session::take`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn take(&self, session: &Session) -> Result<Option<T>, SessionError> {
        session.take(self.key)
    }
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({:?})", self.key)
    }
}
