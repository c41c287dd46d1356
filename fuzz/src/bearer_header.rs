//! What the values of `Authorization` make a request, beside a reader of the RFC's grammar.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Carrier, Exchange, Policy};

use crate::Draw;
use crate::cookie_header::questions;

/// What a request is to a server with bearers and cookies.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// Its cookie counts.
    Cookies,
    /// A bearer's without a session.
    Nobody,
    Token(Vec<u8>),
}

/// Reads drawn values beside a good cookie, and compares with a reference.
pub fn bearer_header(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let carrier = *draw.pick(&[Carrier::Both, Carrier::Bearer, Carrier::Cookie]);
    let policy = Policy::builder().cookie_name("sid").carrier(carrier);
    let policy = Arc::new(policy.build().expect("the name is good"));
    let mut values = Vec::new();
    for _ in 0..draw.below(4) {
        let mut value = draw.pieces(&DICTIONARY, 6);
        if draw.one_in(4) {
            draw.damage(&mut value);
        }
        values.push(value);
    }
    let cookie = [b"sid=", COOKIE].concat();
    let open = |cookies: &[&[u8]], values: &[Vec<u8>]| {
        let values = values.iter().map(Vec::as_slice);
        Exchange::open_with(&policy, cookies.iter().copied(), values)
    };
    let exchange = open(&[&cookie], &values);
    let expected = match (carrier, expected(&values)) {
        (Carrier::Cookie, _) => Expected::Cookies,
        (Carrier::Bearer, Expected::Cookies) => Expected::Nobody,
        (_, expected) => expected,
    };
    let asked = questions(exchange);
    match expected {
        Expected::Nobody => assert!(asked.is_empty()),
        Expected::Cookies => {
            assert_eq!(asked.len(), 1);
            assert_eq!(asked, questions(open(&[&cookie], &[])));
            assert_eq!(asked[0].0.as_bytes(), &decoded(COOKIE)[..16]);
        }
        Expected::Token(id) => {
            let alone = questions(open(&[], &[[b"Bearer ", &*id].concat()]));
            assert_eq!(asked, alone);
            assert_eq!(asked[0].0.as_bytes(), &decoded(&id)[..16]);
            // The same id in a cookie opens something else.
            let as_cookie = [b"sid=", &*id].concat();
            assert_ne!(asked, questions(open(&[&as_cookie], &[])));
        }
    }
}

/// The reference: `scheme = token`, one or more spaces, then the id and nothing else (RFC 9110, 11.4).
fn expected(values: &[Vec<u8>]) -> Expected {
    let mut found = Expected::Cookies;
    for value in values {
        let value = value.trim_ascii();
        let end = value.iter().position(|byte| !is_of_a_token(*byte));
        let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            continue;
        }
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let id = &rest[spaces..];
        let is_id = spaces > 0 && id.len() == 48 && decoded(id).len() == 36;
        found = if is_id && values.len() == 1 {
            Expected::Token(id.to_vec())
        } else {
            Expected::Nobody
        };
    }
    found
}

fn decoded(id: &[u8]) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(id).unwrap_or_default()
}

fn is_of_a_token(byte: u8) -> bool {
    // Every visible character that is no delimiter (RFC 9110, 5.6.2).
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)
}

const COOKIE: &[u8] = b"bAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";

const DICTIONARY: [&[u8]; 14] = [
    b"Bearer ",
    b"bEARER ",
    b"Bearer",
    b"Basic ",
    b" ",
    b"\t",
    b",",
    b"=",
    b"\"",
    b"x",
    b"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT",
    b"bAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT",
    b"new",
    b"Bearer AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT",
];
