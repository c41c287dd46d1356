//! The ids that are found in `Cookie` headers, beside those that a simple reader finds.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Command, Digest, Exchange, Key, Moment, Only, Outcome, Policy, Step};

use crate::Draw;

/// Reads drawn headers, loads and logs out, and compares the keys and secrets with a reference.
pub fn cookie_header(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let name = *draw.pick(&["sid", "__Host-session", "a"]);
    let is_plain = draw.one_in(3);
    let mut policy = Policy::builder().cookie_name(name);
    if is_plain {
        policy = policy.plain_ids();
    }
    let policy = Arc::new(policy.build().expect("the names are good"));
    let mut headers = Vec::new();
    for _ in 0..=draw.below(3) {
        headers.push(header(&mut draw, name, is_plain));
    }
    let mut expected: Vec<Vec<u8>> = Vec::new();
    for header in &headers {
        for id in ids_of(name, is_plain, header) {
            if expected.len() < MAX_IDS && !expected.contains(&id) {
                expected.push(id);
            }
        }
    }
    let presented = headers.iter().map(Vec::as_slice);
    let exchange = Exchange::open(&policy, presented.clone());
    let mut asked = expected.iter().map(|id| question(&policy, name, id));
    let mut keys: Vec<Key> = Vec::new();
    let first_of_each = asked.by_ref().filter(|(key, _)| {
        let is_new = !keys.contains(key);
        keys.push(*key);
        is_new
    });
    let first_of_each: Vec<_> = first_of_each.take(MAX_LOADS).collect();
    assert_eq!(questions(exchange), first_of_each);

    let logout = Exchange::open(&policy, presented).destroy();
    let all: Vec<_> = expected
        .iter()
        .map(|id| question(&policy, name, id))
        .collect();
    let ended = deletes(logout.finish(200, NOW).expect("nothing is drawn"));
    assert_eq!(ended, all);
}

/// Returns a header of pieces that look like ours.
fn header(draw: &mut Draw<'_>, name: &str, is_plain: bool) -> Vec<u8> {
    let mut dictionary: Vec<&[u8]> = vec![
        b";",
        b"; ",
        b"=",
        b"\"",
        b" ",
        b"\t",
        b"sid",
        b"SID=",
        b"x=1; ",
        b"__Host-session=",
        b"%3D",
        b"\0",
        b",",
    ];
    let ids = if is_plain {
        [
            "abcdefgh",
            "0123456789abcdefghij0123456789abcdefghij",
            "ABCDEFGH",
            "abcdefg",
        ]
    } else {
        [
            "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT",
            "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIU",
            "bAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QER-_",
            "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERI",
        ]
    };
    let pairs = ids.map(|id| format!("{name}={id}"));
    dictionary.extend(pairs.iter().map(String::as_bytes));
    dictionary.extend(ids.iter().map(|id| id.as_bytes()));
    let mut header = draw.pieces(&dictionary, 24);
    for _ in 0..draw.below(8) {
        // Ids that are nobody's, and many of them.
        let id = if is_plain {
            format!("{:08x}", u32::from_be_bytes(draw.array()))
        } else {
            URL_SAFE_NO_PAD.encode(draw.array::<36>())
        };
        header.extend(format!("; {name}={id}").bytes());
    }
    if draw.one_in(3) {
        draw.damage(&mut header);
    }
    header
}

/// The reference: a list of pairs with space around each part, of which a value may stand in quotes.
fn ids_of(name: &str, is_plain: bool, header: &[u8]) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    for pair in header.split(|byte| *byte == b';') {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let (Some(found), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        if found.trim_ascii() != name.as_bytes() {
            continue;
        }
        let value = match value.trim_ascii() {
            [b'"', inner @ .., b'"'] => inner,
            value => value,
        };
        if is_id(is_plain, value) {
            ids.push(value.to_vec());
        }
    }
    ids
}

fn is_id(is_plain: bool, value: &[u8]) -> bool {
    if is_plain {
        let is_right = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        return value.len() >= 8 && value.len() <= 40 && value.iter().all(is_right);
    }
    value.len() == 48
        && URL_SAFE_NO_PAD
            .decode(value)
            .is_ok_and(|bytes| bytes.len() == 36)
}

/// Returns what the store is asked if an id is presented alone.
fn question(policy: &Arc<Policy>, name: &str, id: &[u8]) -> (Key, Digest) {
    let header = [name.as_bytes(), b"=", id].concat();
    let Exchange::Unread(question) = Exchange::open(policy, [&*header]) else {
        panic!("an id leads to a question");
    };
    let key = *question.key();
    match key.plain() {
        Some(plain) => assert_eq!(plain.as_bytes(), id),
        None => assert_eq!(
            key.as_bytes(),
            &URL_SAFE_NO_PAD.decode(id).unwrap_or_default()[..16]
        ),
    }
    (key, *question.secret())
}

/// Returns the questions to a store that has nothing.
pub(crate) fn questions(mut exchange: Exchange) -> Vec<(Key, Digest)> {
    let mut asked = Vec::new();
    while let Exchange::Unread(question) = exchange {
        asked.push((*question.key(), *question.secret()));
        exchange = question.answer(None, NOW);
    }
    asked
}

fn deletes(mut step: Step) -> Vec<(Key, Digest)> {
    let mut ended = Vec::new();
    loop {
        step = match step {
            Step::Write(write) => {
                let Command::Delete {
                    key,
                    only: Only::Opened(digest),
                } = write.command()
                else {
                    panic!("a logout only ends");
                };
                ended.push((*key, *digest));
                write
                    .answer(Ok(Outcome::Applied), NOW)
                    .expect("nothing is drawn")
            }
            Step::Done(_) => return ended,
            _ => panic!("a logout asks nothing"),
        };
    }
}

const NOW: Moment = Moment::UNIX_EPOCH;

/// The limits that the core promises.
const MAX_LOADS: usize = 4;
const MAX_IDS: usize = 64;
