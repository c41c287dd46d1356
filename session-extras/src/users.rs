use std::error::Error as StdError;
use std::sync::Arc;

use session_core::{Session, SessionError, Stamp, StoreError};

use crate::Next;

/// The application's users: who is behind a session's owner.
///
/// Every sign-in has to bring the stamp ([`SignIn::credential`](session_core::SignIn::credential)), also one by a passkey, by a provider, or in a
/// test: a session that has another stamp, or none, is over. Give the users a method that makes a sign-in, and let nothing else make one.
/// While an application begins to use stamps, [`accept_unstamped`](session_core::PolicyBuilder::accept_unstamped) lets sessions without
/// one pass.
///
/// Where ids are [plain](session_core::PolicyBuilder::plain_ids), as in Django's table, a session without a stamp passes, since Django's own
/// logins have none. What ends those at a change of the password is Django's hash in the session, which the `Auth` of the feature `django`
/// compares.
///
/// ```
/// use session_core::{Session, SessionError, SignIn, StampKey};
/// use session_extras::{Known, Users};
///
/// struct Accounts(StampKey);
///
/// impl Users for Accounts {
///     type User = String;
///     type Session = ();
///     type Error = std::io::Error;
///
///     async fn find(&self, owner: &str) -> Result<Option<Known<String>>, Self::Error> {
///         // … one query for the user's row, which has the password's hash:
///         let hash = b"$argon2id$v=19$1";
///         Ok(Some(Known::new(owner.to_owned(), self.0.stamp(owner, hash))))
///     }
/// }
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # pollster::block_on(async {
/// # let request = sessions.open([]);
/// # let session = request.handle().load().await?;
///
/// let accounts = Accounts(StampKey::new(&[7; 32]).unwrap());
/// assert_eq!(accounts.of(&session).await?, None);
///
/// session.sign_in(SignIn::of("ada").credential(accounts.0.stamp("ada", b"$argon2id$v=19$1")))?;
/// session.save().await?;
/// assert_eq!(accounts.of(&session).await?.as_deref(), Some("ada"));
/// # Ok::<(), SessionError>(()) })?;
/// # Ok::<(), SessionError>(())
/// ```
pub trait Users: Send + Sync + 'static {
    /// A user, as handlers want it.
    type User: Send + Sync + 'static;
    /// Which session they sign in to: the marker type of a named one, or `()`.
    type Session: 'static;
    /// Why users can't be loaded.
    type Error: Into<Box<dyn StdError + Send + Sync>>;

    /// The page where visitors sign in.
    const LOGIN: &'static str = "/login";

    /// Loads a user by the session's owner; `None` if there is no such user any more.
    fn find(
        &self,
        owner: &str,
    ) -> impl Future<Output = Result<Option<Known<Self::User>>, Self::Error>> + Send;

    /// Returns the user who is signed in to a session, or `None`.
    ///
    /// A session whose sign-in had another stamp of the credential, or none, ends with this response, and so does one whose user is gone
    /// ([`check_credential`](Session::check_credential)).
    ///
    /// # Errors
    ///
    /// The user can't be loaded; as [`SessionError::Store`], which answers 503.
    fn of(
        &self,
        session: &Session,
    ) -> impl Future<Output = Result<Option<Self::User>, SessionError>> + Send {
        async move {
            let Some(owner) = session.owner() else {
                return Ok(None);
            };
            let found = self.find(&owner).await.map_err(|cause| {
                let cause: Box<dyn StdError + Send + Sync> = cause.into();
                SessionError::from(StoreError::new("no user").caused_by(cause))
            })?;
            let stamps = found.as_ref().map_or(&[][..], |known| &known.stamps);
            if session.check_credential(stamps) {
                Ok(found.map(|known| known.user))
            } else {
                Ok(None)
            }
        }
    }
}

impl<U: Users> Users for Arc<U> {
    type User = U::User;
    type Session = U::Session;
    type Error = U::Error;

    const LOGIN: &'static str = U::LOGIN;

    fn find(
        &self,
        owner: &str,
    ) -> impl Future<Output = Result<Option<Known<Self::User>>, Self::Error>> + Send {
        (**self).find(owner)
    }
}

/// A user, and what the credential is stamped with at present.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Known<U> {
    /// The user.
    pub user: U,
    /// The stamps that count, more than one while the key of stamps changes.
    pub stamps: Vec<Stamp>,
}

impl<U> Known<U> {
    /// Makes it of a user and the present stamp.
    #[must_use]
    pub fn new(user: U, stamp: Stamp) -> Self {
        let stamps = vec![stamp];
        Self { user, stamps }
    }

    /// Lets another stamp count too, that of the key before.
    #[must_use]
    pub fn or(mut self, stamp: Stamp) -> Self {
        self.stamps.push(stamp);
        self
    }
}

/// What a visitor gets who has to sign in first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "whoever carries it out must see every case"
)]
pub enum SignInFirst {
    /// A 303 to this address: the login page, which leads back to where the visitor wanted to go.
    Redirect(String),
    /// A 401: a program asks, or a page's script.
    Unauthorized,
}

impl SignInFirst {
    /// Decides by the request: its method, its path and query, and its `Accept`.
    ///
    /// Who accepts HTML is a person. What a form would have sent is lost, so only what was asked by `GET` is the `next`.
    ///
    /// ```
    /// use session_extras::SignInFirst;
    ///
    /// let page = SignInFirst::at("/login", "GET", "/orders?page=2", "text/html,*/*;q=0.8");
    /// assert_eq!(page, SignInFirst::Redirect("/login?next=%2Forders%3Fpage%3D2".into()));
    /// let form = SignInFirst::at("/login", "POST", "/orders", "text/html");
    /// assert_eq!(form, SignInFirst::Redirect("/login".into()));
    /// let program = SignInFirst::at("/login", "GET", "/orders", "*/*");
    /// assert_eq!(program, SignInFirst::Unauthorized);
    /// ```
    #[must_use]
    pub fn at(login: &str, method: &str, path_and_query: &str, accept: &str) -> Self {
        if !accept.contains("text/html") {
            return Self::Unauthorized;
        }
        let next = match method {
            "GET" | "HEAD" => Next::from_untrusted(path_and_query),
            _ => Next::default(),
        };
        Self::Redirect(next.after(login))
    }
}
