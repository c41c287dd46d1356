/// Defines a newtype with a marker, which tells several sessions of one application apart.
///
/// For adapters: `named! { pub struct Session(session_core::RequestSession); }` is a `Session<M = ()>` that
/// dereferences to the wrapped type. It is made with `From` and undone with `into_inner`; the crate
/// that defines it may also call `renamed`. Whatever `M` is, it is `Clone` and `Debug` (which
/// prints the name of `M`), and `Send` and `Sync` if the wrapped type is.
///
/// A type after `->` is the target of `Deref`, if that is not the wrapped type. Fields in braces
/// stand beside the wrapped value and begin with their types' defaults.
///
/// ```
/// use session_core::{RequestSession, Session, SessionError, Sessions, named};
///
/// named! {
///     /// The request's session, without its early save.
///     pub struct Visitor(RequestSession) -> Session;
/// }
///
/// named! {
///     /// Begins requests, and counts them.
///     pub struct Door(Sessions) { opened: usize }
/// }
///
/// impl<M> Door<M> {
///     async fn open(&mut self) -> Result<Visitor<M>, SessionError> {
///         self.opened += 1;
///         Ok(self.inner.open([]).handle().load().await?.into())
///     }
/// }
///
/// struct Admin;
/// # let (policy, store) = (session_core::Policy::default(), session_testkit::ModelStore::new());
/// # let sessions = Sessions::new(policy, store);
/// let mut door: Door<Admin> = sessions.into();
/// let visitor = pollster::block_on(door.open())?;
/// assert!(visitor.is_empty() && door.opened == 1);
/// # Ok::<(), SessionError>(())
/// ```
#[macro_export]
macro_rules! named {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($inner:ty);) => {
        $crate::named! { $(#[$meta])* $vis struct $name($inner) -> $inner; }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident($inner:ty) -> $target:ty;) => {
        $crate::named! { @define $(#[$meta])* $vis struct $name($inner) -> $target {} }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident($inner:ty) { $($fields:tt)+ }) => {
        $crate::named! { @define $(#[$meta])* $vis struct $name($inner) -> $inner { $($fields)+ } }
    };
    (@define $(#[$meta:meta])* $vis:vis struct $name:ident($inner:ty) -> $target:ty {
        $($field:ident: $type:ty),*
    }) => {
        $(#[$meta])*
        $vis struct $name<M = ()> {
            inner: $inner,
            $($field: $type,)*
            // Of a function, so that the marker does not affect `Send` and `Sync`.
            of: ::core::marker::PhantomData<fn() -> M>,
        }

        impl<M> $name<M> {
            /// Returns the wrapped value, without the name.
            #[must_use]
            $vis fn into_inner(self) -> $target {
                <$target as ::core::clone::Clone>::clone(&self)
            }

            // The same value under another name.
            pub(crate) fn renamed<N>(self) -> $name<N> {
                $name {
                    inner: self.inner,
                    $($field: self.$field,)*
                    of: ::core::marker::PhantomData,
                }
            }
        }

        impl<M> ::core::convert::From<$inner> for $name<M> {
            fn from(inner: $inner) -> Self {
                Self {
                    inner,
                    $($field: ::core::default::Default::default(),)*
                    of: ::core::marker::PhantomData,
                }
            }
        }

        impl<M> ::core::ops::Deref for $name<M> {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.inner
            }
        }

        impl<M> ::core::clone::Clone for $name<M> {
            fn clone(&self) -> Self {
                Self {
                    inner: ::core::clone::Clone::clone(&self.inner),
                    $($field: ::core::clone::Clone::clone(&self.$field),)*
                    of: ::core::marker::PhantomData,
                }
            }
        }

        impl<M> ::core::fmt::Debug for $name<M> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!($name))
                    .field("name", &::core::any::type_name::<M>())
                    .field("inner", &self.inner)
                    $(.field(::core::stringify!($field), &self.$field))*
                    .finish()
            }
        }
    };
}
