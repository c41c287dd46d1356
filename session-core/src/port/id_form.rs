/// What an id consists of, and so what a store learns of it.
///
/// A policy has one ([`plain_ids`](crate::PolicyBuilder::plain_ids)), and a store needs one; they must
/// be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a store that keeps sessions finds them by one or the other"
)]
pub enum IdForm {
    /// A key by which a store finds the session, and a secret of which it keeps digests.
    #[default]
    Hashed,
    /// One text, which the store keeps in clear and finds the session by: Django's session key.
    Plain,
}
