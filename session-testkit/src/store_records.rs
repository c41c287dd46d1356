//! That a store gives back exactly what it was given.

use session_core::{Command, Expiry, Outcome, Record, Remembered, Revision, Salt, Secrets};
use time::{Duration, OffsetDateTime};

use crate::store_fixture::{AWKWARD, Rig, digest, key_of, moment_at, record_of};

/// Inserts the record and loads it; then puts it in the place of another and loads it again.
pub(crate) async fn comes_back(rig: &Rig, key: u64, record: &Record) {
    assert_eq!(rig.insert(key, record, 0).await, Outcome::Applied);
    same(rig.load(key, 0).await, record);
    let other = Record {
        revision: Revision::from_i64(i64::MAX - record.revision.to_i64()),
        ..record_of(1)
    };
    for (from, to) in [(record, &other), (&other, record)] {
        let replace = Command::Replace {
            key: &key_of(key),
            expected: from.revision,
            record: to,
        };
        assert_eq!(rig.write(replace, 0).await, Outcome::Applied);
        same(rig.load(key, 0).await, to);
    }
}

pub(crate) fn same(found: Option<Record>, given: &Record) {
    let found = found.expect("the record is there");
    // Field by field, since `Debug` of a record hides what differs.
    assert_eq!(found.revision, given.revision);
    assert_eq!(found.secrets, given.secrets);
    assert_eq!(found.closed, given.closed);
    assert_eq!(found.created, given.created);
    assert_eq!(found.seen, given.seen);
    assert_eq!(found.expires, given.expires);
    assert_eq!(found.authenticated, given.authenticated);
    assert_eq!(found.owner, given.owner);
    assert_eq!(found.expiry, given.expiry);
    assert!(
        found.data == given.data,
        "the data differs: {} bytes",
        found.data.len()
    );
}

pub(crate) async fn every_field_comes_back(rig: &Rig) {
    let record = Record {
        revision: Revision::from_i64(0x1234_5678_9abc_def0),
        secrets: Secrets {
            present: digest(AWKWARD),
            issued: moment_at(-900),
            remembered: Some(Remembered {
                digest: digest(b"0123456789abcdef"),
                earlier: None,
                until: moment_at(-600),
                salt: Salt::from_bytes(&[0xaa; 16]),
            }),
        },
        closed: true,
        created: moment_at(-3_000),
        seen: moment_at(-2_000),
        expires: moment_at(4_000),
        authenticated: Some(moment_at(-1_000)),
        owner: Some("user-4711".into()),
        expiry: Expiry::After(Duration::days(30)),
        data: r#"{"cart":[1,2,3],"name":"Ada"}"#.into(),
    };
    comes_back(rig, 1, &record).await;
}

pub(crate) async fn moments_are_exact_to_the_microsecond(rig: &Rig) {
    for (key, micros) in [(1, 1), (2, 999_999), (3, 123_456), (4, 500_000)] {
        let shift = Duration::microseconds(micros);
        let record = Record {
            created: moment_at(0) + shift,
            seen: moment_at(1) + shift,
            expires: moment_at(100) + shift,
            authenticated: Some(moment_at(2) + shift),
            expiry: Expiry::At(moment_at(3) + shift),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
}

pub(crate) async fn moments_far_away_come_back(rig: &Rig) {
    // Before 1970, after 2038 and 2106 (32 bits), and the last microsecond there is.
    let last = Duration::microseconds(253_402_300_799_999_999);
    let moments = [
        Duration::microseconds(-1),
        Duration::seconds(-2_208_988_800),
        Duration::ZERO,
        Duration::seconds(2_147_483_648),
        Duration::seconds(4_294_967_296),
        last,
    ];
    for (key, since) in (1..).zip(moments) {
        let moment = OffsetDateTime::UNIX_EPOCH + since;
        let record = Record {
            created: moment,
            seen: moment,
            expires: OffsetDateTime::UNIX_EPOCH + last,
            authenticated: Some(moment),
            expiry: Expiry::At(moment),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
}

pub(crate) async fn every_expiry_comes_back(rig: &Rig) {
    let expiries = [
        Expiry::Policy,
        Expiry::BrowserClose,
        Expiry::After(Duration::MICROSECOND),
        Expiry::After(Duration::days(400)),
        Expiry::After(Duration::microseconds(i64::MAX)),
        Expiry::At(moment_at(90)),
    ];
    for (key, expiry) in (1..).zip(expiries) {
        let record = Record {
            expiry,
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
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
    for (key, text) in (1..).zip(texts) {
        let record = Record {
            data: text.into(),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
}

pub(crate) async fn large_data_comes_back(rig: &Rig) {
    // Past the cliffs at 4 KiB (a page), 64 KiB (MySQL's TEXT) and 100 KiB.
    for (key, size) in (1..).zip([4_096, 65_535, 65_536, 102_400, 1_048_576]) {
        let filler = "x".repeat(size);
        let record = Record {
            data: format!(r#"{{"large":"{filler}"}}"#).into(),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
}

pub(crate) async fn what_is_no_json_comes_back(rig: &Rig) {
    for (key, text) in (1..).zip(["", "null", "[1]", "{", "nonsense", " {} "]) {
        let record = Record {
            data: text.into(),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
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
    for (key, owner) in (1..).zip(owners) {
        let record = Record {
            owner: Some(owner.into()),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
        assert_eq!(
            rig.devices(owner, 0).await,
            [record.device(&key_of(key))],
            "{owner:?}"
        );
    }
}

pub(crate) async fn revisions_of_every_size_come_back(rig: &Rig) {
    for (key, revision) in (1..).zip([0, 1, 1 << 53, i64::MAX]) {
        let record = Record {
            revision: Revision::from_i64(revision),
            ..record_of(1)
        };
        comes_back(rig, key, &record).await;
    }
}
