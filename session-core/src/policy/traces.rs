use super::builder::PolicyBuilder;

/// What a signed-in visitor may leave behind in the browser.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traces {
    pub(crate) no_store_for_owners: bool,
    pub(crate) clears_at_logout: bool,
}

impl PolicyBuilder {
    /// Says `Cache-Control: no-store` on every response to a request that has used its session while somebody was signed in to it, the login's
    /// included.
    ///
    /// So after a logout the back button shows no page of the owner, not on a shared computer either. Browsers then load each page anew. A
    /// page that does not ask for its session keeps its own `Cache-Control`. (OWASP ASVS 5.0, 14.3.2.)
    pub fn no_store_when_signed_in(mut self) -> Self {
        self.traces.no_store_for_owners = true;
        self
    }

    /// Says `Clear-Site-Data: "cache", "storage"` at a logout, so that the browser forgets what the site's pages have kept
    /// in it; also where the same response begins another session, such as that of a flash message.
    ///
    /// It clears everything of the whole origin: other applications beside yours lose their data too, and so does a guest. Cookies stay, except
    /// the session's. Browsers follow it over https alone. (W3C Clear Site Data; OWASP ASVS 5.0, 14.3.1.)
    pub fn clear_site_data_at_logout(mut self) -> Self {
        self.traces.clears_at_logout = true;
        self
    }
}
