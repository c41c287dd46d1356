use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Duration, OffsetDateTime};

use crate::changes::{Changes, Replay, View};
use crate::data::Data;
use crate::lifetime::Use;
use crate::reply::CookieChange;
use crate::{Expiry, Key, Policy, PublicId, Record, Revision, SessionError, Store, ValueError};

/// One visitor's session, as application code sees it in every framework.
///
/// All operations are synchronous and work on what was loaded; nothing is written before the
/// response begins, or until `save` is called. Clones are the same session. After the
/// response has begun it is closed: reads go on, writes are [`SessionError::Closed`].
///
/// Values are JSON, one text a key. Two requests that write different keys both succeed; of two
/// that write the same key the later wins, unless they use [`update`](Self::update).
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
pub struct Session(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) policy: Arc<Policy>,
    pub(crate) store: Option<Arc<dyn Store>>,
    /// One commit at a time: two would each replay what the other has written.
    pub(crate) gate: async_lock::Mutex<()>,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) base: Option<Stored>,
    pub(crate) data: Data,
    pub(crate) changes: Changes,
    /// Sessions that this request has destroyed and a commit has still to delete.
    pub(crate) doomed: Vec<Key>,
    pub(crate) phase: Phase,
    /// What the response will say of the cookie.
    pub(crate) cookie: Option<CookieChange>,
    /// Writes whose answer has not arrived, and may never.
    pub(crate) unanswered: Vec<(Revision, Arc<Changes>)>,
    /// Counts every change of `base` and `changes`.
    pub(crate) version: u64,
}

/// A record and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) record: Record,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Closed,
    /// Ended elsewhere; nothing of it may come back.
    Gone,
}

impl Session {
    pub(crate) fn fresh(
        policy: Arc<Policy>,
        store: Option<Arc<dyn Store>>,
        doomed: Vec<Key>,
    ) -> Self {
        let cookie = (!doomed.is_empty()).then_some(CookieChange::Remove);
        let mut session = Self::with(policy, store, None, Data::empty());
        if let Some(inner) = Arc::get_mut(&mut session.0) {
            let state = inner
                .state
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            state.doomed = doomed;
            state.cookie = cookie;
        }
        session
    }

    pub(crate) fn with(
        policy: Arc<Policy>,
        store: Option<Arc<dyn Store>>,
        base: Option<Stored>,
        data: Data,
    ) -> Self {
        Self(Arc::new(Inner {
            policy,
            store,
            gate: async_lock::Mutex::new(()),
            state: Mutex::new(State {
                base,
                data,
                changes: Changes::default(),
                doomed: Vec::new(),
                phase: Phase::Open,
                cookie: None,
                unanswered: Vec::new(),
                version: 0,
            }),
        }))
    }

    // Values

    /// Reads a value; absent is none.
    ///
    /// # Errors
    ///
    /// The value is there, but not of this type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        let state = self.state();
        Ok(decode(key, state.value(key))?)
    }

    /// Sets a value; setting an equal one changes nothing.
    ///
    /// # Errors
    ///
    /// The value has no JSON form, the session would be too large, or the session is closed.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        let text = encode(key, &value)?;
        let mut state = self.writable()?;
        if state.value(key) != Some(&text) {
            state.check_size(key, text.len(), self.0.policy.max_bytes)?;
            state.changes.set(key, text);
            state.version += 1;
        }
        Ok(())
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
    /// # Errors
    ///
    /// The present value is not of this type, or as [`insert`](Self::insert).
    pub fn update<T, F>(&self, key: &str, compute: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let name: Box<str> = key.into();
        let compute = Arc::new(
            move |old: Option<&str>| -> Result<(T, String), ValueError> {
                let new = compute(decode(&name, old)?);
                let text = encode(&name, &new)?;
                Ok((new, text))
            },
        );
        loop {
            // The closure is the application's: it runs without our lock, and may use the session.
            let (version, old) = {
                let state = self.writable()?;
                (state.version, state.value(key).map(str::to_owned))
            };
            let (value, text) = compute(old.as_deref())?;
            let mut state = self.writable()?;
            if state.version != version {
                continue;
            }
            state.check_size(key, text.len(), self.0.policy.max_bytes)?;
            let compute = Arc::clone(&compute);
            let replay: Replay = Arc::new(move |old| compute(old).map(|(_, text)| text));
            state.changes.update(key, replay, text);
            state.version += 1;
            return Ok(value);
        }
    }

    /// Reads a value, or sets it first if it is absent; Django's `setdefault`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn get_or_insert_with<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        if let Some(value) = self.get(key)? {
            return Ok(value);
        }
        let value = default();
        self.insert(key, &value)?;
        Ok(value)
    }

    /// Removes a value and says whether it was there; removing an absent one changes nothing.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn remove(&self, key: &str) -> Result<bool, SessionError> {
        let mut state = self.writable()?;
        let present = state.value(key).is_some();
        if present {
            state.changes.remove(key);
            state.version += 1;
        }
        Ok(present)
    }

    /// Removes a value and returns it; Django's `pop`.
    ///
    /// # Errors
    ///
    /// The value is of another type (then it stays), or the session is closed.
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        let mut state = self.writable()?;
        let value = decode(key, state.value(key))?;
        if value.is_some() {
            state.changes.remove(key);
            state.version += 1;
        }
        Ok(value)
    }

    /// Removes every value and keeps the session, its id, its owner and its lifetime.
    ///
    /// This is no logout; see [`destroy`](Self::destroy).
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn clear(&self) -> Result<(), SessionError> {
        let mut state = self.writable()?;
        if state.count() > 0 {
            state.changes.clear();
            state.version += 1;
        }
        Ok(())
    }

    /// Says whether there is a value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.state().value(key).is_some()
    }

    /// Returns the names of all values, stored ones first.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.iter().map(|(key, _)| key).collect()
    }

    /// Returns names and JSON texts of all values, as they are now.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let state = self.state();
        let all: Vec<_> = state
            .members()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        all.into_iter()
    }

    /// Returns the number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().count()
    }

    /// Says whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // Life and death

    /// Gives the session a new id; the old one works until the commit and never after it.
    ///
    /// Call it when privileges change. The absolute lifetime goes on. A session that is not stored
    /// needs none. [`sign_in`](Self::sign_in) does it by itself.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn cycle(&self) -> Result<(), SessionError> {
        let mut state = self.writable()?;
        state.changes.cycle();
        state.version += 1;
        Ok(())
    }

    /// Makes the session somebody's: a new id, a new absolute lifetime, the owner, the moment.
    ///
    /// Values stay, unless they are another owner's: those are dropped first. The id is new also
    /// when the same owner signs in again (ASVS 5.0, 7.2.4).
    ///
    /// # Errors
    ///
    /// The owner is not 1 to 255 bytes long, or the session is closed.
    pub fn sign_in(&self, owner: &str) -> Result<(), SessionError> {
        if owner.is_empty() || owner.len() > 255 {
            return Err(SessionError::Owner {
                length: owner.len(),
            });
        }
        let mut state = self.writable()?;
        if state.owner().is_some_and(|present| **present != *owner) {
            state.changes.clear();
        }
        state.changes.sign_in(owner.into());
        state.version += 1;
        Ok(())
    }

    /// Ends the session for good: the record is deleted, the cookie removed; the logout.
    ///
    /// It holds even if the response is an error. What is written afterwards begins another
    /// session, under another id.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn destroy(&self) -> Result<(), SessionError> {
        let mut state = self.writable_even_if_gone()?;
        if let Some(stored) = state.base.take() {
            state.doomed.push(stored.key);
            state.cookie = Some(CookieChange::Remove);
        }
        state.data = Data::empty();
        state.changes = Changes::default();
        state.unanswered.clear();
        state.phase = Phase::Open;
        state.version += 1;
        Ok(())
    }

    /// Gives this session a lifetime of its own, or the policy's again; Django's `set_expiry`.
    ///
    /// # Errors
    ///
    /// The lifetime is none ([`crate::ExpiryError`]), or the session is closed.
    pub fn set_lifetime(&self, expiry: Expiry) -> Result<(), SessionError> {
        let expiry = expiry.check(self.0.policy.now())?;
        let mut state = self.writable()?;
        if state.expiry() != expiry {
            state.changes.set_expiry(expiry);
            state.version += 1;
        }
        Ok(())
    }

    /// Returns the session's own lifetime; [`Expiry::Policy`] if it has none.
    #[must_use]
    pub fn lifetime(&self) -> Expiry {
        self.state().expiry()
    }

    /// Returns when the session ends if nobody uses it after this request; none without a session.
    ///
    /// Django's `get_expiry_date`.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at_by(self.0.policy.now())
    }

    /// Returns the time that is left after this request; Django's `get_expiry_age`.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        let now = self.0.policy.now();
        self.expires_at_by(now).map(|end| end - now)
    }

    /// Says whether the cookie ends with the browser; Django's `get_expire_at_browser_close`.
    #[must_use]
    pub fn is_until_browser_close(&self) -> bool {
        !self.0.policy.lifetime.is_persistent(self.lifetime())
    }

    // Facts

    /// Returns whose session it is, after [`sign_in`](Self::sign_in).
    #[must_use]
    pub fn owner(&self) -> Option<Arc<str>> {
        self.state().owner().cloned()
    }

    /// Returns when the owner signed in; none also for a sign-in that is not committed yet.
    ///
    /// Ask it before something sensitive, whatever the activity since. (ASVS 5.0, 7.5.1.)
    #[must_use]
    pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
        self.state().base.as_ref()?.record.authenticated
    }

    /// Returns the session's handle in device lists; none before it is stored.
    #[must_use]
    pub fn public_id(&self) -> Option<PublicId> {
        Some(self.state().base.as_ref()?.record.public_id)
    }

    /// Says whether a stored session stands behind this one.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.state().base.is_some()
    }

    /// Says whether something is to be committed; Django's `modified`.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        let state = self.state();
        !state.changes.is_empty() || !state.doomed.is_empty()
    }

    /// Says whether the session was found to be ended elsewhere while this request was using it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.state().phase == Phase::Gone
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
        self.state().value(TEST_COOKIE) == Some("\"worked\"")
    }

    /// Removes it; Django's `delete_test_cookie`.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn delete_test_cookie(&self) -> Result<(), SessionError> {
        self.remove(TEST_COOKIE).map(|_| ())
    }

    // For the commit

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the state is whole all the same.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writable(&self) -> Result<MutexGuard<'_, State>, SessionError> {
        let state = self.writable_even_if_gone()?;
        match state.phase {
            Phase::Gone => Err(SessionError::Gone),
            _ => Ok(state),
        }
    }

    fn writable_even_if_gone(&self) -> Result<MutexGuard<'_, State>, SessionError> {
        let state = self.state();
        match state.phase {
            Phase::Closed => Err(SessionError::Closed),
            _ => Ok(state),
        }
    }

    fn expires_at_by(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let lifetime = &self.0.policy.lifetime;
        let state = self.state();
        let expiry = state.expiry();
        let Some(stored) = &state.base else {
            return (!state.changes.is_empty()).then(|| lifetime.expires(expiry, now, now));
        };
        let record = &stored.record;
        if state.changes.signed_in().is_some() {
            return Some(lifetime.expires(expiry, now, now));
        }
        if state.changes.expiry().is_some() {
            return Some(lifetime.expires(expiry, record.created, now));
        }
        let why = if state.changes.is_empty() {
            Use::Read
        } else {
            Use::Write
        };
        let renewed = lifetime.renewal(record, now, why);
        Some(renewed.map_or(record.expires, |renewal| renewal.expires))
    }
}

impl State {
    fn value(&self, key: &str) -> Option<&str> {
        match self.changes.view(key) {
            View::Present(value) => Some(value),
            View::Absent => None,
            View::Untouched => self.data.get(key),
        }
    }

    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let stored = self
            .data
            .iter()
            .filter_map(|(key, value)| match self.changes.view(key) {
                View::Present(new) => Some((key, new)),
                View::Absent => None,
                View::Untouched => Some((key, value)),
            });
        let added = self
            .changes
            .present()
            .filter(|(key, _)| self.changes.is_cleared() || self.data.get(key).is_none());
        stored.filter(|_| !self.changes.is_cleared()).chain(added)
    }

    fn count(&self) -> usize {
        self.members().count()
    }

    fn owner(&self) -> Option<&Arc<str>> {
        self.changes
            .signed_in()
            .or_else(|| self.base.as_ref()?.record.owner.as_ref())
    }

    fn expiry(&self) -> Expiry {
        let stored = || {
            self.base
                .as_ref()
                .map_or(Expiry::Policy, |stored| stored.record.expiry)
        };
        self.changes.expiry().unwrap_or_else(stored)
    }

    /// Refuses a value that would make the session larger than `limit`.
    fn check_size(&self, key: &str, length: usize, limit: usize) -> Result<(), SessionError> {
        let member = |key: &str, value: usize| key.len() + value + 4;
        let added: usize = self
            .changes
            .present()
            .map(|(key, value)| member(key, value.len()))
            .sum();
        // Almost every session is far below the limit, so the exact sum is rarely needed.
        if self.data.text().len() + added + member(key, length) <= limit {
            return Ok(());
        }
        let others: usize = self
            .members()
            .filter(|(name, _)| *name != key)
            .map(|(name, value)| member(name, value.len()))
            .sum();
        let bytes = others + member(key, length) + 1;
        if bytes > limit {
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("exists", &state.base.is_some())
            .field("phase", &state.phase)
            .field("changes", &state.changes)
            .finish_non_exhaustive()
    }
}

const TEST_COOKIE: &str = "testcookie";

fn decode<T: DeserializeOwned>(key: &str, text: Option<&str>) -> Result<Option<T>, ValueError> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|_| ValueError::Decode { key: key.into() })
}

fn encode<T: Serialize>(key: &str, value: &T) -> Result<String, ValueError> {
    serde_json::to_string(value).map_err(|_| ValueError::Encode { key: key.into() })
}
