//! What errors tell, and to whom.
#![allow(clippy::unwrap_used)]

use std::error::Error;

use session_core::{EntropyError, ExpiryError, PolicyError, SessionError, StoreError, ValueError};

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz234567";

fn store_failure() -> StoreError {
    StoreError::new("can't reach the database").caused_by(SECRET)
}

fn value(key: &str) -> ValueError {
    ValueError::Decode { key: key.into() }
}

/// Each error, the status that it stands for, and the words that a client reads.
fn rows() -> Vec<(SessionError, u16, &'static str)> {
    let (bytes, limit) = (2_000, 1_000);
    let unavailable = "session store unavailable";
    let internal = "internal server error";
    let too_large = "the session would be too large";
    let encode = ValueError::Encode { key: "k".into() };
    let conflict = SessionError::Conflict { key: "k".into() };
    vec![
        (SessionError::Store(store_failure()), 503, unavailable),
        (SessionError::Contended { attempts: 7 }, 503, unavailable),
        (EntropyError("refused".into()).into(), 503, unavailable),
        (SessionError::TooLarge { bytes, limit }, 413, too_large),
        (SessionError::Gone, 409, "the session was ended elsewhere"),
        (
            SessionError::Superseded,
            409,
            "the session was left for a new one",
        ),
        (conflict, 409, "another request was faster"),
        (
            SessionError::TooManyDevices { limit: 3 },
            409,
            "too many devices are signed in",
        ),
        (SessionError::NotSignedIn, 401, "nobody is signed in"),
        (SessionError::NotFresh, 403, "authenticate again"),
        (
            SessionError::Forged,
            403,
            "the request did not come from a page of this site",
        ),
        (
            StoreError::unsupported("no list").into(),
            501,
            "not possible with these sessions",
        ),
        (SessionError::TwoBearers, 500, internal),
        (SessionError::NoSession, 401, "there is no session"),
        (SessionError::Unsaved, 500, internal),
        (SessionError::Reopened, 500, internal),
        (SessionError::Finished, 500, internal),
        (ExpiryError::Past.into(), 500, internal),
        (ExpiryError::NotPositive.into(), 500, internal),
        (SessionError::Owner { length: 300 }, 500, internal),
        (value("k").into(), 500, internal),
        (encode.into(), 500, internal),
    ]
}

#[test]
fn a_client_hears_what_is_its_own_and_nothing_of_the_cause() {
    for (error, status, words) in rows() {
        assert_eq!(error.status(), status, "{error}");
        let json: serde_json::Value = serde_json::from_str(error.public_json()).unwrap();
        assert_eq!(json, serde_json::json!({ "error": words }), "{error}");
    }
}

#[test]
fn messages_are_clauses_for_the_log() {
    let policy = PolicyError::Grace;
    let messages = rows().into_iter().map(|(error, _, _)| error.to_string());
    for text in messages.chain([policy.to_string(), store_failure().to_string()]) {
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn what_failed_below_is_the_source_and_not_said_twice() {
    let error = SessionError::from(store_failure());
    let below = error.source().unwrap();
    assert_eq!(below.to_string(), "can't reach the database");
    let cause = below.source().unwrap();
    assert_eq!(cause.to_string(), SECRET);
    assert!(!error.to_string().contains("database"));
    // What has nothing below says so.
    assert!(StoreError::new("no disk").source().is_none());
    for error in [SessionError::Gone, value("k").into()] {
        assert!(error.source().is_none(), "{error}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    for error in [value("cart"), ValueError::Encode { key: "cart".into() }] {
        let text = error.to_string();
        assert!(text.contains("\"cart\""), "{text}");
        // However far it is passed on.
        assert_eq!(SessionError::from(error).to_string(), text);
    }
}
