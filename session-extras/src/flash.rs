use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use session_core::{RequestSession, Session, SessionError};

/// A message that is shown once, on the next page: the confirmation after a form.
///
/// It is kept in the session, so it survives the redirect, and no cookie holds its text. Each message is shown by one page: of two
/// tabs that load at once one gets it, and neither fails.
///
/// ```
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # pollster::block_on(async {
/// use session_extras::Flash;
///
/// # let request = sessions.open([]);
/// # let session = request.handle().load().await?;
/// // POST /address
/// Flash::success("Your address was saved.").set(&session)?;
/// // 303, then GET /account
/// let [flash] = &Flash::take(&session).await?[..] else { panic!() };
/// assert_eq!((flash.level.name(), &*flash.text), ("success", "Your address was saved."));
/// // and once more
/// assert_eq!(Flash::take(&session).await?, []);
/// # Ok::<(), session_core::SessionError>(()) })?;
/// # Ok::<(), session_core::SessionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flash {
    /// What kind of message it is.
    pub level: Level,
    /// The text, which the page has to escape.
    pub text: String,
}

/// The kind of a message; [`Info`](Self::Info) where a later release has stored one that this one does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", from = "Cow<'_, str>")]
#[non_exhaustive]
pub enum Level {
    /// Something to know.
    Info,
    /// Something was done.
    Success,
    /// Something to look after.
    Warning,
    /// Something was not done.
    Error,
}

impl Flash {
    /// Makes a message.
    #[must_use]
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self {
            level,
            text: text.into(),
        }
    }

    /// Makes a message of what was done.
    #[must_use]
    pub fn success(text: impl Into<String>) -> Self {
        Self::new(Level::Success, text)
    }

    /// Makes a message of what was not done.
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(Level::Error, text)
    }

    /// Keeps it for the next page that shows messages, behind those that are there.
    ///
    /// After a [`destroy`](Session::destroy) it begins a new session, whose only value it is; the logout still
    /// [clears](session_core::PolicyBuilder::clear_site_data_at_logout) what it would clear otherwise.
    ///
    /// # Errors
    ///
    /// The session can't be written any more, or would be too large.
    pub fn set(self, session: &Session) -> Result<(), SessionError> {
        let add =
            move |kept: Option<Vec<Self>>| [kept.unwrap_or_default(), vec![self.clone()]].concat();
        session.update(KEY, add).map(drop)
    }

    /// Returns the messages, oldest first, for this page alone.
    ///
    /// It saves the session if there are any, together with what the handler has changed until then; without messages it writes nothing. A
    /// request that may not write the session any more gets none. In a handler whose error is the framework's own, write
    /// `session.with_async(Flash::take(&session)).await?`.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn take(session: &RequestSession) -> Result<Vec<Self>, SessionError> {
        loop {
            let taken = Self::take_unsaved(session)?;
            if taken.is_empty() {
                return Ok(taken);
            }
            match session.save().await {
                Ok(()) => return Ok(taken),
                // Another tab shows them; look for later ones.
                Err(SessionError::Conflict { .. }) => {}
                Err(SessionError::Superseded | SessionError::Gone) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the messages without saving, for servers that drive the core by hand.
    ///
    /// If there are any, save before they are shown. After [`SessionError::Conflict`] another tab shows them: call it again. After
    /// [`SessionError::Superseded`] or [`SessionError::Gone`] show none.
    ///
    /// # Errors
    ///
    /// The session can't be written any more.
    pub fn take_unsaved(session: &Session) -> Result<Vec<Self>, SessionError> {
        if !session.contains(KEY) {
            return Ok(Vec::new());
        }
        Ok(session.take(KEY)?.unwrap_or_default())
    }
}

impl Level {
    /// Returns its name in lower case, as for a class in HTML.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<Cow<'_, str>> for Level {
    fn from(name: Cow<'_, str>) -> Self {
        let all = [Self::Success, Self::Warning, Self::Error];
        let found = all.into_iter().find(|level| level.name() == name);
        found.unwrap_or(Self::Info)
    }
}

const KEY: &str = "_flash";
