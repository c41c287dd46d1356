use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use compact_str::CompactString;

use super::commit::MAX_ATTEMPTS;
use super::json::{decode, encode, is_same, read};
use super::past::Form;
use super::shared::Shared;
use crate::{EventKind, SessionError, ValueError};

/// One visitor's session, as application code sees it in every framework.
///
/// All operations are synchronous and work on the loaded state; nothing is written before the
/// response begins, or until an early `save`. Clones are the same session. After the
/// response has begun it is finished: reads go on, writes are [`SessionError::Finished`].
///
/// A session can't be written any more when the response has begun ([`SessionError::Finished`]), or
/// when an early save has found it ended ([`SessionError::Gone`]) or left by a sign-in
/// ([`SessionError::Superseded`]).
///
/// Values are JSON, one text a key. Two requests that write different keys both succeed; of two
/// that write the same key the later wins, unless they use [`update`](Self::update),
/// [`get_or_insert_with`](Self::get_or_insert_with) or [`take`](Self::take), which are exact.
///
/// ```
/// # use session_core::{Exchange, Policy, SessionError};
/// # use std::sync::Arc;
/// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// session.insert("theme", "dark")?;
/// assert_eq!(session.get::<String>("theme")?.as_deref(), Some("dark"));
/// assert_eq!(session.update("hits", |n: Option<u32>| n.unwrap_or(0) + 1)?, 1);
/// assert_eq!(session.len(), 2);
/// assert!(session.remove("theme")?);
/// assert!(!session.contains("theme"));
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Shared>);

impl Session {
    // Values

    /// Reads a value; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// The value is there, but not of this type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        self.get_by(key, read)
    }

    /// Sets a value; setting an equal one changes nothing.
    ///
    /// Values are equal as JSON: objects in any order of their names, but lists in one. So a hash
    /// map can be set again and again, while an equal hash set, which is a list in JSON, is another
    /// value each time.
    ///
    /// A number that is not one or is infinite, a value of more than 127 levels, and names of several
    /// types in one object are refused, since they would not read back. (JSON has one nothing:
    /// `Some(None)` and `Some(())` read back as `None`.) What only the type's own
    /// `Deserialize` shows, [`update`](Self::update) and [`Field::insert`](crate::Field::insert) see.
    ///
    /// # Errors
    ///
    /// The value has no JSON form that reads back, or none that the store
    /// [can keep](crate::Store::value_rule); the session would be too large, or can't be written any more.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        let text = encode(key, &value)?;
        self.set(key, text)
    }

    /// Sets several values at once; Django's `update`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), at the first value that fails; those before it are set.
    pub fn extend<K: AsRef<str>, T: Serialize>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> Result<(), SessionError> {
        values
            .into_iter()
            .try_for_each(|(key, value)| self.insert(key.as_ref(), value))
    }

    /// Computes a value from its present one, exactly, however many requests do so at once.
    ///
    /// The closure runs now, and again if another request has written the session before this
    /// one commits; so it must depend on nothing but its argument. The value that is returned is
    /// the one computed now; to answer with the committed one, `save` and `get`.
    ///
    /// The closure may use the session, but not change the value that it computes: its result
    /// would be stale each time. After 500 attempts that is an error, and only the closure's own changes stay.
    ///
    /// # Errors
    ///
    /// The present value is not of this type; the value was another one after each try
    /// ([`SessionError::Contended`]); or as [`insert`](Self::insert).
    pub fn update<T, F>(&self, key: &str, compute: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        self.update_as(key, (), compute)
    }

    /// Computes a value that is kept in one of several forms.
    pub(crate) fn update_as<T, F>(
        &self,
        key: &str,
        form: impl Form<T>,
        compute: F,
    ) -> Result<T, SessionError>
    where
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let rule = self.0.policy.value_check();
        let compute = Arc::new(
            move |key: &str, old: Option<&str>| -> Result<(T, CompactString), ValueError> {
                let new = compute(decode(key, old, |text| form.read(text))?);
                let text = form.write(key, &new, || old)?;
                rule.check(key, &text)?;
                Ok((new, text))
            },
        );
        for _ in 0..MAX_ATTEMPTS {
            // The closure is the application's: it runs without our lock, and may use the session.
            let (seen, version) = {
                let state = self.0.writable()?;
                (state.seen(key), state.version)
            };
            let computed = compute(key, seen.as_deref());
            let (value, text) = computed.map_err(|error| self.0.misfit(error))?;
            let mut state = self.0.writable()?;
            if state.version != version && state.value(key) != seen.as_deref() {
                continue;
            }
            let set = state.update(key, compute, text, self.0.policy.max_bytes);
            self.0.judged(state, set)?;
            return Ok(value);
        }
        let contended = SessionError::Contended {
            attempts: MAX_ATTEMPTS,
        };
        let state = self.0.state();
        self.0.tell(state, EventKind::Contended, &contended);
        Err(contended)
    }

    /// Reads a value, or sets it first if it is absent; Django's `setdefault`.
    ///
    /// The value that is returned is the one that is stored, or the commit fails: if another request
    /// stores a different one first, it ends with [`SessionError::Conflict`], and the response with a
    /// status of 409. So two tabs never show two tokens. To go on instead, `save` early: after the
    /// conflict the same call returns the other request's value. Where a session
    /// [needs consent](crate::PolicyBuilder::only_with_consent), the value of a visitor without one is dropped with a 200, so the
    /// next request makes another.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`update`](Self::update).
    pub fn get_or_insert_with<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        self.get_or_insert_as(key, (), default)
    }

    /// Reads a value that is kept in one of several forms, or sets it first.
    pub(crate) fn get_or_insert_as<T>(
        &self,
        key: &str,
        form: impl Form<T>,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        let read = |text: &str| form.read(text);
        if let Some(value) = self.get_by(key, read)? {
            return Ok(value);
        }
        // The closure is the application's: it runs without our lock, and may use the session.
        let value = default();
        let text = form.write(key, &value, || None::<&str>)?;
        let mut state = self.0.writable()?;
        if let Some(value) = decode(key, state.value(key), read)? {
            return Ok(value);
        }
        let set = match self.0.policy.value_check().check(key, &text) {
            Ok(()) => state.propose(key, text, self.0.policy.max_bytes),
            Err(misfit) => Err(misfit.into()),
        };
        self.0.judged(state, set)?;
        Ok(value)
    }

    /// Removes a value and says whether it was there; removing an absent one changes nothing.
    ///
    /// # Errors
    ///
    /// The session can't be written any more.
    pub fn remove(&self, key: &str) -> Result<bool, SessionError> {
        let mut state = self.0.writable()?;
        let present = state.value(key).is_some();
        if present || state.hides_values() {
            state.remove(key);
        }
        Ok(present)
    }

    /// Removes a value and returns it; Django's `pop`.
    ///
    /// Of the requests that take a value at once one gets it. The commit of each other fails with
    /// [`SessionError::Conflict`], and its response has a status of 409, or with
    /// [`SessionError::Gone`] or [`SessionError::Superseded`] if it can't write the session any more.
    /// To go on instead, `save` early: after the conflict the value is absent. (Two sign-ins from one
    /// session both carry along what neither of them has taken. A [`destroy`](Self::destroy) drops
    /// this too, so another request may have it; `save` before.)
    ///
    /// # Errors
    ///
    /// The value is of another type (then it stays), or the session can't be written any more.
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        self.take_by(key, read)
    }

    /// Removes a value, which `read` reads, and returns it.
    pub(crate) fn take_by<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SessionError> {
        let mut state = self.0.writable()?;
        let text = state.value(key).map(CompactString::from);
        let value = decode(key, text.as_deref(), read)?;
        if let Some(text) = text {
            state.take(key, text);
        }
        Ok(value)
    }

    /// Removes every value and keeps the session, its id, its owner and its lifetime.
    ///
    /// This is no logout; see [`destroy`](Self::destroy).
    ///
    /// # Errors
    ///
    /// The session can't be written any more.
    pub fn clear(&self) -> Result<(), SessionError> {
        let mut state = self.0.writable()?;
        if state.has_values() || state.hides_values() {
            state.changes.clear();
            state.version += 1;
        }
        Ok(())
    }

    /// Says whether there is a value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.state().value(key).is_some()
    }

    /// Returns the names of all values, stored ones first.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.iter().map(|(key, _)| key).collect()
    }

    /// Returns names and JSON texts of all values, as they are now.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let state = self.0.state();
        let all: Vec<_> = state
            .members()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        all.into_iter()
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.state().members().count()
    }

    /// Says whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.state().members().next().is_none()
    }

    /// Reads a value by `read`.
    pub(crate) fn get_by<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SessionError> {
        let state = self.0.state();
        Ok(decode(key, state.value(key), read)?)
    }

    /// Sets a value in a form that is known to be readable.
    pub(crate) fn set_as<T>(
        &self,
        key: &str,
        form: impl Form<T>,
        value: &T,
    ) -> Result<(), SessionError> {
        // The forms are the application's: they are read and written without our lock.
        let text = form.write(key, value, || self.0.state().seen(key))?;
        self.set(key, text)
    }

    fn set(&self, key: &str, text: CompactString) -> Result<(), SessionError> {
        let mut state = self.0.writable()?;
        let is_equal = |present| is_same(present, &text);
        if state.changes.computes(key) || !state.value(key).is_some_and(is_equal) {
            let set = match self.0.policy.value_check().check(key, &text) {
                Ok(()) => state.set(key, text, self.0.policy.max_bytes),
                Err(misfit) => Err(misfit.into()),
            };
            self.0.judged(state, set)?;
        }
        Ok(())
    }

    // The test for a browser that takes cookies

    /// Sets a value that only a browser that takes cookies brings back; Django's `set_test_cookie`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn set_test_cookie(&self) -> Result<(), SessionError> {
        self.insert(TEST_COOKIE, "worked")
    }

    /// Says whether the browser brought it back; Django's `test_cookie_worked`.
    #[must_use]
    pub fn test_cookie_worked(&self) -> bool {
        self.0.state().value(TEST_COOKIE) == Some("\"worked\"")
    }

    /// Removes it; Django's `delete_test_cookie`.
    ///
    /// # Errors
    ///
    /// The session can't be written any more.
    pub fn delete_test_cookie(&self) -> Result<(), SessionError> {
        self.remove(TEST_COOKIE).map(|_| ())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("Session")
            .field("exists", &state.visible().is_some())
            .field("is_finished", &state.is_finished)
            .field("loss", &state.loss)
            .field("changes", &state.changes)
            .finish_non_exhaustive()
    }
}

const TEST_COOKIE: &str = "testcookie";
