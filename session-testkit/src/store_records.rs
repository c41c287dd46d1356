//! A store returns records exactly as they were written.

use std::time::Duration;

use session_core::Outcome::Applied;
use session_core::{Command, Digest, Expiry, Moment, Record, Remembered, Revision, Salt, Secrets};

use crate::changed;
use crate::store_fixture::{Rig, key_of, moment_at, owned_by, record_of};

/// Bytes that are not UTF-8, end strings, or have a meaning in queries.
const AWKWARD: &[u8; 16] = b"\x00\x01\x7f\x80\xff'\"\\;-%_\n\r\t\x1a";

/// Returns a record with every field set, closed if the store closes, which ends at second 4,000.
pub(crate) fn full(rig: &Rig, number: u32) -> Record {
    let remembered = changed!(
        Remembered::new(digest(b"0123456789abcdef"), moment_at(-600)),
        earlier = Some(digest(b"abcdefghijklmno ")),
        salt = Salt::from_bytes(AWKWARD)
    );
    changed!(
        record_of(number),
        secrets = changed!(
            Secrets::new(digest(AWKWARD), moment_at(-900)),
            remembered = Some(remembered)
        ),
        closed = rig.keys_stay(),
        created = moment_at(-3_000),
        seen = moment_at(-2_000),
        expires = moment_at(4_000),
        authenticated = Some(moment_at(-1_000)),
        owner = Some("user-4711".into()),
        expiry = Expiry::After(Duration::from_secs(30 * 24 * 60 * 60)),
        label = Some("Firefox on Linux".into()),
        address = Some("2001:db8::/48".into()),
        tag = Some("sid-08a5019c-17e1-4977-8f42-65a12843ea02".into()),
        credential = Some(digest(b"credential\x00\xff\xfe'\"\\")),
        data = r#"{"cart":[1,2,3],"name":"Ada"}"#.into()
    )
}

fn digest(bytes: &[u8; 16]) -> Digest {
    Digest::from_bytes(bytes).expect("16 bytes are a digest")
}

/// Inserts and loads each record; then replaces another record by it and loads it again.
async fn come_back(rig: &Rig, records: impl IntoIterator<Item = Record>) {
    for (key, record) in (1..).zip(records) {
        assert_eq!(rig.insert(key, &record, 0).await, Applied);
        same(rig.load(key, 0).await, &record);
        let other = changed!(
            record_of(1),
            revision = Revision::from_i64(i64::MAX - record.revision.to_i64())
        );
        for (from, to) in [(&record, &other), (&other, &record)] {
            let replace = Command::Replace {
                key: &key_of(key),
                expected: from.revision,
                record: to,
            };
            assert_eq!(rig.write(replace, 0).await, Applied);
            same(rig.load(key, 0).await, to);
        }
    }
}

pub(crate) fn same(found: Option<Record>, given: &Record) {
    let found = found.expect("the record is there");
    // One by one, because a record's `Debug` hides these.
    assert_eq!(found.owner, given.owner);
    let (len, given_len) = (found.data.len(), given.data.len());
    assert!(found.data == given.data, "of {given_len} bytes {len}");
    assert_eq!(&found, given);
}

pub(crate) async fn every_field_comes_back(rig: &Rig) {
    come_back(rig, [full(rig, 1)]).await;
}

pub(crate) async fn a_replace_can_empty_every_optional_field(rig: &Rig) {
    rig.add(&full(rig, 1)).await;
    let mut last = full(rig, 2);
    last.secrets.remembered = last
        .secrets
        .remembered
        .map(|remembered| changed!(remembered, earlier = None, salt = None));
    for (state, record) in [(1, last), (2, record_of(3))] {
        assert_eq!(rig.replace(1, state, &record, 0).await, Applied);
        same(rig.load(1, 0).await, &record);
    }
}

pub(crate) async fn secrets_come_back_whole(rig: &Rig) {
    let mut records = Vec::new();
    for bytes in [[0; 16], [u8::MAX; 16], *AWKWARD, *b"abcdefghijklmno "] {
        for (earlier, salt) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut record = record_of(1);
            let until = moment_at(7) + Duration::from_micros(3);
            record.secrets.present = digest(&bytes);
            record.secrets.issued = moment_at(5) + Duration::from_micros(1);
            record.secrets.remembered = Some(changed!(
                Remembered::new(digest(&bytes), until),
                earlier = earlier.then_some(digest(&bytes)),
                salt = Salt::from_bytes(&bytes).filter(|_| salt)
            ));
            record.closed = earlier && rig.keys_stay();
            records.push(record);
        }
    }
    come_back(rig, records).await;
}

pub(crate) async fn moments_are_exact_to_the_microsecond(rig: &Rig) {
    let shifts = [1, 999_999, 123_456, 500_000].map(Duration::from_micros);
    let shifted = shifts.map(|shift| {
        changed!(
            record_of(1),
            created = moment_at(0) + shift,
            seen = moment_at(1) + shift,
            expires = moment_at(100) + shift,
            authenticated = Some(moment_at(2) + shift),
            expiry = Expiry::At((moment_at(3) + shift).into())
        )
    });
    come_back(rig, shifted).await;
}

pub(crate) async fn moments_far_away_come_back(rig: &Rig) {
    // Before 1970, after 2038 and 2106 (32 bits), and the last microsecond of the year 9999.
    let last = Moment::UNIX_EPOCH + Duration::from_micros(253_402_300_799_999_999);
    let moments = [
        time::Duration::microseconds(-1),
        time::Duration::seconds(-2_208_988_800),
        time::Duration::ZERO,
        time::Duration::seconds(2_147_483_648),
        time::Duration::seconds(4_294_967_296),
        last - Moment::UNIX_EPOCH,
    ];
    let moments = moments.map(|since| Moment::UNIX_EPOCH + since);
    let records = moments.map(|moment| {
        changed!(
            record_of(1),
            created = moment,
            seen = moment,
            expires = last,
            authenticated = Some(moment),
            expiry = Expiry::At(moment.into())
        )
    });
    come_back(rig, records).await;
}

pub(crate) async fn every_expiry_comes_back(rig: &Rig) {
    let expiries = [
        Expiry::Policy,
        Expiry::BrowserClose,
        Expiry::After(Duration::from_micros(1)),
        Expiry::After(Duration::from_secs(400 * 24 * 60 * 60)),
        Expiry::After(Duration::from_micros(i64::MAX.cast_unsigned())),
        Expiry::At(moment_at(90).into()),
    ];
    let records = expiries.map(|expiry| changed!(record_of(1), expiry = expiry));
    come_back(rig, records).await;
}

fn with_data(text: impl Into<session_core::Values>) -> Record {
    changed!(record_of(1), data = text.into())
}

pub(crate) async fn data_comes_back_byte_for_byte(rig: &Rig) {
    let texts = [
        "{}",
        r#"{ "spaces" :  [ 1 , 2 ] }"#,
        r#"{"unicode":"naïve 漢字 🦀 e\u0301 \ud83e\udd80"}"#,
        r#"{"nul":"\u0000","quotes":"'\"`","backslash":"\\"}"#,
        r#"{"sql":"'; DROP TABLE session; -- %s ? $1 :a"}"#,
        "{\"lines\":\n\t1,\r\n\"b\":1.0e+10}",
        r#"{"big":123456789012345678901234567890,"twice":1,"twice":2}"#,
    ];
    come_back(rig, texts.map(with_data)).await;
}

pub(crate) async fn data_that_is_no_json_comes_back(rig: &Rig) {
    let texts = ["", "null", "[1]", "{", "nonsense", " {} "];
    come_back(rig, texts.map(with_data)).await;
}

pub(crate) async fn large_data_comes_back(rig: &Rig) {
    // Around the limits of 4 KiB (a page) and 64 KiB (MySQL's TEXT), and beyond 100 KiB.
    let sizes = [4_096, 65_535, 65_536, 102_400, 1_048_576];
    let large = |size| with_data(format!(r#"{{"large":"{}"}}"#, "x".repeat(size)));
    come_back(rig, sizes.map(large)).await;
}

pub(crate) async fn owners_come_back_byte_for_byte(rig: &Rig) {
    let long = "o".repeat(255);
    let wide = "漢".repeat(85);
    let owners = [
        "1",
        "007",
        "1e3",
        "",
        " ",
        "Ada",
        "ada ",
        "ada@example.org",
        "O'Neil \"x\" \\",
        "ÄÖÜ",
        "a\u{301}",
        "🦀",
        "a:b{c}*?[d]",
        "null",
        &long,
        &wide,
    ];
    let records = owners.map(|owner| owned_by(owner, 1));
    come_back(rig, records.clone()).await;
    for ((key, owner), record) in (1..).zip(owners).zip(records) {
        let devices = rig.devices(owner, 0).await;
        assert_eq!(devices, [record.device(&key_of(key))], "{owner:?}");
    }
}

pub(crate) async fn a_device_s_texts_come_back_byte_for_byte(rig: &Rig) {
    let long = "l".repeat(255);
    let texts = [
        "",
        " ",
        "-",
        "@",
        "NULL",
        "O'Neil \"x\" \\",
        "a\nb\tc",
        "🦀 漢字",
        &long,
    ];
    let records = texts.map(|text| {
        let text = || Some(text.into());
        let record = owned_by("ada", 1);
        changed!(record, label = text(), address = text(), tag = text())
    });
    come_back(rig, records.clone()).await;
    for (key, record) in (1..).zip(records) {
        let handle = &key_of(key).public_id();
        let page = rig.page("ada", Some(handle), 0, 1).await;
        assert_eq!(page, [record.device(&key_of(key))]);
    }
}

pub(crate) async fn revisions_of_every_size_come_back(rig: &Rig) {
    let revisions = [0, 1, 1 << 53, i64::MAX].map(Revision::from_i64);
    let records = revisions.map(|revision| changed!(record_of(1), revision = revision));
    come_back(rig, records).await;
}
