use super::*;
use crate::driver::nowhere::Nowhere;
use crate::{Only, Revision};

/// A value is a revision, and what it is of does not matter here.
#[derive(Debug)]
struct Numbers;

impl Envelope for Numbers {
    fn open(&self, value: &[u8], now: Moment) -> Option<Enclosed> {
        let number = std::str::from_utf8(value).ok()?.parse().ok()?;
        let present = Digest::from_bytes(&[0; 16])?;
        let end = now.saturating_add(time::Duration::HOUR);
        Some(Record::new(Revision::from_i64(number), present, now, end).into())
    }

    fn seal(&self, _: Option<&[u8]>, session: &Enclosed, _: Moment) -> Result<String, StoreError> {
        Ok(session.record.revision.to_i64().to_string())
    }
}

const NOW: Moment = Moment::UNIX_EPOCH;

fn placed(cookies: &str) -> (Placed, Vec<Key>) {
    let policy = Policy::development();
    let cookies = [cookies.as_bytes()];
    let (placed, presented) = Placed::scan(Arc::new(Numbers), &policy, cookies);
    let keys = presented.iter().map(Id::key).collect();
    (placed, keys)
}

fn write(placed: &Placed, command: Command<'_>) -> Outcome {
    pollster::block_on(placed.write(command, NOW)).unwrap()
}

fn revision(placed: &Placed, key: &Key) -> Option<i64> {
    let secret = Digest::from_bytes(&[1; 16]).unwrap();
    let found = pollster::block_on(placed.load(key, &secret, NOW)).unwrap();
    assert!(found.as_ref().is_none_or(|it| it.secrets.present == secret));
    found.map(|record| record.revision.to_i64())
}

#[test]
fn a_request_sees_what_it_has_written_and_nothing_of_before() {
    let (placed, keys) = placed("session=1; session=forged; session=7");
    let [one, forged, seven] = &keys[..] else {
        panic!("{} values", keys.len());
    };
    assert_eq!(
        (revision(&placed, one), revision(&placed, forged)),
        (Some(1), None)
    );
    let record = &Numbers.open(b"2", NOW).unwrap().record;
    let [right, wrong] = [1, 5].map(Revision::from_i64);
    let to = &Key::parse_plain("another1").unwrap();
    let replace = |key, expected| Command::Replace {
        key,
        expected,
        record,
    };
    assert_eq!(write(&placed, replace(one, wrong)), Outcome::Refused);
    assert_eq!(write(&placed, replace(forged, right)), Outcome::Refused);
    let moved = Command::Move {
        key: one,
        to,
        expected: right,
        record,
    };
    assert_eq!(write(&placed, moved), Outcome::Applied);
    assert_eq!(
        (revision(&placed, one), revision(&placed, to)),
        (None, Some(2))
    );
    let touch = |expected| Command::Touch {
        key: to,
        expected: Revision::from_i64(expected),
        seen: NOW,
        expires: record.expires,
    };
    assert_eq!(write(&placed, touch(1)), Outcome::Refused);
    assert_eq!(write(&placed, touch(2)), Outcome::Applied);
    let delete = |key| Command::Delete {
        key,
        only: Only::Always,
    };
    assert_eq!(write(&placed, delete(one)), Outcome::Applied);
    assert_eq!(revision(&placed, to), Some(2));
    assert_eq!(write(&placed, delete(to)), Outcome::Applied);
    assert_eq!(
        (revision(&placed, to), revision(&placed, seven)),
        (None, None)
    );
}

#[test]
fn a_commit_that_failed_brings_what_was_written_before() {
    let policy = Policy::development();
    let (placed, _) = placed("");
    let record = &Numbers.open(b"3", policy.now()).unwrap().record;
    let key = &Key::parse_plain("another1").unwrap();
    write(&placed, Command::Insert { key, record });
    let failed = CommitError::new(SessionError::Gone, Reply::default());
    let failed = placed.reply(&policy, Err(failed)).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Gone));
    let cookie = failed.reply().set_cookie().unwrap();
    assert!(cookie.starts_with("session=3; Max-Age="), "{cookie}");
}

#[test]
fn neither_store_lists_or_ends_what_browsers_have() {
    let (placed, _) = placed("session=1");
    assert!(format!("{placed:?}").starts_with("Placed"));
    let key = &Key::parse_plain("another1").unwrap();
    let only = Only::Always;
    let delete = Command::Delete { key, only };
    let nothing = pollster::block_on(Nowhere.write(delete, NOW)).unwrap();
    assert_eq!(nothing, Outcome::Refused);
    let secret = &Digest::from_bytes(&[0; 16]).unwrap();
    assert_eq!(
        pollster::block_on(Nowhere.load(key, secret, NOW)).unwrap(),
        None
    );
    let stores: [&dyn Store; 2] = [&placed, &Nowhere];
    for store in stores {
        assert_eq!(store.id_form(), IdForm::Plain);
        pollster::block_on(store.check()).unwrap();
        assert_eq!(pollster::block_on(store.sweep(NOW, 9)).unwrap(), 0);
        let listed = pollster::block_on(store.devices("ada", None, NOW, 9));
        assert!(listed.unwrap_err().to_string().contains("cookies"));
        assert!(pollster::block_on(store.revoke(Whose::Everybody, NOW)).is_err());
    }
}
