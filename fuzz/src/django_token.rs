//! Tokens of Django's, beside a reader of the documented form that shares no code with ours.

use std::io::{Read as _, Write as _};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, KeyInit, Mac};
use session_core::django::{SecretKeys, SignedBy, Signer, from_strict, to_strict};
use session_core::time::OffsetDateTime;
use sha2::{Digest, Sha256};

use crate::Draw;
use crate::django_json::{from_base64, is_base62, is_object};

/// Opens drawn tokens that are signed by one of three keys or by none, and signs what they hold once more.
pub fn django_token(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let signed = format!("{}:{}", payload(&mut draw), time(&mut draw));
    let key = *draw.pick(&[PRIMARY, FALLBACK, FOREIGN]);
    let mut token = format!("{signed}:{}", signature(key, &signed)).into_bytes();
    if draw.one_in(4) {
        draw.damage(&mut token);
    }
    let token = String::from_utf8_lossy(&token);
    let opened = SIGNER.open(&token).ok();
    let read = opened
        .as_ref()
        .map(|opened| (opened.signed_by, &*opened.json));
    let expected = reference(&token);
    assert_eq!(
        read,
        expected.as_ref().map(|(by, json)| (*by, &**json)),
        "{token}"
    );
    let Some(opened) = opened else {
        return;
    };

    let now = OffsetDateTime::from_unix_timestamp(draw.small().clamp(-1 << 36, 1 << 37));
    let now = now.expect("the year is near");
    let again = SIGNER.sign(&opened.json, now);
    assert!(again.is_ascii());
    let (by, _) = reference(&again).expect("ours is one for others");
    assert_eq!(by, SignedBy::Primary);
    let reopened = SIGNER.open(&again).expect("it is ours");
    assert_eq!(reopened.signed_at(), now);
    // In ASCII nothing changes any more.
    assert_eq!(SIGNER.sign(&reopened.json, now), again);
    assert!(!opened.json.bytes().all(|byte| byte < 0x7f) || reopened.json == opened.json);
    let strict = to_strict(&opened.json);
    assert_eq!(from_strict(&strict), opened.json);
    let members = serde_json::from_str::<
        std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>,
    >(&strict);
    assert!(members.is_ok(), "{strict}");
}

/// Returns a payload: JSON as Python may have written it or not quite, compressed or not, or any text.
fn payload(draw: &mut Draw<'_>) -> String {
    let mut json = b"{".to_vec();
    json.extend(draw.pieces(&DICTIONARY, 20));
    if !draw.one_in(8) {
        json.push(b'}');
    }
    if draw.one_in(4) {
        draw.damage(&mut json);
    }
    let mut payload = String::new();
    if draw.one_in(2) {
        let mut writer = ZlibEncoder::new(Vec::new(), Compression::new(6));
        writer.write_all(&json).expect("memory takes everything");
        json = writer.finish().expect("memory takes everything");
        if draw.one_in(3) {
            draw.damage(&mut json);
        }
        payload.push('.');
    }
    URL_SAFE_NO_PAD.encode_string(json, &mut payload);
    if draw.one_in(4) {
        let mut bytes = payload.into_bytes();
        let dictionary: [&[u8]; 6] = [b"=", b"==", b"!", b"+/", b":", b"\xc3\xa9"];
        bytes.extend(draw.pieces(&dictionary, 3));
        draw.damage(&mut bytes);
        payload = String::from_utf8_lossy(&bytes).into_owned();
    }
    payload
}

fn time(draw: &mut Draw<'_>) -> String {
    match draw.below(4) {
        0 => draw.text(12),
        1 => (*draw.pick(&["", "-", "-1", "zzzzzzzzzzzzzzzzzzzz", "1_", "\u{e9}", "0"])).to_owned(),
        _ => "1r31eq".to_owned(),
    }
}

/// The reference: `payload:time:signature`, as Django's `signing.loads` reads it without an age.
fn reference(token: &str) -> Option<(SignedBy, String)> {
    let (signed, given) = token.rsplit_once(':')?;
    let by = if given == signature(PRIMARY, signed) {
        SignedBy::Primary
    } else if given == signature(FALLBACK, signed) {
        SignedBy::Fallback(0)
    } else {
        return None;
    };
    let (payload, time) = signed.rsplit_once(':')?;
    if !is_base62(time) {
        return None;
    }
    let bytes = match payload.strip_prefix('.') {
        None => from_base64(payload.as_bytes())?,
        Some(payload) => {
            let (compressed, mut bytes) = (from_base64(payload.as_bytes())?, Vec::new());
            ZlibDecoder::new(&*compressed)
                .read_to_end(&mut bytes)
                .ok()?;
            bytes
        }
    };
    // Python reads the bytes as Latin-1.
    let json: String = bytes.into_iter().map(char::from).collect();
    is_object(&json).then_some((by, json))
}

fn signature(key: &str, signed: &str) -> String {
    let salt = "django.contrib.sessions.SessionStoresigner";
    let key = Sha256::new()
        .chain_update(salt)
        .chain_update(key)
        .finalize();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length is one");
    URL_SAFE_NO_PAD.encode(mac.chain_update(signed).finalize().into_bytes())
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let keys = SecretKeys::danger_accept_weak(PRIMARY).expect("weak is allowed");
    Signer::sessions(&keys.fallback(FALLBACK))
});

const PRIMARY: &str = "of these tests";
const FALLBACK: &str = "an older one";
const FOREIGN: &str = "another site's";

const DICTIONARY: [&[u8]; 32] = [
    b"\"a\":1",
    b",",
    b":",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b" ",
    b"\n",
    b"NaN",
    b"-Infinity",
    b"Infinity",
    b"null",
    b"true",
    b"-0.5e+7",
    b"1E400",
    b"01",
    b"123456789012345678901234567890",
    b"\"\\ud800\"",
    b"\"\\u0041\\\\\\\"\"",
    b"\"$python:x\":",
    b"\"$python\":\"NaN\"",
    b"{\"$python\":\"NaN\"}",
    b"\"\\u0024python:x\":[NaN],",
    b"\"_auth_user_id\":\"1\",",
    b"\"b\":[1,{}],",
    b"\"c\":{\"d\":NaN},",
    b"\"\xe9\":\"\xff\",",
    b"\"\x7f\"",
    b"\"\x00\"",
    b"\xc2\x85",
];
