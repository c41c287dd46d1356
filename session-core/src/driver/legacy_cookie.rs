use std::fmt;
use std::sync::Arc;

use super::legacy_id::LegacyId;
use crate::http::cookie::values_of;
use crate::policy::attributes::{Attributes, has_prefix};
use crate::{Policy, PolicyError};

/// The cookie in which another library keeps its sessions' ids.
///
/// Where that library signs or encrypts it, [`unsealed_by`](Self::unsealed_by) says how it is read. Name, path and domain are those
/// that the library was given; the name must not be that of [our own](crate::PolicyBuilder::cookie_name).
///
/// ```
/// use session_core::LegacyCookie;
///
/// let cookie = LegacyCookie::new("id").path("/shop");
/// assert_eq!(cookie.name(), "id");
/// ```
#[derive(Clone)]
pub struct LegacyCookie {
    name: String,
    path: String,
    domain: Option<String>,
    unseal: Option<Arc<Unseal>>,
}

type Unseal = dyn Fn(&str) -> Option<String> + Send + Sync;

impl LegacyCookie {
    /// A cookie of this name whose value is the id itself, for the path `/` of the host alone.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: "/".to_owned(),
            domain: None,
            unseal: None,
        }
    }

    /// Reads the id out of a value as it stands in the `Cookie` header, without quotes; `None` if it is not genuine.
    ///
    /// Nothing is decoded before: many libraries percent-encode a value that is sealed.
    /// It runs when a request begins, for four values at most, so it has to be quick; whatever it lets through is looked for.
    ///
    /// ```
    /// use session_core::LegacyCookie;
    ///
    /// let cookie = LegacyCookie::new("id").unsealed_by(|value| Some(value.strip_prefix("v1.")?.to_owned()));
    /// assert_eq!(cookie.name(), "id");
    /// ```
    #[must_use]
    pub fn unsealed_by(
        mut self,
        unseal: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.unseal = Some(Arc::new(unseal));
        self
    }

    /// Sets its path, without which browsers don't remove it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets its domain, without which browsers don't remove it.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Refuses what no browser has.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let attributes = Attributes {
            name: &self.name,
            path: &self.path,
            domain: self.domain.as_deref(),
            secure: self.is_secure(),
            http_only: true,
        };
        attributes.check()
    }

    /// Says whether its name promises `Secure`. Else that is left out: browsers take such a removal from wherever it comes.
    fn is_secure(&self) -> bool {
        ["__Secure-", "__Host-", "__Http-"]
            .iter()
            .any(|prefix| has_prefix(&self.name, prefix))
    }

    /// Returns the ids that a request presents, each once, of those that may be some of the library's.
    pub(super) fn ids(&self, cookies: &[&[u8]], may_be: impl Fn(&str) -> bool) -> Vec<LegacyId> {
        let mut ids: Vec<LegacyId> = Vec::new();
        let values = cookies.iter();
        let values = values.flat_map(|header| values_of(&self.name, header));
        for value in values.take(MAX_VALUES) {
            let id = str::from_utf8(value)
                .ok()
                .and_then(|value| self.read(value))
                .filter(|id| may_be(id));
            if let Some(id) = id.map(LegacyId::new)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        ids
    }

    fn read(&self, value: &str) -> Option<String> {
        let id = match &self.unseal {
            Some(unseal) => unseal(value)?,
            None => value.to_owned(),
        };
        (!id.is_empty() && id.len() <= MAX_LENGTH).then_some(id)
    }

    /// Returns the value of the header that removes it.
    pub(super) fn removal(&self, policy: &Policy) -> String {
        let mut removal = format!(
            "{}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path={}",
            self.name, self.path
        );
        if let Some(domain) = &self.domain {
            removal.push_str("; Domain=");
            removal.push_str(domain);
        }
        if self.is_secure() || policy.attributes.contains("; Secure") {
            removal.push_str("; Secure");
        }
        // In another site's page browsers take no other removal.
        if policy.attributes.contains("; SameSite=None") {
            removal.push_str("; SameSite=None");
        }
        removal
    }
}

/// The values of the name that are looked at.
const MAX_VALUES: usize = 4;

/// The longest id that is looked for; those of the libraries that we know have 22 and 64 bytes.
const MAX_LENGTH: usize = 256;

impl fmt::Debug for LegacyCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyCookie")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("domain", &self.domain)
            .field("is_unsealed", &self.unseal.is_some())
            .finish()
    }
}
