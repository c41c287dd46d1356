use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_lock::OnceCell;
use async_trait::async_trait;

use super::contention::Backing;
use super::legacy_cookie::LegacyCookie;
use super::legacy_id::LegacyId;
use super::request_state::OwnStore;
use super::sessions::Sessions;
use crate::http::cookie::Presented;
use crate::{
    Carrier, Command, Device, Digest, Id, IdForm, Key, Moment, Only, Outcome, Policy, PublicId,
    Record, Reply, Store, StoreError, Whose,
};

/// The sessions of another library, which are adopted one by one as their visitors come.
///
/// `session-store`'s `Legacy` implements it for the tables of others.
#[async_trait]
pub trait Adopt: fmt::Debug + Send + Sync + 'static {
    /// Puts the other library's session into the sessions' own store, under [`LegacyId::key`] and beginning as
    /// [`LegacyId::record`] says, if there is one that was never adopted.
    ///
    /// What it has adopted must be gone from where it was, and must not be adopted again: otherwise a logout would bring it
    /// back. Several requests may ask for one session at once.
    ///
    /// # Errors
    ///
    /// A store failed. An id that is unknown, and a session that can't be adopted, are none.
    async fn adopt(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Adoption, StoreError>;

    /// Ends the other library's session for good, whether it was adopted or not; what is in the sessions' own store under
    /// its key is ended by the caller, unless it is on its way there.
    ///
    /// # Errors
    ///
    /// A store failed; asking again is safe.
    async fn end(&self, id: &LegacyId, now: Moment) -> Result<(), StoreError>;

    /// Says whether the library may have issued such an id, without I/O: another cookie of the same name costs nothing then.
    fn may_be(&self, id: &str) -> bool {
        let _ = id;
        true
    }

    /// Succeeds if the other library's sessions can be read and removed; for a [`Report`](crate::Report).
    ///
    /// # Errors
    ///
    /// Where they are can't be reached, or only be read.
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the store that sessions are put into, so that [`Sessions::adopting`] can refuse those of another one.
    fn store(&self) -> Option<&Arc<dyn Store>> {
        None
    }
}

/// What came of an [adoption](Adopt::adopt).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "an adopter knows which")]
pub enum Adoption {
    /// The session is in the sessions' own store, or there is none.
    Settled,
    /// There is one that can't be adopted, and stays where it is; the browser keeps its cookie.
    Kept,
}

/// Where another library's sessions are, and the cookie that leads to them.
#[derive(Debug, Clone)]
pub(crate) struct Legacy {
    cookie: LegacyCookie,
    sessions: Arc<dyn Adopt>,
    removal: Arc<str>,
}

impl Sessions {
    /// The same sessions for an application that was with another library: whoever presents its cookie has the session
    /// that the library has stored, and gets our cookie.
    ///
    /// Only a request that has no session of ours is asked for one of the other library, and only if it uses its session. When our
    /// cookie comes back and opens the adopted session, or one that somebody is signed in to, the other cookie is removed; so is it
    /// by a logout, which ends both. Bearers, and servers that drive an [`Exchange`](crate::Exchange) by hand, are left out. Of
    /// several sessions of one request only one can adopt. A `Sessions` from before goes on as it is: hand on the new one.
    ///
    /// A [calm](crate::Handle::calm) page adopts too, and may remove the other cookie. Nobody signs in, so
    /// [`max_devices`](crate::PolicyBuilder::max_devices) is not asked. An adopted session has no [credential](crate::SignIn::credential):
    /// with `check_credential`, accept unstamped ones for as long as their owners are to stay signed in.
    ///
    /// # Panics
    ///
    /// There is one already; it puts sessions into [another store](Adopt::store); the cookie has the name of ours, or attributes
    /// that browsers refuse; or sessions are in their cookies, are all bearers', or have [plain ids](IdForm::Plain).
    #[must_use]
    #[track_caller]
    pub fn adopting(&self, cookie: LegacyCookie, sessions: Arc<dyn Adopt>) -> Self {
        let policy = self.policy();
        assert!(
            self.backing.legacy.is_none(),
            "these sessions adopt those of another cookie already: one library at a time"
        );
        if let Err(error) = cookie.check() {
            panic!("the legacy cookie's {error}");
        }
        assert!(
            *cookie.name() != *policy.name,
            "the legacy cookie's name is that of our own cookie, {:?}: give ours another one (PolicyBuilder::cookie_name)",
            cookie.name()
        );
        assert!(
            !self.are_in_cookies() && policy.id_form == IdForm::Hashed,
            "only a store with ids of two parts can adopt another library's sessions: use one"
        );
        assert!(
            policy.carrier != Carrier::Bearer,
            "a legacy cookie is not looked at where all sessions are bearers': use Carrier::Both or Carrier::Cookie"
        );
        assert!(
            sessions
                .store()
                .is_none_or(|store| Arc::ptr_eq(store, self.store())),
            "the other library's sessions would be put into a store that is not that of these: open them with Sessions::store()"
        );
        let legacy = Legacy {
            removal: cookie.removal(policy).into(),
            cookie,
            sessions,
        };
        let (policy, store) = (Arc::clone(policy), Arc::clone(self.store()));
        Self {
            backing: Backing::new(policy, store, None, Some(legacy)),
        }
    }
}

impl Legacy {
    /// Succeeds if sessions can be adopted.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        self.sessions.check().await
    }
}

/// The store of a request that presents another library's ids: everybody's, after the session was adopted.
///
/// The protocol sees one more id, and stays as it is.
pub(super) struct Adopting {
    backing: Arc<Backing>,
    ids: Vec<Presents>,
    /// The keys of the cookies of ours that the request came with.
    ours: Vec<Key>,
    /// One of those has opened a session, which stands for one of these ids.
    has_come_back: AtomicBool,
}

/// An id that a request presents.
struct Presents {
    id: LegacyId,
    /// Whether our id of the same session is presented too.
    has_ours: bool,
    /// Each is asked for once.
    adoption: OnceCell<Adoption>,
}

impl Adopting {
    /// Looks for ids in a request's cookies, and adds them to those that it has presented.
    pub(super) fn scan(
        backing: &Arc<Backing>,
        legacy: &Legacy,
        cookies: &[&[u8]],
        presented: &mut Presented,
    ) -> Option<Self> {
        let ids = legacy.cookie.ids(cookies, |id| legacy.sessions.may_be(id));
        if ids.is_empty() {
            return None;
        }
        let ours: Vec<Key> = presented.iter().map(Id::key).collect();
        let presents = |id: LegacyId| Presents {
            has_ours: ours.contains(&id.key()),
            adoption: OnceCell::new(),
            id,
        };
        let ids: Vec<_> = ids.into_iter().map(presents).collect();
        for presents in ids.iter().filter(|presents| !presents.has_ours) {
            presented.add(presents.id.id());
        }
        Some(Self {
            backing: Arc::clone(backing),
            ids,
            ours,
            has_come_back: AtomicBool::new(false),
        })
    }

    /// The reply, which removes the other library's cookie as soon as ours has come back, and with ours.
    pub(super) fn forgotten(&self, reply: Reply) -> Reply {
        let is_removal = reply.removes_cookie(&self.backing.policy);
        if !is_removal && !self.has_come_back.load(Ordering::Relaxed) {
            return reply;
        }
        reply.with_another(&self.legacy().removal)
    }

    fn legacy(&self) -> &Legacy {
        let legacy = self.backing.legacy.as_ref();
        legacy.expect("only sessions with one scan for it")
    }

    /// Notes that a cookie of ours has opened a session, if it has: then the browser has no need of the other.
    ///
    /// What a commit reads again was asked for with a secret that the browser may never get.
    fn note(&self, key: &Key, secret: &Digest, record: &Record, now: Moment) {
        let policy = &self.backing.policy;
        // A sign-in has left the adopted one, or there was another one before.
        let is_in_its_place = match self.of_key(key) {
            Some(_) => record.secrets.include(secret),
            None => record.owner.is_some() && record.secrets.present == *secret,
        };
        let is_over = || {
            policy.lifetimes.of_record(record).is_over(record, now) || policy.ended.has(*key, now)
        };
        if is_in_its_place && self.ours.contains(key) && !is_over() {
            self.has_come_back.store(true, Ordering::Relaxed);
        }
    }

    fn of_key(&self, key: &Key) -> Option<&Presents> {
        self.ids.iter().find(|presents| presents.id.key() == *key)
    }
}

#[async_trait]
impl Store for Adopting {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        if let Some(presents) = self.of_key(key).filter(|presents| !presents.has_ours) {
            let (sessions, policy) = (&self.legacy().sessions, &self.backing.policy);
            let adopt = || sessions.adopt(&presents.id, policy, now);
            let adoption = *presents.adoption.get_or_try_init(adopt).await?;
            if adoption == Adoption::Kept {
                return Ok(None);
            }
        }
        let found = self.backing.store.load(key, secret, now).await?;
        if let Some(record) = &found {
            self.note(key, secret, record, now);
        }
        Ok(found)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        // A logout ends what is not adopted too, and for good.
        if let Command::Delete { key, only } = command
            && !matches!(only, Only::Over(_))
            && let Some(presents) = self.of_key(key)
        {
            let sessions = &self.legacy().sessions;
            sessions.end(&presents.id, now).await?;
        }
        self.backing.store.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.backing.store.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.backing.store.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.backing.store.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.backing.store.check().await
    }
}

impl fmt::Debug for Adopting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adopting({:?})", self.legacy())
    }
}

impl From<Option<Adopting>> for OwnStore {
    fn from(adopting: Option<Adopting>) -> Self {
        adopting.map_or(Self::None, |adopting| Self::Adopting(Box::new(adopting)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::nowhere::Nowhere;
    use super::*;

    #[derive(Debug)]
    struct Empty;

    #[async_trait]
    impl Adopt for Empty {
        async fn adopt(
            &self,
            _: &LegacyId,
            _: &Arc<Policy>,
            _: Moment,
        ) -> Result<Adoption, StoreError> {
            Ok(Adoption::Settled)
        }

        async fn end(&self, _: &LegacyId, _: Moment) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_about_one_session_is_asked_of_everybodys_store() {
        let policy = Arc::new(Policy::default());
        let backing = Backing::new(policy, Arc::new(Nowhere), None, None);
        let sessions = Sessions { backing };
        let sessions = sessions.adopting(LegacyCookie::new("id"), Arc::new(Empty));
        let request = sessions.open([b"id=q7".as_slice()]);
        let (own, all) = (request.handle().0.store(), sessions.store());
        let now = Moment::UNIX_EPOCH;
        pollster::block_on(async {
            let (one, other) = (own.sweep(now, 1).await, all.sweep(now, 1).await);
            assert_eq!(one.ok(), other.ok());
            let (one, other) = (own.check().await, all.check().await);
            assert_eq!(one.is_ok(), other.is_ok());
            let (one, other) = (
                own.devices("ada", None, now, 1).await,
                all.devices("ada", None, now, 1).await,
            );
            assert_eq!(one.is_ok(), other.is_ok());
            let whose = Whose::Tag("tag");
            let (one, other) = (own.revoke(whose, now).await, all.revoke(whose, now).await);
            assert_eq!(one.is_ok(), other.is_ok());
        });
        let shown = format!("{own:?}");
        assert!(
            shown.starts_with("Adopting(") && !shown.contains("q7"),
            "{shown}"
        );
    }
}
