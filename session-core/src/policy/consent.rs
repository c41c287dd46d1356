use super::builder::PolicyBuilder;

impl PolicyBuilder {
    /// Begins a visitor's session only in a request that [says](crate::Session::consent) that the visitor has
    /// consented to cookies.
    ///
    /// Without that, what a handler stores can be read back in the same request and is then dropped: there is no record
    /// and no cookie. A session that exists goes on, because consent was given at its beginning. A sign-in begins one
    /// in any case: visitors ask for it, and without its cookie it would not work. (ASP.NET's `CheckConsentNeeded`
    /// for cookies that are not `IsEssential`; ASVS 5.0, 7.6.2.)
    ///
    /// **What makes a session by itself is dropped without consent too**, and no error says so: a flash message; the token of a
    /// form, which can then never be verified; the state of a login elsewhere, which is lost before the visitor comes back. A
    /// page with a login form calls `consent()` itself, because it is necessary for what the visitor asks for.
    ///
    /// It is about cookies: a session that [travels as a bearer](crate::Carrier::Bearer) begins as usual. Forget a visitor who
    /// withdraws the consent by [`destroy`](crate::Session::destroy).
    pub fn only_with_consent(mut self) -> Self {
        self.needs_consent = true;
        self
    }
}
