mod error;
mod literal;
mod python;
mod read;

use std::fmt;
use std::time::Duration;

use super::keys::{SecretKeyError, SecretKeys};
use super::zone::{UnknownZone, Zone};

pub use self::error::SettingsError;

/// Django's settings of sessions, by their names and with their defaults.
///
/// They come from a `settings.py` ([`parse`](Self::parse)), or are set one by one; the defaults are those
/// of Django 5.0 and newer. [`Policy::from_django_settings`](crate::Policy::from_django_settings) makes a
/// policy of them. `Debug` hides the keys.
///
/// | Setting | Default |
/// |---|---|
/// | `SESSION_ENGINE` | `"django.contrib.sessions.backends.db"` |
/// | `SESSION_CACHE_ALIAS` | `"default"` |
/// | `SESSION_COOKIE_NAME` | `"sessionid"` |
/// | `SESSION_COOKIE_AGE` | `1209600`, two weeks |
/// | `SESSION_COOKIE_DOMAIN` | `None` |
/// | `SESSION_COOKIE_SECURE` | `False` |
/// | `SESSION_COOKIE_PATH` | `"/"` |
/// | `SESSION_COOKIE_HTTPONLY` | `True` |
/// | `SESSION_COOKIE_SAMESITE` | `"Lax"` |
/// | `SESSION_SAVE_EVERY_REQUEST` | `False` |
/// | `SESSION_EXPIRE_AT_BROWSER_CLOSE` | `False` |
/// | `SESSION_FILE_PATH` | `None` |
/// | `SESSION_SERIALIZER` | `"django.contrib.sessions.serializers.JSONSerializer"` |
/// | `CSRF_USE_SESSIONS` | `False` |
/// | `SECRET_KEY` | `""`, which Django refuses |
/// | `SECRET_KEY_FALLBACKS` | `[]` |
/// | `USE_TZ` | `True`; `False` before Django 5.0 |
/// | `TIME_ZONE` | `"America/Chicago"` |
///
/// ```
/// use std::time::Duration;
///
/// use session_core::django::Settings;
///
/// let settings = Settings::default().session_cookie_age(300).session_cookie_secure(true);
/// assert_eq!(settings.cookie_age(), Duration::from_secs(5 * 60));
/// assert!(settings.secret_keys().is_err());
/// ```
#[derive(Clone)]
#[must_use]
#[allow(clippy::struct_excessive_bools, reason = "Django has them")]
pub struct Settings {
    pub(super) engine: String,
    cache_alias: String,
    pub(super) cookie_name: String,
    pub(super) cookie_age: u64,
    pub(super) cookie_domain: Option<String>,
    pub(super) cookie_secure: bool,
    pub(super) cookie_path: String,
    pub(super) cookie_http_only: bool,
    pub(super) cookie_same_site: Option<String>,
    pub(super) save_every_request: bool,
    pub(super) expire_at_browser_close: bool,
    file_path: Option<String>,
    pub(super) serializer: String,
    csrf_use_sessions: bool,
    secret_key: Vec<u8>,
    secret_key_fallbacks: Vec<Vec<u8>>,
    use_tz: bool,
    time_zone: String,
    /// The names of what was set in code, which a text does not change.
    in_code: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: "django.contrib.sessions.backends.db".into(),
            cache_alias: "default".into(),
            cookie_name: "sessionid".into(),
            cookie_age: 14 * 24 * 60 * 60,
            cookie_domain: None,
            cookie_secure: false,
            cookie_path: "/".into(),
            cookie_http_only: true,
            cookie_same_site: Some("Lax".into()),
            save_every_request: false,
            expire_at_browser_close: false,
            file_path: None,
            serializer: "django.contrib.sessions.serializers.JSONSerializer".into(),
            csrf_use_sessions: false,
            secret_key: Vec::new(),
            secret_key_fallbacks: Vec::new(),
            use_tz: true,
            time_zone: "America/Chicago".into(),
            in_code: Vec::new(),
        }
    }
}

/// Writes a setter: its docs, its name, Django's name, its argument and the field.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($argument:ident: $type:ty) $setting:literal $field:ident = $value:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $argument: $type) -> Self {
                self.$field = $value;
                self.in_code.push($setting);
                self
            }
        )*
    };
}

impl Settings {
    setters! {
        /// Sets `SESSION_ENGINE`.
        session_engine(path: impl Into<String>) "SESSION_ENGINE" engine = path.into();
        /// Sets `SESSION_CACHE_ALIAS`.
        session_cache_alias(alias: impl Into<String>) "SESSION_CACHE_ALIAS" cache_alias = alias.into();
        /// Sets `SESSION_COOKIE_NAME`.
        session_cookie_name(name: impl Into<String>) "SESSION_COOKIE_NAME" cookie_name = name.into();
        /// Sets `SESSION_COOKIE_AGE`, in seconds.
        session_cookie_age(seconds: u64) "SESSION_COOKIE_AGE" cookie_age = seconds;
        /// Sets `SESSION_COOKIE_DOMAIN`.
        session_cookie_domain(domain: Option<&str>) "SESSION_COOKIE_DOMAIN" cookie_domain = domain.map(Into::into);
        /// Sets `SESSION_COOKIE_SECURE`.
        session_cookie_secure(is_secure: bool) "SESSION_COOKIE_SECURE" cookie_secure = is_secure;
        /// Sets `SESSION_COOKIE_PATH`.
        session_cookie_path(path: impl Into<String>) "SESSION_COOKIE_PATH" cookie_path = path.into();
        /// Sets `SESSION_COOKIE_HTTPONLY`.
        session_cookie_httponly(is_http_only: bool) "SESSION_COOKIE_HTTPONLY" cookie_http_only = is_http_only;
        /// Sets `SESSION_COOKIE_SAMESITE`: `"Lax"`, `"Strict"` or `"None"` in any case, or `None` for no attribute.
        session_cookie_samesite(same_site: Option<&str>) "SESSION_COOKIE_SAMESITE" cookie_same_site = same_site.map(Into::into);
        /// Sets `SESSION_SAVE_EVERY_REQUEST`.
        session_save_every_request(saves: bool) "SESSION_SAVE_EVERY_REQUEST" save_every_request = saves;
        /// Sets `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
        session_expire_at_browser_close(expires: bool) "SESSION_EXPIRE_AT_BROWSER_CLOSE" expire_at_browser_close = expires;
        /// Sets `SESSION_FILE_PATH`, which only the engine `file` reads.
        session_file_path(path: Option<&str>) "SESSION_FILE_PATH" file_path = path.map(Into::into);
        /// Sets `SESSION_SERIALIZER`.
        session_serializer(path: impl Into<String>) "SESSION_SERIALIZER" serializer = path.into();
        /// Sets `CSRF_USE_SESSIONS`.
        csrf_use_sessions(uses: bool) "CSRF_USE_SESSIONS" csrf_use_sessions = uses;
        /// Sets `SECRET_KEY`.
        secret_key(key: impl AsRef<[u8]>) "SECRET_KEY" secret_key = key.as_ref().to_vec();
        /// Sets `SECRET_KEY_FALLBACKS`.
        secret_key_fallbacks(keys: impl IntoIterator<Item = impl AsRef<[u8]>>) "SECRET_KEY_FALLBACKS" secret_key_fallbacks = keys.into_iter().map(|key| key.as_ref().to_vec()).collect();
        /// Sets `USE_TZ`.
        use_tz(uses: bool) "USE_TZ" use_tz = uses;
        /// Sets `TIME_ZONE`.
        time_zone(name: impl Into<String>) "TIME_ZONE" time_zone = name.into();
    }

    /// Returns `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    ///
    /// # Errors
    ///
    /// The key is missing or weak; see [`SecretKeys::new`].
    pub fn secret_keys(&self) -> Result<SecretKeys, SecretKeyError> {
        Ok(self.with_fallbacks(SecretKeys::new(&self.secret_key)?))
    }

    /// Returns the keys also if `SECRET_KEY` is weak, for tests and development.
    ///
    /// # Errors
    ///
    /// The key is missing.
    pub fn danger_weak_secret_keys(&self) -> Result<SecretKeys, SecretKeyError> {
        Ok(self.with_fallbacks(SecretKeys::danger_accept_weak(&self.secret_key)?))
    }

    /// Returns `USE_TZ` and `TIME_ZONE`.
    ///
    /// # Errors
    ///
    /// `USE_TZ` is `False`, and there is no such zone.
    pub fn zone(&self) -> Result<Zone, UnknownZone> {
        if self.use_tz {
            Ok(Zone::use_tz())
        } else {
            Zone::local(&self.time_zone)
        }
    }

    /// Returns `SESSION_COOKIE_AGE`.
    #[must_use]
    pub fn cookie_age(&self) -> Duration {
        Duration::from_secs(self.cookie_age)
    }

    /// Returns `SESSION_ENGINE`.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Returns `SESSION_CACHE_ALIAS`, for the engine `cached_db`.
    #[must_use]
    pub fn cache_alias(&self) -> &str {
        &self.cache_alias
    }

    /// Returns `CSRF_USE_SESSIONS`.
    #[must_use]
    pub fn uses_csrf_in_sessions(&self) -> bool {
        self.csrf_use_sessions
    }

    fn with_fallbacks(&self, keys: SecretKeys) -> SecretKeys {
        self.secret_key_fallbacks
            .iter()
            .fold(keys, SecretKeys::fallback)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("SESSION_ENGINE", &self.engine)
            .field("SESSION_CACHE_ALIAS", &self.cache_alias)
            .field("SESSION_COOKIE_NAME", &self.cookie_name)
            .field("SESSION_COOKIE_AGE", &self.cookie_age)
            .field("SESSION_COOKIE_DOMAIN", &self.cookie_domain)
            .field("SESSION_COOKIE_SECURE", &self.cookie_secure)
            .field("SESSION_COOKIE_PATH", &self.cookie_path)
            .field("SESSION_COOKIE_HTTPONLY", &self.cookie_http_only)
            .field("SESSION_COOKIE_SAMESITE", &self.cookie_same_site)
            .field("SESSION_SAVE_EVERY_REQUEST", &self.save_every_request)
            .field(
                "SESSION_EXPIRE_AT_BROWSER_CLOSE",
                &self.expire_at_browser_close,
            )
            .field("SESSION_FILE_PATH", &self.file_path)
            .field("SESSION_SERIALIZER", &self.serializer)
            .field("CSRF_USE_SESSIONS", &self.csrf_use_sessions)
            .field("USE_TZ", &self.use_tz)
            .field("TIME_ZONE", &self.time_zone)
            .finish_non_exhaustive()
    }
}
