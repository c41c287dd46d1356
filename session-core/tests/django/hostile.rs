//! Tokens that nobody should have made: they never panic, and never take more memory than stated.

use std::collections::BTreeMap;
use std::io::Write as _;

use allocation_counter::{AllocationInfo, measure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression, FlushCompress};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::value::RawValue;
use session_core::django::{
    MAX_JSON_BYTES, MAX_TOKEN_BYTES, SecretKeys, Settings, Signer, TokenError, Zone, check_json,
    from_strict, to_strict,
};
use session_core::time::OffsetDateTime;
use sha2::{Digest, Sha256};

const KEY: &str = "of these tests";

type Members = BTreeMap<String, Box<RawValue>>;

fn signer() -> Signer {
    let keys = SecretKeys::danger_accept_weak(KEY).unwrap();
    Signer::sessions(&keys.fallback("an older one"))
}

/// Signs what is no session, as only the holder of a key can.
fn forge(value: &str) -> String {
    let salt = "django.contrib.sessions.SessionStoresigner";
    let key = Sha256::new()
        .chain_update(salt)
        .chain_update(KEY)
        .finalize();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let signature = mac.chain_update(value).finalize().into_bytes();
    format!("{value}:{}", URL_SAFE_NO_PAD.encode(signature))
}

fn forge_payload(bytes: &[u8]) -> String {
    forge(&format!("{}:1r31eq", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A stream that inflates to so many mebibytes of the same, and has no checksum.
fn bomb(mebibytes: usize) -> String {
    let mut block = Vec::with_capacity(4096);
    let mut writer = Compress::new(Compression::best(), false);
    let zeros = vec![b'0'; 1 << 20];
    // A full flush ends a block that stands for itself.
    writer
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .unwrap();
    assert_eq!(writer.total_in(), 1 << 20);
    let stream = [&[0x78, 0x9c], &*block.repeat(mebibytes)].concat();
    forge(&format!(".{}:1r31eq", URL_SAFE_NO_PAD.encode(stream)))
}

fn open(token: &str) -> (Result<String, TokenError>, AllocationInfo) {
    let signer = signer();
    let mut opened = Err(TokenError::Form);
    let counted = measure(|| opened = signer.open(token).map(|opened| opened.json));
    (opened, counted)
}

#[test]
fn the_forgeries_of_these_tests_are_right() {
    let (opened, _) = open(&forge_payload(b"{}"));
    assert_eq!(opened.as_deref(), Ok("{}"));
}

#[test]
fn no_bomb_takes_more_memory_than_is_stated() {
    let limit = 4 * MAX_JSON_BYTES as u64;
    for (mebibytes, expected) in [
        (1, TokenError::Zlib),
        (MAX_JSON_BYTES >> 20, TokenError::Zlib),
        ((MAX_JSON_BYTES >> 20) + 1, TokenError::TooLarge),
        (1024, TokenError::TooLarge),
    ] {
        let (opened, counted) = open(&bomb(mebibytes));
        assert_eq!(opened, Err(expected), "{mebibytes}");
        assert!(counted.bytes_max <= limit, "{mebibytes}: {counted:?}");
    }
}

#[test]
fn the_longest_texts_are_read_within_the_bound() {
    let limit = 4 * MAX_JSON_BYTES as u64;
    // Bytes beyond ASCII take two in Rust.
    for byte in [b'x', 0xe9] {
        let mut json = vec![byte; MAX_JSON_BYTES];
        json[..6].copy_from_slice(b"{\"a\":\"");
        json[MAX_JSON_BYTES - 2..].copy_from_slice(b"\"}");
        let (opened, counted) = open(&forge_payload(&json));
        assert_eq!(opened.unwrap().chars().count(), MAX_JSON_BYTES);
        assert!(counted.bytes_max <= limit, "{counted:?}");
    }
    let (opened, _) = open(&forge_payload(&vec![b' '; MAX_JSON_BYTES + 1]));
    assert_eq!(opened, Err(TokenError::TooLarge));
}

#[test]
fn a_token_that_is_too_long_or_not_ours_allocates_nothing() {
    let wrong = "A".repeat(43);
    for (token, expected) in [
        (
            format!("{}:1r31eq:{wrong}", "a".repeat(10_000_000)),
            TokenError::Signature,
        ),
        (
            format!(".{}:1r31eq:{wrong}", "a".repeat(MAX_TOKEN_BYTES)),
            TokenError::TooLarge,
        ),
        ("a".repeat(10_000_000), TokenError::Form),
        (String::new(), TokenError::Form),
    ] {
        let (opened, counted) = open(&token);
        assert_eq!(opened, Err(expected));
        assert_eq!(counted.count_total, 0, "{expected:?}");
    }
}

#[test]
fn each_refusal_of_what_was_signed_has_its_name() {
    for (token, expected) in [
        (forge("no time"), TokenError::Form),
        (forge("e30:"), TokenError::Time),
        (forge("e30:1_"), TokenError::Time),
        (forge("e:1"), TokenError::Base64),
        (forge("e3:1"), TokenError::Json),
        (forge(".e30:1"), TokenError::Zlib),
        (forge(".:1"), TokenError::Zlib),
        (forge(":1"), TokenError::Json),
        (forge_payload(b"\x80\x05}\x94."), TokenError::Pickle),
        (forge_payload(b"\x81"), TokenError::Json),
        (forge_payload(b"[]"), TokenError::NotAnObject),
        (forge_payload("\u{feff}{}".as_bytes()), TokenError::Json),
    ] {
        assert_eq!(open(&token).0, Err(expected), "{token}");
    }
}

#[test]
fn base64_is_read_as_leniently_as_by_python() {
    // The payload is {"a":1}, eyJhIjoxfQ.
    for (payload, expected) in [
        ("eyJhIjoxfQ==", true),
        ("eyJhIjoxfQ=", true),
        ("eyJh\u{0}Ijo\u{e9}xfQ====", true),
        ("eyJhIjoxfQ==AAAA", true),
        ("!!!!eyJhIjoxfQ", true),
        // It has bits left over.
        ("eyJhIjoxfR", true),
        ("!eyJhIjoxfQ", false),
        ("eyJhIjoxfQAAA", false),
        ("eyJhIjoxf", false),
    ] {
        let opened = open(&forge(&format!("{payload}:1"))).0;
        assert_eq!(opened.is_ok(), expected, "{payload} {opened:?}");
        if let Ok(json) = opened {
            assert_eq!(json, r#"{"a":1}"#);
        }
    }
}

/// JSON as Python may have written it, with everything that other readers stumble over.
fn python_json() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", "", " ", "\n\t", "\r "]);
    let text = prop_oneof![
        "[ -!#-\\[\\]-~é漢😀\u{7f}]{0,8}".prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec![
            r#""\ud800""#,
            r#""\uDFFF\ud83d\ude00""#,
            r#""\"\\\/\b\f\n\r\t\u0000""#,
            r#""$python""#,
            r#""$python:""#,
            r#""$python:\\ud800""#,
            r#""\u0024python:x""#,
            r#""NaN""#,
        ])
        .prop_map(str::to_owned),
    ];
    let number = prop::sample::select(vec![
        "0",
        "-0",
        "1",
        "-0.0",
        "1E+5",
        "1e400",
        "0.1e-7",
        "123456789012345678901234567890",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "false",
        "null",
        r#"{"$python":"NaN"}"#,
    ])
    .prop_map(str::to_owned);
    let value = prop_oneof![text.clone(), number].prop_recursive(6, 40, 5, {
        let (space, text) = (space.clone(), text.clone());
        move |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4);
            let object = prop::collection::vec((text.clone(), inner), 0..4);
            prop_oneof![
                (list, space.clone()).prop_map(|(items, space)| {
                    let separator = format!("{space},{space}");
                    format!("[{space}{}{space}]", items.join(&separator))
                }),
                (object, space.clone()).prop_map(|(members, space)| join(&members, space)),
            ]
        }
    });
    let members = prop::collection::vec((text, value), 0..6);
    (members, space).prop_map(|(members, space)| join(&members, space))
}

fn join(members: &[(String, String)], space: &str) -> String {
    let member = |(name, value): &(String, String)| format!("{name}{space}:{space}{value}");
    let members: Vec<String> = members.iter().map(member).collect();
    format!(
        "{{{space}{}{space}}}",
        members.join(&format!("{space},{space}"))
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_signed_opens_unchanged_but_for_its_escapes(
        json in python_json(),
        seconds in -10_000_000_000_i64..100_000_000_000,
    ) {
        let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        prop_assert_eq!(check_json(&json), Ok(()));
        let signer = signer();
        let token = signer.sign(&json, now);
        prop_assert!(token.is_ascii());
        let opened = signer.open(&token).unwrap();
        prop_assert_eq!(opened.signed_at(), now);
        // In ASCII nothing changes any more.
        prop_assert_eq!(signer.sign(&opened.json, now), token);
        if json.bytes().all(|byte| byte < 0x7f) {
            prop_assert_eq!(&opened.json, &json);
        }
        if to_strict(&json) == json {
            let values = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
            prop_assert_eq!(values(&opened.json), values(&json));
        }
    }

    #[test]
    fn every_reader_takes_the_strict_form_and_python_gets_its_own_back(json in python_json()) {
        let strict = to_strict(&json);
        prop_assert!(serde_json::from_str::<Members>(&strict).is_ok());
        prop_assert_eq!(&*from_strict(&strict), &*json);
    }

    #[test]
    fn a_token_that_was_changed_anywhere_does_not_open(
        json in python_json(),
        place in any::<prop::sample::Index>(),
        bit in 0..7_u8,
    ) {
        let token = signer().sign(&json, OffsetDateTime::UNIX_EPOCH);
        let place = place.index(token.len());
        let mut flipped = token.clone().into_bytes();
        flipped[place] ^= 1 << bit;
        let flipped = String::from_utf8(flipped).unwrap();
        prop_assert!(open(&flipped).0.is_err());
        prop_assert!(open(&token[..place]).0.is_err());
        prop_assert!(open(&token[place + 1..]).0.is_err());
        let longer = token.clone() + &token[place..=place];
        prop_assert!(open(&longer).0.is_err());
    }

    #[test]
    fn no_text_panics(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = open(&text);
        let _ = open(&forge(&text));
        let _ = open(&forge(&format!("{text}:1")));
        let _ = open(&forge(&format!(".{text}:1")));
        let _ = open(&forge_payload(&bytes));
        let _ = open(&forge(&format!(".{}:1", URL_SAFE_NO_PAD.encode(&bytes))));
        let _ = check_json(&text);
        let strict = to_strict(&text);
        prop_assert_eq!(&*from_strict(&strict), &*text);
        let _ = from_strict(&text);
        let _ = Settings::parse(&text);
        let _ = Settings::parse(&format!("SECRET_KEY = {text}"));
        let _ = Zone::use_tz().read_column(&text);
    }

    #[test]
    fn a_damaged_stream_never_panics_or_opens_as_other_values(
        json in python_json(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut writer = ZlibEncoder::new(Vec::new(), Compression::new(6));
        writer.write_all(json.as_bytes()).unwrap();
        let mut stream = writer.finish().unwrap();
        let whole = open(&forge(&format!(".{}:1", URL_SAFE_NO_PAD.encode(&stream)))).0;
        prop_assert!(whole.is_ok());
        let place = place.index(stream.len());
        let cut = open(&forge(&format!(".{}:1", URL_SAFE_NO_PAD.encode(&stream[..place])))).0;
        prop_assert_eq!(cut, Err(TokenError::Zlib));
        stream[place] = byte;
        if let Ok(read) = open(&forge(&format!(".{}:1", URL_SAFE_NO_PAD.encode(&stream)))).0 {
            prop_assert_eq!(read, whole.unwrap());
        }
    }
}
