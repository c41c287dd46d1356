/// Defines an adapter's extractor of a session whose owner authenticated a short while ago.
///
/// For adapters: `fresh! { pub struct Fresh(Session); }` is a `Fresh<const SECONDS: u64, M = ()>` around the adapter's
/// `Session<M>`, a type of [`named!`](crate::named). It is made with `admit`, which refuses as
/// [`require_authenticated_within`](crate::Session::require_authenticated_within) does.
///
/// ```
/// session_core::named! {
///     /// The visitor's session.
///     pub struct Session(session_core::RequestSession);
/// }
///
/// session_core::fresh! {
///     /// That of an owner who authenticated in the last `SECONDS`.
///     pub struct Fresh(Session);
/// }
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let session = pollster::block_on(sessions.open([]).handle().load())?;
/// let refused = Fresh::<300>::admit(Session::<()>::from(session)).unwrap_err();
/// assert_eq!(refused.status(), 401);
/// # Ok::<(), session_core::SessionError>(())
/// ```
#[macro_export]
macro_rules! fresh {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($session:ident);) => {
        $(#[$meta])*
        #[allow(clippy::exhaustive_structs, reason = "handlers take it apart")]
        $vis struct $name<const SECONDS: u64, M = ()>(pub $session<M>);

        impl<const SECONDS: u64, M> $name<SECONDS, M> {
            pub(crate) fn admit(
                session: $session<M>,
            ) -> ::core::result::Result<Self, $crate::SessionError> {
                let within = ::core::time::Duration::from_secs(SECONDS);
                session.require_authenticated_within(within)?;
                Ok(Self(session))
            }
        }

        impl<const SECONDS: u64, M> ::core::fmt::Debug for $name<SECONDS, M> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
