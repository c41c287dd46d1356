//! That a store gives back every secret's digest and salt, and whether a session is closed.

use session_core::{Expiry, Outcome, Record, Remembered, Revision, Salt, Secrets};
use time::Duration;

use crate::store_fixture::{AWKWARD, Rig, digest, digest_of, moment_at, record_of};
use crate::store_records::{comes_back, same};

pub(crate) async fn secrets_come_back_whole(rig: &Rig) {
    let bytes = [[0; 16], [u8::MAX; 16], *AWKWARD, *b"abcdefghijklmno "];
    let salts = bytes.iter().map(|bytes| Salt::from_bytes(bytes));
    let mut key = 0;
    for (bytes, salt) in bytes.iter().zip(salts.clone()) {
        let remembered = |salt| Remembered {
            digest: digest(bytes),
            earlier: None,
            until: moment_at(7) + Duration::microseconds(3),
            salt,
        };
        for remembered in [None, Some(remembered(None)), Some(remembered(salt))] {
            for closed in [false, true] {
                key += 1;
                let record = Record {
                    secrets: Secrets {
                        present: digest(bytes),
                        issued: moment_at(5) + Duration::microseconds(1),
                        remembered: remembered.clone(),
                    },
                    closed,
                    ..record_of(1)
                };
                comes_back(rig, key, &record).await;
            }
        }
    }
}

pub(crate) async fn a_touch_leaves_the_secrets(rig: &Rig) {
    let record = Record {
        secrets: Secrets {
            present: digest_of(1),
            issued: moment_at(5),
            remembered: Some(Remembered {
                digest: digest_of(2),
                earlier: None,
                until: moment_at(6),
                salt: Salt::from_bytes(AWKWARD),
            }),
        },
        closed: true,
        ..record_of(1)
    };
    rig.insert(1, &record, 0).await;
    assert_eq!(rig.touch(1, 1, (50, 150), 50).await, Outcome::Applied);
    let touched = Record {
        seen: moment_at(50),
        expires: moment_at(150),
        ..record
    };
    same(rig.load(1, 50).await, &touched);
}

pub(crate) async fn a_replace_can_empty_every_optional_field(rig: &Rig) {
    let mut full = Record {
        closed: true,
        owner: Some("ada".into()),
        authenticated: Some(moment_at(0)),
        expiry: Expiry::BrowserClose,
        ..record_of(1)
    };
    full.secrets.remembered = Some(Remembered {
        digest: digest_of(1),
        earlier: None,
        until: moment_at(10),
        salt: Salt::from_bytes(AWKWARD),
    });
    let mut unsalted = Record {
        revision: Revision::from_i64(2),
        ..full.clone()
    };
    unsalted.secrets.remembered = Some(Remembered {
        digest: digest_of(1),
        earlier: None,
        until: moment_at(10),
        salt: None,
    });
    rig.insert(1, &full, 0).await;
    for (state, record) in [(1, &unsalted), (2, &record_of(3))] {
        assert_eq!(rig.replace(1, state, record, 0).await, Outcome::Applied);
        same(rig.load(1, 0).await, record);
    }
    assert_eq!(rig.devices("ada", 0).await, []);
}
