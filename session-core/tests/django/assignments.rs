//! Which lines of a settings file count, and which are refused because only Python knows.

use std::time::Duration;

use session_core::django::{Settings, SettingsError, Zone};

use super::settings::STRONG;

#[test]
fn what_is_not_a_literal_is_named_with_its_line() {
    for (text, expected) in [
        (
            "SECRET_KEY = os.environ['KEY']",
            "line 1: SECRET_KEY is not assigned a literal",
        ),
        (
            "\n\nSESSION_COOKIE_AGE = 1 + 1",
            "line 3: SESSION_COOKIE_AGE is not",
        ),
        (
            "SECRET_KEY_FALLBACKS += ['x']",
            "line 1: SECRET_KEY_FALLBACKS is not",
        ),
        (
            "SECRET_KEY_FALLBACKS.append('x')",
            "line 1: SECRET_KEY_FALLBACKS is not",
        ),
        ("SECRET_KEY: str", "line 1: SECRET_KEY is not"),
        (
            "from .secrets import SECRET_KEY",
            "line 1: SECRET_KEY is not",
        ),
        (
            "if DEBUG:\n    USE_TZ = False",
            "line 2: USE_TZ is assigned inside of a block",
        ),
        (
            "if DEBUG: USE_TZ = False",
            "line 1: USE_TZ is assigned inside",
        ),
        ("A = 1; USE_TZ = False", "line 1: USE_TZ is assigned inside"),
        ("A = USE_TZ = False", "line 1: USE_TZ is assigned inside"),
        (
            "A, USE_TZ, B = 1, 2, 3",
            "line 1: USE_TZ is assigned inside",
        ),
        (
            "(A, [USE_TZ]) = 1, [2]",
            "line 1: USE_TZ is assigned inside",
        ),
        ("A, *USE_TZ = 1, 2", "line 1: USE_TZ is assigned inside"),
        ("f(USE_TZ := False)", "line 1: USE_TZ is assigned inside"),
        ("if x: USE_TZ **= 2", "line 1: USE_TZ is assigned inside"),
        ("for USE_TZ in x: pass", "line 1: USE_TZ is assigned inside"),
        (
            "with x as USE_TZ: pass",
            "line 1: USE_TZ is assigned inside",
        ),
        ("del USE_TZ", "line 1: USE_TZ is assigned inside"),
        (
            "globals()['USE_TZ'] = False",
            "line 1: USE_TZ is assigned inside",
        ),
        (
            "vars().update(USE_TZ=False)",
            "line 1: USE_TZ is assigned inside",
        ),
        (
            "if x: SECRET_KEY_FALLBACKS.append('x')",
            "line 1: SECRET_KEY_FALLBACKS is assigned inside",
        ),
        (
            "USE_TZ = A = False",
            "line 1: USE_TZ is not assigned a literal",
        ),
        (
            "SESSION_COOKIE_AGE = '300'",
            "line 1: SESSION_COOKIE_AGE must be a whole number of seconds",
        ),
        (
            "SESSION_COOKIE_AGE = -1",
            "line 1: SESSION_COOKIE_AGE must be zero or more seconds",
        ),
        (
            "SESSION_ENGINE = None",
            "line 1: SESSION_ENGINE must be a string",
        ),
        (
            "SESSION_COOKIE_DOMAIN = 1",
            "line 1: SESSION_COOKIE_DOMAIN must be a string or None",
        ),
        (
            "SESSION_COOKIE_SAMESITE = True",
            "line 1: SESSION_COOKIE_SAMESITE must be a string or None",
        ),
        ("SECRET_KEY = 1", "line 1: SECRET_KEY must be a string"),
        (
            "SECRET_KEY_FALLBACKS = 'x'",
            "line 1: SECRET_KEY_FALLBACKS must be a list of strings",
        ),
        (
            "SECRET_KEY_FALLBACKS = [1]",
            "line 1: SECRET_KEY_FALLBACKS must be a string",
        ),
        ("A = 'x", "line 1: a string begins here and has no end"),
    ] {
        let error = Settings::parse(text).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn what_only_reads_a_setting_is_no_assignment() {
    let text = "CACHES[SESSION_CACHE_ALIAS] = {'TIMEOUT': SESSION_COOKIE_AGE}\r\n\
                if USE_TZ: CSRF_COOKIE_AGE = SESSION_COOKIE_AGE * 2\r\n\
                assert SESSION_COOKIE_AGE >= 300 and SECRET_KEY != ''\r\n\
                f(SECRET_KEY, key=SECRET_KEY, SECRET_KEY=1)['USE_TZ'].x = 'USE_TZ'\r\n\
                TIME_ZONE = '''a\r\nb'''";
    let expected = Settings::default().time_zone("a\nb");
    let read = Settings::parse(text).unwrap();
    assert_eq!(format!("{read:?}"), format!("{expected:?}"));
}

#[test]
fn what_is_set_in_code_is_not_read() {
    let text = "SECRET_KEY = os.environ['KEY']\nif x:\n  USE_TZ = False\nSESSION_COOKIE_AGE = 1";
    let settings = Settings::default().secret_key(STRONG).use_tz(true);
    let settings = settings.read(text).unwrap();
    assert_eq!(settings.cookie_age(), Duration::from_secs(1));
    assert_eq!(settings.zone(), Ok(Zone::use_tz()));
    assert!(settings.secret_keys().is_ok());
    // Also in a second file.
    let error = settings.read("SECRET_KEY = 1\nTIME_ZONE = x").unwrap_err();
    assert!(
        matches!(error, SettingsError::Computed { line: 2, .. }),
        "{error}"
    );
}
