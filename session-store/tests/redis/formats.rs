//! Records of every format that was released, and of a later version, are read.

use session_core::{
    Command, Digest, Expiry, Moment, Outcome, Record, Remembered, Revision, Salt, Secrets, Store,
    from_micros,
};
use session_servers::{Redis, skips};
use session_store::RedisStore;
use session_testkit::{changed, key_of};

use crate::counter::{draw, now};

/// Records as hexadecimal digits: a name, a space, the digits.
///
/// A new format adds lines; none is ever changed.
const KEPT: &str = include_str!("formats.txt");

fn moment(seconds: i64) -> Moment {
    from_micros(4_000_000_000_000_007 + seconds * 1_000_000).unwrap()
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes(&[byte; 16]).unwrap()
}

/// Returns the record that has only what each has.
fn least() -> Record {
    let revision = Revision::from_i64(1);
    let record = Record::new(revision, digest(b'1'), moment(0), moment(1_000));
    changed!(record, data = r#"{"n":1}"#.into())
}

/// Returns a record with every field.
fn full() -> Record {
    let remembered = changed!(
        Remembered::new(digest(2), moment(3)),
        earlier = Some(digest(3)),
        salt = Salt::from_bytes(&[4; 16])
    );
    let record = Record::new(
        Revision::from_i64(i64::MAX),
        digest(0xff),
        moment(1),
        moment(2_000),
    );
    changed!(
        record,
        seen = moment(4),
        secrets = changed!(
            Secrets::new(digest(0xff), moment(2)),
            remembered = Some(remembered)
        ),
        authenticated = Some(moment(5)),
        owner = Some("ada\n ä".into()),
        expiry = Expiry::At(moment(3_000).into()),
        label = Some("Firefox on Linux".into()),
        address = Some("2001:db8::/48".into()),
        tag = Some("".into()),
        credential = Some(digest(b'c')),
        data = "{\"name\":\"Ä\\n\"}".into()
    )
}

fn kept(name: &str) -> &'static str {
    let mut lines = KEPT.lines();
    let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap()
}

/// Stores bytes under the key of a session.
fn put(redis: &Redis, key: &str, digits: &str) {
    let set = "local bytes = ARGV[1]:gsub('..', function(d) return string.char(tonumber(d, 16)) end) \
               return redis.call('SET', KEYS[1], bytes)";
    redis.cli(&["EVAL", set, "1", key, digits]).unwrap();
}

fn get(redis: &Redis, key: &str) -> String {
    let get = "local bytes = redis.call('GET', KEYS[1]) \
               return (bytes:gsub('.', function(b) return string.format('%02x', b:byte()) end))";
    let digits = redis.cli(&["EVAL", get, "1", key]).unwrap();
    digits.trim().to_owned()
}

#[tokio::test]
async fn records_of_every_format_are_read_and_written() {
    let name = "records_of_every_format_are_read_and_written";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let key = &key_of(1);
    let name = &format!("session:{{{}}}", key.public_id());
    for (format, record) in [("1-least", least()), ("1-full", full())] {
        put(&redis, name, kept(format));
        let found = store.load(key, &digest(0), now()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&record), "{format}");
        // The present version writes the newest format, which is this one.
        redis.cli(&["DEL", name]).unwrap();
        let insert = Command::Insert {
            key,
            record: &record,
        };
        let inserted = store.write(insert, moment(0)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
        let mut digits = get(&redis, name);
        // The end of the listing is not a field of the record.
        digits.replace_range(2 * 39..2 * 58, &kept(format)[2 * 39..2 * 58]);
        assert_eq!(digits, kept(format), "{format}");
    }
}

#[tokio::test]
async fn fields_of_a_later_version_survive_what_this_one_writes() {
    let name = "fields_of_a_later_version_survive_what_this_one_writes";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let key = &key_of(1);
    let name = &format!("session:{{{}}}", key.public_id());
    put(&redis, name, kept("1-later"));
    let load = async || store.load(key, &digest(0), now()).await.unwrap().unwrap();
    assert_eq!(load().await, full());
    let mut expected = full();
    for data in ["{}", r#"{"more":"than before, or less"}"#, "{}"] {
        let old = expected.revision;
        expected = changed!(
            expected,
            revision = draw(),
            label = Some(data.into()),
            data = data.into()
        );
        let replace = Command::Replace {
            key,
            expected: old,
            record: &expected,
        };
        let replaced = store.write(replace, now()).await.unwrap();
        assert_eq!(replaced, Outcome::Applied);
        assert_eq!(load().await, expected);
        assert!(get(&redis, name).contains(&hex("later: 7:unknown")));
    }
    let touch = Command::Touch {
        key,
        expected: expected.revision,
        seen: moment(10),
        expires: moment(2_001),
    };
    assert_eq!(store.write(touch, now()).await.unwrap(), Outcome::Applied);
    let touched = changed!(expected, seen = moment(10), expires = moment(2_001));
    assert_eq!(load().await, touched);
    assert!(get(&redis, name).contains(&hex("later: 7:unknown")));
    let owner = touched.owner.unwrap();
    let devices = store.devices(&owner, None, now(), 10).await.unwrap();
    assert_eq!(devices[0].label, touched.label);
    assert_eq!(devices[0].address, touched.address);
}

fn hex(text: &str) -> String {
    let digits = text.bytes().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
