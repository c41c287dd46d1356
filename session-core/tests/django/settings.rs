//! Django's settings, from its own file to a policy.

use std::sync::Arc;
use std::time::Duration;

use session_core::django::{SecretKeyError, Settings, Signer, Zone};
use session_core::time::OffsetDateTime;
use session_core::{IdForm, Policy};

use super::util::World;

pub const STRONG: &str = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0";

/// The beginning of a file as `django-admin startproject` writes it, and what a site adds.
const FILE: &str = r#"
"""
Django settings for shop project.

SESSION_COOKIE_AGE = 1  # only an example
"""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# SECURITY WARNING: keep the secret key used in production secret!
# SECRET_KEY = "a comment"
SECRET_KEY = (
    'vY7k#0(c!m2w&x9^q4z$e8r*'
    "t5y@u1i-o3p_a6s)d+f=g7h8j9k0"
)
SECRET_KEY_FALLBACKS: list[str] = ["the one before", b"\xff\xfe",]

DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': BASE_DIR / 'db.sqlite3',
        'OPTIONS': dict(SECRET_KEY=1),
    }
}

TIME_ZONE = 'Europe/Berlin'
USE_TZ = False

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 60  # overwritten
SESSION_COOKIE_AGE = 5 * 60
SESSION_COOKIE_NAME = r"shop"
SESSION_COOKIE_DOMAIN = None
SESSION_COOKIE_PATH = \
    "/shop"
SESSION_COOKIE_SECURE = 1
SESSION_COOKIE_HTTPONLY = False
SESSION_COOKIE_SAMESITE = 'STRICT'
SESSION_SAVE_EVERY_REQUEST = True
SESSION_FILE_PATH = ''
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
CSRF_USE_SESSIONS = True
assert SESSION_COOKIE_AGE == 300
print(SECRET_KEY, end='')
"#;

#[test]
fn a_settings_file_is_read_without_running_it() {
    let settings = Settings::parse(FILE).unwrap();
    let expected = Settings::default()
        .secret_key(STRONG)
        .secret_key_fallbacks([b"the one before".as_slice(), b"\xff\xfe"])
        .time_zone("Europe/Berlin")
        .use_tz(false)
        .session_engine("django.contrib.sessions.backends.cached_db")
        .session_cache_alias("sessions")
        .session_expire_at_browser_close(true)
        .session_cookie_age(300)
        .session_cookie_name("shop")
        .session_cookie_domain(None)
        .session_cookie_path("/shop")
        .session_cookie_secure(true)
        .session_cookie_httponly(false)
        .session_cookie_samesite(Some("STRICT"))
        .session_save_every_request(true)
        .session_file_path(None)
        .session_serializer("django.contrib.sessions.serializers.JSONSerializer")
        .csrf_use_sessions(true);
    assert_eq!(format!("{settings:?}"), format!("{expected:?}"));
    let token = |settings: &Settings| {
        let keys = settings.secret_keys().unwrap();
        Signer::sessions(&keys).sign("{}", OffsetDateTime::UNIX_EPOCH)
    };
    assert_eq!(token(&settings), token(&expected));
    assert_eq!(settings.cookie_age(), Duration::from_secs(300));
    assert_eq!(settings.zone(), Zone::local("Europe/Berlin"));
    assert_eq!(settings.secret_keys().unwrap().count(), 3);
    assert_eq!(settings.cache_alias(), "sessions");
    assert!(settings.engine().ends_with("cached_db"));
    assert!(settings.uses_csrf_in_sessions());
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("Berlin") && !shown.contains("vY7k"),
        "{shown}"
    );
    assert!(!shown.contains("before"), "{shown}");
}

#[test]
fn the_defaults_are_djangos() {
    let settings = Settings::parse("").unwrap();
    let default = format!("{:?}", Settings::default());
    assert_eq!(format!("{settings:?}"), default);
    assert_eq!(settings.cookie_age(), Duration::from_secs(1_209_600));
    assert_eq!(settings.zone(), Ok(Zone::use_tz()));
    let missing = settings.secret_keys().unwrap_err();
    assert_eq!(missing, SecretKeyError::Missing);
    let weak = settings.secret_key("weak");
    assert_eq!(weak.secret_keys().unwrap_err(), SecretKeyError::Short);
    assert_eq!(weak.danger_weak_secret_keys().unwrap().count(), 1);
    let nowhere = weak.use_tz(false).time_zone("Nowhere");
    assert!(nowhere.zone().unwrap_err().to_string().contains("Nowhere"));
}

/// The `Set-Cookie` of a site's first response, without its value.
fn attributes(settings: &Settings) -> String {
    let world = World::new(|builder| builder.django_settings(settings).unwrap());
    let seen = world.request("", 200, |session| session.insert("a", 1).unwrap());
    let header = seen.reply.set_cookie().unwrap();
    let (value, attributes) = header.split_once("; ").unwrap();
    let (_, id) = value.split_once('=').unwrap();
    assert_eq!(id.len(), 32, "{header}");
    attributes.to_owned()
}

#[test]
fn each_setting_of_the_cookie_is_an_attribute() {
    let default = Settings::default;
    for (settings, expected) in [
        (default(), "Max-Age=1209600; Path=/; HttpOnly; SameSite=Lax"),
        (
            default()
                .session_cookie_secure(true)
                .session_cookie_samesite(Some("nOnE")),
            "Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=None",
        ),
        (
            default().session_expire_at_browser_close(true),
            "Path=/; HttpOnly; SameSite=Lax",
        ),
        (
            default()
                .session_cookie_age(300)
                .session_cookie_domain(Some(".example.com"))
                .session_cookie_path("/shop")
                .session_cookie_httponly(false)
                .session_cookie_samesite(Some("strict")),
            "Max-Age=300; Path=/shop; Domain=example.com; SameSite=Strict",
        ),
        (
            default().session_cookie_samesite(None),
            "Max-Age=1209600; Path=/; HttpOnly",
        ),
        (
            Settings::parse("SESSION_COOKIE_SAMESITE = ''").unwrap(),
            "Max-Age=1209600; Path=/; HttpOnly",
        ),
        (
            Settings::parse("SESSION_COOKIE_SAMESITE = False").unwrap(),
            "Max-Age=1209600; Path=/; HttpOnly",
        ),
    ] {
        assert_eq!(attributes(&settings), expected, "{settings:?}");
    }
}

#[test]
fn only_save_every_request_lets_a_read_extend_a_session() {
    for saves in [false, true] {
        let settings = Settings::default().session_save_every_request(saves);
        let world = World::new(|builder| builder.django_settings(&settings).unwrap());
        let cookie = world.begin();
        world.advance(Duration::from_secs(24 * 60 * 60));
        let seen = world.request(&cookie, 200, |session| {
            assert!(session.contains("base"));
        });
        assert_eq!(seen.effect(&cookie), if saves { "same" } else { "-" });
        world.advance(Duration::from_secs(13 * 24 * 60 * 60));
        assert_eq!(world.record(&cookie).is_some(), saves);
    }
}

#[test]
fn djangos_policy_is_that_of_its_defaults() {
    let policy = Arc::new(Policy::django());
    assert_eq!(policy.cookie_name(), "sessionid");
    assert_eq!(policy.id_form(), IdForm::Plain);
}

#[test]
fn what_cannot_be_shared_is_refused_by_the_settings_name() {
    let default = Settings::default;
    let engine =
        |name: &str| default().session_engine(format!("django.contrib.sessions.backends.{name}"));
    for (settings, expected) in [
        (
            engine("cache"),
            "SESSION_ENGINE: the sessions of \"django.contrib.sessions.backends.cache\" are pickles",
        ),
        (
            engine("file"),
            "SESSION_ENGINE: the sessions of \"django.contrib.sessions.backends.file\" are files",
        ),
        (
            default().session_engine("shop.sessions"),
            "SESSION_ENGINE: the sessions of \"shop.sessions\" are kept in a way",
        ),
        (
            default().session_serializer("django.contrib.sessions.serializers.PickleSerializer"),
            "SESSION_SERIALIZER: ",
        ),
        (
            default().session_cookie_name("Expires"),
            "SESSION_COOKIE_NAME: \"Expires\" is the name of a cookie's attribute",
        ),
        (
            default().session_cookie_name("a b"),
            "SESSION_COOKIE_NAME: cookie_name: ",
        ),
        (
            default().session_cookie_name("__Host-sessionid"),
            "SESSION_COOKIE_NAME: cookie_name: ",
        ),
        (
            default().session_cookie_samesite(Some("loose")),
            "SESSION_COOKIE_SAMESITE: \"loose\" is none of",
        ),
        (
            default().session_cookie_samesite(Some("none")),
            "SESSION_COOKIE_SECURE: must be True",
        ),
        (
            default().session_cookie_domain(Some("localhost")),
            "SESSION_COOKIE_DOMAIN: domain: ",
        ),
        (
            default().session_cookie_path("shop"),
            "SESSION_COOKIE_PATH: path: ",
        ),
        (
            default().session_cookie_age(0),
            "SESSION_COOKIE_AGE: idle: ",
        ),
        (
            default().session_cookie_age(500 * 24 * 60 * 60),
            "SESSION_COOKIE_AGE: idle: ",
        ),
    ] {
        let error = Policy::from_django_settings(&settings).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    for good in ["cached_db", "signed_cookies"] {
        assert!(
            Policy::from_django_settings(&engine(good)).is_ok(),
            "{good}"
        );
    }
    // Longer than browsers keep a cookie, but then it is not theirs to keep.
    let long = default()
        .session_cookie_age(500 * 24 * 60 * 60)
        .session_expire_at_browser_close(true);
    assert!(Policy::from_django_settings(&long).is_ok());
}
