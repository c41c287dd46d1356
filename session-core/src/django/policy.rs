use std::time::Duration;

use thiserror::Error;

use super::settings::Settings;
use crate::policy::attributes::is_attribute;
use crate::{Policy, PolicyBuilder, PolicyError, SameSite};

/// Django's settings as a policy.
impl Policy {
    /// Makes the policy of a Django site with the default [`Settings`].
    ///
    /// The cookie is `sessionid` and has no `Secure`, as by Django's default. Reads extend no life.
    ///
    /// ```
    /// use session_core::{IdForm, Policy};
    ///
    /// let policy = Policy::django();
    /// assert_eq!(policy.cookie_name(), "sessionid");
    /// assert_eq!(policy.id_form(), IdForm::Plain);
    /// ```
    #[must_use]
    #[allow(
        clippy::missing_panics_doc,
        reason = "the example shows that it never does"
    )]
    pub fn django() -> Self {
        Self::from_django_settings(&Settings::default())
            .expect("Django's defaults are good settings")
    }

    /// Makes the policy of a Django site; see [`PolicyBuilder::django_settings`].
    ///
    /// ```
    /// use session_core::Policy;
    /// use session_core::django::Settings;
    ///
    /// let settings = Settings::parse("SESSION_COOKIE_AGE = 5 * 60\nSESSION_COOKIE_NAME = 'shop'")?;
    /// assert_eq!(Policy::from_django_settings(&settings)?.cookie_name(), "shop");
    ///
    /// let settings = Settings::parse("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'")?;
    /// let error = Policy::from_django_settings(&settings).unwrap_err();
    /// assert!(error.to_string().starts_with("SESSION_ENGINE: "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first setting that can't be kept, and the remedy.
    pub fn from_django_settings(settings: &Settings) -> Result<Self, PolicyFromDjangoError> {
        Ok(Self::builder().django_settings(settings)?.build()?)
    }
}

impl PolicyBuilder {
    /// Takes over a Django site's settings of the cookie and of lifetimes, and its ids.
    ///
    /// | Django | here |
    /// |---|---|
    /// | `SESSION_COOKIE_AGE` | [`idle`](Self::idle) |
    /// | `SESSION_SAVE_EVERY_REQUEST = True` | [`touch_every`](Self::touch_every) zero |
    /// | `SESSION_SAVE_EVERY_REQUEST = False` | [`touch_never`](Self::touch_never) |
    /// | `SESSION_EXPIRE_AT_BROWSER_CLOSE = True` | [`until_browser_close`](Self::until_browser_close) |
    /// | `SESSION_COOKIE_NAME` | [`cookie_name`](Self::cookie_name) |
    /// | `SESSION_COOKIE_DOMAIN`, `SESSION_COOKIE_PATH` | [`domain`](Self::domain) without a dot in front, [`path`](Self::path) |
    /// | `SESSION_COOKIE_SECURE = False` | [`insecure`](Self::insecure) |
    /// | `SESSION_COOKIE_HTTPONLY = False` | [`danger_readable_by_scripts`](Self::danger_readable_by_scripts) |
    /// | `SESSION_COOKIE_SAMESITE` | [`same_site`](Self::same_site), or [`without_same_site`](Self::without_same_site) for `None`, `False` and `""` |
    /// | session keys | [`plain_ids`](Self::plain_ids) |
    ///
    /// With `SESSION_SAVE_EVERY_REQUEST` Django saves at each request; here one that does not ask for its
    /// session extends nothing, as it costs nothing.
    ///
    /// # Errors
    ///
    /// The site's sessions can't be shared, or a setting means nothing.
    pub fn django_settings(self, settings: &Settings) -> Result<Self, PolicyFromDjangoError> {
        check_engine(&settings.engine)?;
        check_serializer(&settings.serializer)?;
        check_name(&settings.cookie_name)?;
        let mut builder = self
            .plain_ids()
            .cookie_name(&settings.cookie_name)
            .path(&settings.cookie_path)
            .idle(settings.cookie_age());
        if let Some(domain) = &settings.cookie_domain {
            // Browsers ignore a dot in front, which older guides ask for.
            builder = builder.domain(domain.strip_prefix('.').unwrap_or(domain));
        }
        if !settings.cookie_secure {
            builder = builder.insecure();
        }
        if !settings.cookie_http_only {
            builder = builder.danger_readable_by_scripts();
        }
        builder = match &settings.cookie_same_site {
            None => builder.without_same_site(),
            Some(text) => {
                let same_site = read_same_site(text)?;
                if same_site == SameSite::None && !settings.cookie_secure {
                    return Err(PolicyFromDjangoError::NeedsSecure);
                }
                builder.same_site(same_site)
            }
        };
        builder = if settings.save_every_request {
            builder.touch_every(Duration::ZERO)
        } else {
            builder.touch_never()
        };
        if settings.expire_at_browser_close {
            builder = builder.until_browser_close();
        }
        Ok(builder)
    }
}

/// A setting of Django's that can't be kept, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyFromDjangoError {
    /// Its sessions are where nothing but Python reads them, or not known to be elsewhere.
    #[error(
        "SESSION_ENGINE: the sessions of {engine:?} {problem}; use \"django.contrib.sessions.backends.db\", \"…cached_db\" or \"…signed_cookies\""
    )]
    #[non_exhaustive]
    Engine {
        /// The engine.
        engine: String,
        /// Why not.
        problem: &'static str,
    },
    /// `SameSite=None` without `Secure`, which browsers drop.
    #[error(
        "SESSION_COOKIE_SECURE: must be True with SESSION_COOKIE_SAMESITE = \"None\"; browsers drop the cookie"
    )]
    NeedsSecure,
    /// Django can't set a cookie of this name.
    #[error(
        "SESSION_COOKIE_NAME: {0:?} is the name of a cookie's attribute, which Django can't set; use another, such as \"sessionid\""
    )]
    Name(String),
    /// Django can't set a cookie with this attribute.
    #[error("SESSION_COOKIE_SAMESITE: {0:?} is none of \"Lax\", \"Strict\", \"None\" and None")]
    SameSite(String),
    /// Values are not JSON.
    #[error(
        "SESSION_SERIALIZER: {0:?} does not write JSON; use \"django.contrib.sessions.serializers.JSONSerializer\", and let the sessions from before end"
    )]
    Serializer(String),
    /// No policy has such a value.
    #[error("{setting}: {problem}")]
    #[non_exhaustive]
    Policy {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: PolicyError,
    },
}

impl From<PolicyError> for PolicyFromDjangoError {
    fn from(problem: PolicyError) -> Self {
        let setting = setting(&problem);
        Self::Policy { setting, problem }
    }
}

/// The setting that a field of a policy comes from.
fn setting(error: &PolicyError) -> &'static str {
    match error {
        PolicyError::Domain { .. } => "SESSION_COOKIE_DOMAIN",
        PolicyError::Path { .. } => "SESSION_COOKIE_PATH",
        PolicyError::Name(_) | PolicyError::Prefix { .. } => "SESSION_COOKIE_NAME",
        PolicyError::MaxAge(_) | PolicyError::Throttle | PolicyError::TooShort(_) => {
            "SESSION_COOKIE_AGE"
        }
        _ => "Django's settings",
    }
}

fn check_engine(engine: &str) -> Result<(), PolicyFromDjangoError> {
    let name = engine.strip_prefix("django.contrib.sessions.backends.");
    let problem = match name {
        Some("db" | "cached_db" | "signed_cookies") => return Ok(()),
        Some("cache") => "are pickles in a cache, which only Python reads",
        Some("file") => "are files on one machine",
        _ => "are kept in a way that is not known here",
    };
    Err(PolicyFromDjangoError::Engine {
        engine: engine.into(),
        problem,
    })
}

fn check_serializer(serializer: &str) -> Result<(), PolicyFromDjangoError> {
    const JSON: [&str; 2] = [
        "django.contrib.sessions.serializers.JSONSerializer",
        // The same class by the name under which it is defined.
        "django.core.signing.JSONSerializer",
    ];
    if JSON.contains(&serializer) {
        return Ok(());
    }
    Err(PolicyFromDjangoError::Serializer(serializer.into()))
}

/// Python's cookies refuse the names of their attributes, in any case.
fn check_name(name: &str) -> Result<(), PolicyFromDjangoError> {
    if is_attribute(name) {
        return Err(PolicyFromDjangoError::Name(name.into()));
    }
    Ok(())
}

fn read_same_site(text: &str) -> Result<SameSite, PolicyFromDjangoError> {
    match &*text.to_ascii_lowercase() {
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        "strict" => Ok(SameSite::Strict),
        _ => Err(PolicyFromDjangoError::SameSite(text.into())),
    }
}
