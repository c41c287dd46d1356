/// Defines a type that writes replies to a header map of the crate `http`, or of one like it; for adapters.
///
/// The second argument is the module of `HeaderMap` and of the names of headers, since this crate depends on none.
///
/// ```
/// session_core::header_map! { Head, http::header }
///
/// let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// let mut headers = http::HeaderMap::new();
/// # let request = sessions.open([]);
/// # pollster::block_on(request.handle().load()).unwrap().insert("theme", "dark").unwrap();
/// # let reply = pollster::block_on(request.commit(200)).unwrap();
/// reply.apply(&mut Head(&mut headers));
/// assert!(headers["set-cookie"].is_sensitive());
/// assert_eq!(headers["vary"], "Cookie");
/// ```
#[macro_export]
macro_rules! header_map {
    ($name:ident, $($http:ident)::+) => {
        /// A response's header map, for a reply to write to.
        pub(crate) struct $name<'a>(pub(crate) &'a mut $($http)::+::HeaderMap);

        impl $crate::Headers for $name<'_> {
            fn each(&self, show: &mut dyn FnMut(&str, &[u8])) {
                for (name, value) in self.0.iter() {
                    show(name.as_str(), value.as_bytes());
                }
            }

            fn append(&mut self, name: &'static str, value: ::std::borrow::Cow<'static, str>) {
                use $($http)::+::{CACHE_CONTROL, HeaderName, HeaderValue, SET_COOKIE, VARY};
                // What most replies have is not checked letter by letter, nor looked up.
                const COOKIE: HeaderValue = HeaderValue::from_static("Cookie");
                const PRIVATE: HeaderValue = HeaderValue::from_static("private");
                let value = match value {
                    ::std::borrow::Cow::Borrowed("Cookie") => Ok(COOKIE),
                    ::std::borrow::Cow::Borrowed("private") => Ok(PRIVATE),
                    ::std::borrow::Cow::Borrowed(text) => Ok(HeaderValue::from_static(text)),
                    ::std::borrow::Cow::Owned(text) => HeaderValue::try_from(text),
                };
                let name = match name {
                    "vary" => VARY,
                    "set-cookie" => SET_COOKIE,
                    "cache-control" => CACHE_CONTROL,
                    other => HeaderName::from_static(other),
                };
                if let Ok(mut value) = value {
                    value.set_sensitive(name == SET_COOKIE || name == $crate::SESSION_TOKEN);
                    self.0.append(name, value);
                }
            }

            fn remove(&mut self, name: &str) {
                self.0.remove(name);
            }
        }
    };
}
