//! The names that Django itself keeps values under.

/// The id of the user who is signed in, as text: the [owner](crate::Session::owner) of a session.
pub const USER_ID: &str = "_auth_user_id";

/// The path of the authentication backend that has signed the user in.
pub const USER_BACKEND: &str = "_auth_user_backend";

/// The [hash](super::session_auth_hash) of the user's password at the sign-in.
pub const USER_HASH: &str = "_auth_user_hash";

/// The session's own lifetime; see [`SessionExpiry`](super::SessionExpiry).
pub const EXPIRY: &str = "_session_expiry";

/// The secret against forged requests, with `CSRF_USE_SESSIONS = True`.
pub const CSRF_TOKEN: &str = "_csrftoken";

/// The messages that wait to be shown: JSON, as a text.
pub const MESSAGES: &str = "_messages";

/// The token of a password reset that is under way.
pub const PASSWORD_RESET_TOKEN: &str = "_password_reset_token";
