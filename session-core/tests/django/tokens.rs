//! Tokens: what Django signed opens here, with the same values, and nothing else does.

use std::time::Duration;

use serde_json::Value;
use session_core::django::{Opened, SecretKeys, SignedBy, Signer, TokenError, to_strict};
use session_core::time::OffsetDateTime;

use super::vectors;

const TWO_WEEKS: Duration = Duration::from_secs(1_209_600);

fn keys_of_the_first() -> SecretKeys {
    let all = vectors::first();
    let primary = all["secret_key"].as_str().unwrap();
    let keys = SecretKeys::danger_accept_weak(primary).unwrap();
    keys.fallback(all["fallbacks"][0].as_str().unwrap())
}

/// Reads a token as Django's engine does: with `now`, if the engine is `signed_cookies`.
fn load(
    keys: &SecretKeys,
    token: &str,
    now: Option<OffsetDateTime>,
) -> Result<Option<Opened>, TokenError> {
    match now {
        None => Signer::sessions(keys).open(token).map(Some),
        Some(now) => {
            let opened = Signer::signed_cookies(keys).open(token)?;
            let is_old = opened.is_older_than(TWO_WEEKS, now)?;
            Ok((!is_old).then_some(opened))
        }
    }
}

/// The value that a text of Python's JSON has for every reader.
fn value(json: &str) -> Value {
    serde_json::from_str(&to_strict(json)).unwrap()
}

#[test]
fn what_django_encodes_is_read_and_written_alike() {
    for (all, keys) in [
        (vectors::first(), keys_of_the_first()),
        (
            vectors::second(),
            vectors::keys(&vectors::second(), &Value::Null),
        ),
    ] {
        let cases = all["encode"].as_array().unwrap();
        assert!(cases.len() >= 5);
        for case in cases {
            let json = case["json"].as_str().unwrap();
            let at = case.get("timestamp").unwrap_or(&all["timestamp"]);
            let now = OffsetDateTime::from_unix_timestamp(at.as_i64().unwrap()).unwrap();
            for (signer, engine) in [
                (Signer::sessions(&keys), "db"),
                (Signer::signed_cookies(&keys), "cookie"),
            ] {
                let theirs = case[engine].as_str().unwrap();
                let opened = signer.open(theirs).unwrap();
                assert_eq!(opened.json, json, "{case}");
                assert_eq!(opened.signed_at(), now, "{case}");
                assert_eq!(opened.signed_by, SignedBy::Primary);

                let ours = signer.sign(json, now);
                assert_eq!(signer.open(&ours), Ok(opened), "{case}");
                assert_eq!(ours.starts_with('.'), case["compressed"] == true, "{case}");
                if !ours.starts_with('.') {
                    assert_eq!(ours, theirs);
                }
            }
        }
    }
}

#[test]
fn what_django_refuses_is_refused_and_what_it_reads_is_read() {
    let all = vectors::second();
    let cases = all["decode"].as_object().unwrap();
    assert_eq!(cases.len(), 73);
    for (name, case) in cases {
        let keys = vectors::keys(&all, case);
        let is_cookie = case["engine"] == "signed_cookies";
        let now = is_cookie.then(|| vectors::seconds(&case["now"]));
        let loaded = load(&keys, case["input"].as_str().unwrap(), now);
        if case["object"] == false {
            assert_eq!(loaded, Err(TokenError::NotAnObject), "{name}");
            continue;
        }
        if case["accepted"] == false {
            assert!(matches!(loaded, Err(_) | Ok(None)), "{name}: {loaded:?}");
            continue;
        }
        let opened = loaded.unwrap().unwrap();
        if let Some(payload) = case["payload"].as_str() {
            assert_eq!(opened.json, payload, "{name}");
        }
        if let Some(output) = case.get("output") {
            assert_eq!(value(&opened.json), *output, "{name}");
        }
        if let Some(length) = case["output_len"].as_u64() {
            assert_eq!(opened.json.len() as u64, length, "{name}");
        }
    }
}

#[test]
fn every_refusal_of_the_first_vectors_is_one_here() {
    let all = vectors::first();
    let keys = keys_of_the_first();
    for (name, case) in all["decode"].as_object().unwrap() {
        let opened = Signer::sessions(&keys).open(case["input"].as_str().unwrap());
        match &case["output"] {
            Value::Array(_) => assert_eq!(opened, Err(TokenError::NotAnObject)),
            Value::Object(empty) if empty.is_empty() => assert!(opened.is_err(), "{name}"),
            output => assert_eq!(value(&opened.unwrap().json), *output, "{name}"),
        }
    }
}

#[test]
fn it_is_said_by_which_key_a_token_was_signed() {
    let all = vectors::first();
    let signer = Signer::sessions(&keys_of_the_first());
    let opened = signer.open(all["signed_with_fallback"].as_str().unwrap());
    assert_eq!(opened.unwrap().signed_by, SignedBy::Fallback(0));
    let unknown = signer.open(all["signed_with_unknown_key"].as_str().unwrap());
    assert_eq!(unknown, Err(TokenError::Signature));
    let all = vectors::second();
    let case = &all["decode"]["key_fallback_2"];
    let signer = Signer::sessions(&vectors::keys(&all, case));
    let opened = signer.open(case["input"].as_str().unwrap()).unwrap();
    assert_eq!(opened.signed_by, SignedBy::Fallback(1));
}

#[test]
fn a_cookie_is_good_up_to_its_age() {
    let keys = keys_of_the_first();
    let all = vectors::first();
    let signed = all["timestamp"].as_f64().unwrap();
    let token = all["encode"][1]["cookie"].as_str().unwrap();
    for case in all["cookie_max_age"].as_array().unwrap() {
        let now = Value::from(signed + case["now_minus_ts"].as_f64().unwrap());
        let loaded = load(&keys, token, Some(vectors::seconds(&now))).unwrap();
        let is_alive = !case["loaded"].as_object().unwrap().is_empty();
        assert_eq!(loaded.is_some(), is_alive, "{case}");
    }
}
