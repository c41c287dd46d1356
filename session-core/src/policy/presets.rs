use super::Policy;
use super::builder::PolicyBuilder;

impl Policy {
    /// Starts from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// The defaults, for plain http on one's own machine: the cookie is `session` and has no `Secure`.
    ///
    /// In production use the default, also behind a proxy that speaks https for the application:
    /// without `Secure`, browsers send the id over plain http, where others can read it.
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let policy = if cfg!(debug_assertions) {
    ///     Policy::development()
    /// } else {
    ///     Policy::default()
    /// };
    /// # let policy = Policy::development();
    /// assert_eq!(policy.cookie_name(), "session");
    /// ```
    #[must_use]
    pub fn development() -> Self {
        Self::builder().insecure().assemble()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::builder().assemble()
    }
}
