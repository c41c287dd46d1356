use super::handle::{Asked, Handle};
use crate::{CalmSession, Session, SessionError};

impl Handle {
    /// Returns the session for reading, also while the store is down; see [`CalmSession`].
    ///
    /// It shares the load with [`load`](Self::load), whose request is a usual one, whichever comes first.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but a store that fails is none.
    pub async fn calm(&self) -> Result<CalmSession, SessionError> {
        let _gate = self.0.loads.enter().await;
        if self.0.is_in_outage() {
            return Ok(CalmSession::of_outage());
        }
        let loaded = self.open(Asked::Calmly).await;
        let loaded = loaded.map(|session| Session::clone(&session));
        let calm = CalmSession::of(self.policy(), loaded)?;
        if calm.is_outage() {
            self.0.note_outage();
        }
        Ok(calm)
    }
}

/// Defines an adapter's extractor of a [`CalmSession`](crate::CalmSession).
///
/// For adapters: `calm! { pub struct CalmSession(Rejection); }` is a `CalmSession<M = ()>` around the core's, a type of
/// [`named!`](crate::named), whose operations that can fail have the adapter's error.
///
/// ```
/// session_core::calm! {
///     /// The visitor's session for reading.
///     pub struct CalmSession(Oops);
/// }
///
/// #[derive(Debug)]
/// pub struct Oops(session_core::SessionError);
///
/// impl From<session_core::SessionError> for Oops {
///     fn from(error: session_core::SessionError) -> Self {
///         Self(error)
///     }
/// }
///
/// const VISITS: session_core::Field<u32> = session_core::Field::new("visits");
///
/// fn handler(session: CalmSession) -> Result<Option<String>, Oops> {
///     let visits = session.get_field(&VISITS)?;
///     let name: Option<String> = session.get("name")?;
///     Ok(name.zip(visits).map(|(name, visits)| format!("{name} was here {visits} times")))
/// }
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let request = sessions.open([]);
/// # let calm = pollster::block_on(request.handle().calm()).unwrap();
/// assert!(handler(calm.into()).unwrap().is_none());
/// ```
#[macro_export]
macro_rules! calm {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($error:ty);) => {
        $crate::named! { $(#[$meta])* $vis struct $name($crate::CalmSession); }

        impl<M> $name<M> {
            /// See [`CalmSession::get`](session_core::CalmSession::get).
            pub fn get<T: $crate::__private::DeserializeOwned>(
                &self,
                key: &str,
            ) -> ::core::result::Result<Option<T>, $error> {
                (**self).get(key).map_err(::core::convert::Into::into)
            }

            /// See [`CalmSession::get_field`](session_core::CalmSession::get_field).
            pub fn get_field<T, P: $crate::Past<T>>(
                &self,
                field: &$crate::Field<T, P>,
            ) -> ::core::result::Result<Option<T>, $error> {
                (**self).get_field(field).map_err(::core::convert::Into::into)
            }

            /// Runs framework-independent code on the session, and converts its error.
            pub fn with<T>(
                &self,
                act: impl FnOnce(&$crate::CalmSession) -> ::core::result::Result<T, $crate::SessionError>,
            ) -> ::core::result::Result<T, $error> {
                act(self).map_err(::core::convert::Into::into)
            }
        }
    };
}
