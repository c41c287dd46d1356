use super::commit::Commit;
use super::session::Session;
use crate::Carrier;

impl Session {
    /// Says that the visitor has consented to cookies, so that a session may begin in this request; for a policy that
    /// [asks for it](crate::PolicyBuilder::only_with_consent).
    ///
    /// How you know is yours: the form that asks for it, and on later pages a cookie or an account that remembers the answer. It may be
    /// said before or after values are set, until the response begins.
    ///
    /// ```
    /// # use session_core::{Policy, SessionError, Sessions};
    /// # let policy = Policy::builder().only_with_consent().build().unwrap();
    /// # let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// for consents in [false, true] {
    ///     let request = sessions.open([]);
    ///     let session = request.handle().load().await?;
    ///     session.insert("theme", "dark")?;
    ///     if consents {
    ///         session.consent();
    ///     }
    ///     assert_eq!(request.commit(200).await?.set_cookie().is_some(), consents);
    /// }
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    pub fn consent(&self) {
        self.0.state().has_consent = true;
    }
}

impl Commit {
    /// Says whether a session of nobody may not begin, since the visitor has not consented to its cookie.
    pub(crate) fn lacks_consent(&self) -> bool {
        let policy = self.policy();
        let asks = policy.needs_consent && policy.carrier != Carrier::Bearer;
        asks && !self.shared.state().has_consent
    }
}
