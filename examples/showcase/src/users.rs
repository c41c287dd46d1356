use session_core::{Session, SessionError, SignIn, device_label};

use crate::Answer;
#[cfg(feature = "django")]
use crate::auth_user::AuthUser;
use crate::tape::on_tape;

/// Whom the showcase signs in, without a password: anybody, or the users of a Django site.
#[derive(Debug, Clone)]
pub(crate) enum Users {
    Anybody,
    #[cfg(feature = "django")]
    Site(AuthUser),
}

/// A user who may be signed in.
pub(crate) enum User {
    Named(String),
    #[cfg(feature = "django")]
    Found {
        auth: session_core::django::Auth,
        id: String,
        password: String,
    },
}

impl Users {
    /// Finds a user; 401 if the site has no such one.
    #[cfg_attr(
        not(feature = "django"),
        allow(clippy::unused_async, reason = "a site is asked")
    )]
    pub(crate) async fn find(&self, name: String) -> Result<User, Answer> {
        match self {
            Self::Anybody => Ok(User::Named(name)),
            #[cfg(feature = "django")]
            Self::Site(site) => site.find(name).await,
        }
    }
}

impl User {
    /// Signs the user in; the device is named after the `User-Agent`.
    pub(crate) fn sign_in(&self, session: &Session, user_agent: &str) -> Result<(), SessionError> {
        let name = match self {
            Self::Named(name) => name,
            #[cfg(feature = "django")]
            Self::Found { auth, id, password } => {
                let user = session_core::django::User::new(id, password);
                on_tape!(auth.login(session, &user))?;
                id
            }
        };
        let label = device_label(user_agent).unwrap_or_default();
        on_tape!(session.sign_in(SignIn::from(name).label(&label)))
    }
}
