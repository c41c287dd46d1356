use std::sync::Arc;

use session_core::{Digest, Exchange, Policy, PublicId};

/// A cookie's value, and what can be told of it from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) text: String,
    pub(crate) site: u8,
    /// The session that it is of.
    pub(crate) key: PublicId,
    /// What the store may know of it.
    pub(crate) digest: Digest,
}

impl Secret {
    /// Reads a value under a site's cookie; `None` if it is no id.
    pub(crate) fn read(policy: &Arc<Policy>, site: u8, text: &str) -> Option<Self> {
        let header = header(policy, text);
        let Exchange::Unread(question) = Exchange::open(policy, [header.as_bytes()]) else {
            return None;
        };
        Some(Self {
            text: text.to_owned(),
            site,
            key: question.key().public_id(),
            digest: *question.secret(),
        })
    }
}

/// Returns the `Cookie` header of a value.
pub(crate) fn header(policy: &Policy, text: &str) -> String {
    format!("{}={text}", policy.cookie_name())
}

/// Returns the value that a `Set-Cookie` header sets; it is empty if the header removes the cookie.
pub(crate) fn value_of(set_cookie: &str) -> &str {
    let pair = set_cookie.split(';').next().unwrap_or_default();
    pair.split_once('=').map_or("", |(_, value)| value)
}
