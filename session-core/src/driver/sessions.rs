use std::fmt;
use std::sync::Arc;

use super::contention::Backing;
use super::nowhere::Nowhere;
use crate::{
    Carrier, Device, Envelope, IdForm, Page, Policy, Revoke, Revoker, Store, StoreError, Tag, Whose,
};

/// The application-wide entry point: a policy and a store.
///
/// Clones are cheap and the same. Adapters take it; applications also list and end an owner's
/// sessions with it.
#[derive(Clone)]
pub struct Sessions {
    pub(super) backing: Arc<Backing>,
}

impl Sessions {
    /// Joins a policy and a store.
    ///
    /// # Panics
    ///
    /// Their [ids](crate::IdForm) are not of one form: the store needs another policy.
    #[track_caller]
    pub fn new(policy: Policy, store: impl Store) -> Self {
        Self::shared(policy, Arc::new(store))
    }

    /// Joins a policy and a store that is used elsewhere too.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn shared(mut policy: Policy, store: Arc<dyn Store>) -> Self {
        let (ids, needed) = (policy.id_form(), store.id_form());
        assert!(
            ids == needed,
            "the policy makes {ids:?} ids and the store needs {needed:?} ones: use plain ids (PolicyBuilder::plain_ids, Policy::django) with Django's table, and only there"
        );
        policy.limit_values(store.value_rule());
        Self {
            backing: Backing::new(Arc::new(policy), store, None, None),
        }
    }

    /// Keeps sessions in their cookies, without a store.
    ///
    /// The cookie is the session: each change sets it anew, a logout only asks the browser to forget
    /// it, two requests at once leave what the later answer brings, and nobody's sessions can be listed
    /// or revoked. Name and value have at most 4,096 bytes, which browsers keep; a change that
    /// needs more fails with [`SessionError::TooLarge`](crate::SessionError::TooLarge).
    ///
    /// # Panics
    ///
    /// The policy has [bearers](crate::Carrier), [renews secrets](crate::PolicyBuilder::rotate_every), or limits an
    /// owner's sessions (`max_devices`), which nobody can count here.
    #[track_caller]
    pub fn in_cookies(mut policy: Policy, envelope: impl Envelope) -> Self {
        assert!(
            policy.max_devices.is_none(),
            "max_devices: sessions in cookies can't be counted; leave it out"
        );
        assert!(
            policy.carrier() == Carrier::Cookie,
            "sessions that are in cookies can't travel as bearers: use Carrier::Cookie, or a store"
        );
        assert!(
            policy.rotate_every().is_none(),
            "sessions that are in cookies have no secret to renew: drop rotate_every, or use a store"
        );
        policy.id_form = IdForm::Plain;
        policy.value_rule = envelope.value_rule();
        let envelope: Arc<dyn Envelope> = Arc::new(envelope);
        Self {
            backing: Backing::new(Arc::new(policy), Arc::new(Nowhere), Some(envelope), None),
        }
    }

    /// Says whether the sessions are in their cookies. Then no call waits for anything but the
    /// [epochs](crate::Epochs) of [sealed](Self::sealed) ones, if there are any, and a server without async can drive
    /// them by any executor that blocks.
    #[must_use]
    pub fn are_in_cookies(&self) -> bool {
        self.backing.envelope.is_some()
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.backing.policy
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.backing.store
    }

    /// Returns the first [`Page`] of an owner's live sessions: the 100 newest sign-ins, the most
    /// recently seen first.
    ///
    /// The list is the store's, whatever the policy: where `Sessions` of several cookies share a store, an owner's name means the same in
    /// all of them; see [`SignIn::of`](crate::SignIn::of).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn devices(&self, owner: &str) -> Result<Vec<Device>, StoreError> {
        let first = self.devices_of(owner, &Page::first()).await?;
        Ok(first.unwrap_or_default())
    }

    /// Returns a page of an owner's live sessions, the most recently seen first; `None` if the owner
    /// has no such session as the one that the page goes on after.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn devices_of(
        &self,
        owner: &str,
        page: &Page,
    ) -> Result<Option<Vec<Device>>, StoreError> {
        let now = self.policy().now();
        let found = self.store().devices(owner, page.from(), now, page.limit());
        let failed = |error| self.policy().store_has_failed(error, Some(owner));
        Ok(page.answer(found.await.map_err(failed)?))
    }

    /// Ends sessions of one owner and returns how many live ones it ended.
    ///
    /// Another owner's handle is as good as an unknown one. (ASVS 5.0, 7.4.3 and 7.5.2.) As in [`devices`](Self::devices), the owner is the
    /// store's.
    ///
    /// For every request it happens elsewhere: one whose session it ends, and that signs in, gets a
    /// 409. A request revokes its own owner's sessions by
    /// [`RequestSession::revoke`](crate::RequestSession::revoke).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn revoke(&self, owner: &str, which: Revoke<'_>) -> Result<usize, StoreError> {
        let ended = self.end(Whose::Owner(owner, which)).await?;
        let policy = self.policy();
        policy.tell_revoked(Revoker::Application, Some((owner, which)), ended);
        Ok(ended)
    }

    /// Ends the sessions that were [signed in](crate::SignIn::tag) with a tag, and returns how many live ones it ended:
    /// the back-channel logout of an identity provider.
    ///
    /// A sign-in that is not committed yet stays. (`OpenID` Connect Back-Channel Logout 1.0, 2.7.)
    ///
    /// ```
    /// # use session_core::{SessionError, SignIn, Tag};
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// let tag = Tag::of("https://login.example", "08a5019c").unwrap();
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// session.sign_in(SignIn::of("ada").tag(&tag))?;
    /// # request.commit(200).await?;
    /// // Later: a logout token that the application has verified.
    /// assert_eq!(sessions.revoke_tagged(&tag).await?, 1);
    /// assert_eq!(sessions.devices("ada").await?, []);
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed; then some may have ended, and asking again is safe.
    pub async fn revoke_tagged(&self, tag: &Tag) -> Result<usize, StoreError> {
        let ended = self.end(Whose::Tag(tag.as_str())).await?;
        self.policy().tell_revoked(Revoker::Tag, None, ended);
        Ok(ended)
    }

    /// Ends everybody's sessions, also those of nobody, and returns how many live ones it ended; for an administrator
    /// after a break-in. (ASVS 5.0, 7.4.5.)
    ///
    /// It is about the store: other policies' sessions end too. Those that begin meanwhile may stay. It takes as long as
    /// the store needs for all of them, in batches.
    ///
    /// # Errors
    ///
    /// As [`revoke_tagged`](Self::revoke_tagged).
    pub async fn revoke_everybody(&self) -> Result<usize, StoreError> {
        let ended = self.end(Whose::Everybody).await?;
        self.policy().tell_revoked(Revoker::Everybody, None, ended);
        Ok(ended)
    }

    /// Ends sessions of which nothing was told.
    pub(super) async fn end(&self, whose: Whose<'_>) -> Result<usize, StoreError> {
        let ended = self.store().revoke(whose, self.policy().now()).await;
        let owner = match whose {
            Whose::Owner(owner, _) => Some(owner),
            Whose::Tag(_) | Whose::Everybody => None,
        };
        ended.map_err(|error| self.policy().store_has_failed(error, owner))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("policy", self.policy())
            .field("store", self.store())
            .finish()
    }
}
