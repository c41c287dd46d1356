/// Gives an adapter's session the operations that can fail, with an error of the adapter's own.
///
/// The session is a type of [`named!`](crate::named) that dereferences to
/// [`RequestSession`](crate::RequestSession); the error has `From<SessionError>` and is a response of the
/// framework, so that `?` works in handlers that return the framework's own errors. The last arguments are the runtime's
/// `sleep` and `spawn`, by which a session is watched for its end.
///
/// ```
/// session_core::named! {
///     /// The visitor's session.
///     pub struct Session(session_core::RequestSession);
/// }
/// session_core::session_methods! { Session, Oops, sleep, spawn }
/// # // A server has its runtime's.
/// # fn sleep(_: std::time::Duration) -> std::future::Ready<()> {
/// #     std::future::ready(())
/// # }
/// # fn spawn(task: impl Future<Output = ()> + Send + 'static) {
/// #     std::thread::spawn(|| pollster::block_on(task));
/// # }
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
/// fn handler(session: &Session) -> Result<u32, Oops> {
///     session.update("hits", |hits: Option<u32>| hits.unwrap_or(0) + 1)
/// }
///
/// // Code that knows no framework, in handlers that do: `with`, and `with_async`.
/// async fn saved(session: &session_core::RequestSession) -> Result<u32, session_core::SessionError> {
///     session.save().await?;
///     Ok(session.get("hits")?.unwrap_or(0))
/// }
/// async fn other_handler(session: &Session) -> Result<u32, Oops> {
///     session.with_async(saved(session)).await
/// }
/// ```
#[macro_export]
macro_rules! session_methods {
    ($name:ident, $error:ty, $pause:path, $spawn:path) => {
        impl<M> $name<M> {
            $crate::session_methods! { @sync $error;
                "`Session::get`" get [T: $crate::__private::DeserializeOwned] (key: &str) -> Option<T>;
                "`Session::insert`" insert [T: $crate::__private::Serialize] (key: &str, value: T) -> ();
                "`Session::extend`" extend [K: AsRef<str>, T: $crate::__private::Serialize]
                    (values: impl IntoIterator<Item = (K, T)>) -> ();
                "`Session::remove`" remove [] (key: &str) -> bool;
                "`Session::take`" take [T: $crate::__private::DeserializeOwned] (key: &str) -> Option<T>;
                "`Session::clear`" clear [] () -> ();
                "`Session::set_test_cookie`" set_test_cookie [] () -> ();
                "`Session::delete_test_cookie`" delete_test_cookie [] () -> ();
                "`Session::cycle`" cycle [] () -> ();
                "`Session::sign_in`" sign_in [] (sign_in: impl ::core::convert::Into<$crate::SignIn>) -> ();
                "`Session::reauthenticate`" reauthenticate [] () -> ();
                "`Session::reauthenticate_with`" reauthenticate_with [] (stamp: $crate::Stamp) -> ();
                "`Session::destroy`" destroy [] () -> ();
                "`Session::set_expiry`" set_expiry [] (expiry: $crate::Expiry) -> ();
            }

            /// See [`Session::update`](session_core::Session::update).
            pub fn update<T, F>(&self, key: &str, compute: F) -> ::core::result::Result<T, $error>
            where
                T: $crate::__private::Serialize + $crate::__private::DeserializeOwned,
                F: Fn(Option<T>) -> T + Send + Sync + 'static,
            {
                (**self).update(key, compute).map_err(::core::convert::Into::into)
            }

            /// See [`Session::get_or_insert_with`](session_core::Session::get_or_insert_with).
            pub fn get_or_insert_with<T>(
                &self,
                key: &str,
                default: impl FnOnce() -> T,
            ) -> ::core::result::Result<T, $error>
            where
                T: $crate::__private::Serialize + $crate::__private::DeserializeOwned,
            {
                let value = (**self).get_or_insert_with(key, default);
                value.map_err(::core::convert::Into::into)
            }

            /// Runs framework-independent code on the session, and converts its error.
            pub fn with<T>(
                &self,
                act: impl FnOnce(&$crate::Session) -> ::core::result::Result<T, $crate::SessionError>,
            ) -> ::core::result::Result<T, $error> {
                act(self).map_err(::core::convert::Into::into)
            }

            /// Awaits framework-independent code on the session, and converts its error.
            ///
            /// For `session.with_async(Flash::take(&session)).await?` in a handler whose error is the framework's own.
            pub async fn with_async<T>(
                &self,
                act: impl ::core::future::Future<
                    Output = ::core::result::Result<T, $crate::SessionError>,
                >,
            ) -> ::core::result::Result<T, $error> {
                act.await.map_err(::core::convert::Into::into)
            }

            /// See [`RequestSession::save`](session_core::RequestSession::save).
            pub async fn save(&self) -> ::core::result::Result<(), $error> {
                (**self).save().await.map_err(::core::convert::Into::into)
            }

            /// See [`RequestSession::devices`](session_core::RequestSession::devices).
            pub async fn devices(&self) -> ::core::result::Result<Vec<$crate::Device>, $error> {
                (**self).devices().await.map_err(::core::convert::Into::into)
            }

            /// See [`RequestSession::revoke`](session_core::RequestSession::revoke).
            pub async fn revoke(
                &self,
                which: $crate::Revoke<'_>,
            ) -> ::core::result::Result<usize, $error> {
                (**self).revoke(which).await.map_err(::core::convert::Into::into)
            }

            /// See [`RequestSession::revoke_others`](session_core::RequestSession::revoke_others).
            pub async fn revoke_others(&self) -> ::core::result::Result<usize, $error> {
                (**self).revoke_others().await.map_err(::core::convert::Into::into)
            }

            /// See [`RequestSession::ended`](session_core::RequestSession::ended). A task of the runtime's looks, also
            /// while nobody polls this; it ends when this is dropped.
            pub fn ended(&self) -> ::core::result::Result<$crate::Ended, $error> {
                let ended = (**self).ended($pause)?;
                ::core::result::Result::Ok(ended.spawned(|task| ::core::mem::drop($spawn(task))))
            }
        }
    };
    (@sync $error:ty; $(
        $doc:literal $method:ident [$($bounds:tt)*] ($($argument:ident: $type:ty),*) -> $output:ty;
    )*) => { $(
        #[doc = ::core::concat!("See [", $doc, "](session_core::Session::", ::core::stringify!($method), ").")]
        pub fn $method<$($bounds)*>(
            &self,
            $($argument: $type),*
        ) -> ::core::result::Result<$output, $error> {
            (**self).$method($($argument),*).map_err(::core::convert::Into::into)
        }
    )* };
}

/// Gives an adapter's handle the operations that can fail, as [`session_methods!`](crate::session_methods)
/// does for its session.
///
/// The last argument makes the adapter's session of the handle and the loaded session.
#[macro_export]
macro_rules! handle_methods {
    ($name:ident, $session:ident, $error:ty, $join:expr) => {
        impl<M> $name<M> {
            /// See [`Handle::load`](session_core::Handle::load).
            pub async fn load(&self) -> ::core::result::Result<$session<M>, $error> {
                match (**self).load().await {
                    Ok(loaded) => Ok($join(self, loaded)),
                    Err(error) => Err(error.into()),
                }
            }

            /// See [`Handle::destroy`](session_core::Handle::destroy).
            pub fn destroy(&self) -> ::core::result::Result<(), $error> {
                (**self).destroy().map_err(::core::convert::Into::into)
            }
        }
    };
}
