//! Rows that can't be read: each is absent, and no other is.

use session_core::{Command, Only, Outcome, Revoke, Store as _, Whose};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

use super::{SERVER, is_missing};
use crate::{NOT_UTF8, SqlStore};

/// Assignments after which a row makes no sense.
fn senseless() -> Vec<String> {
    let bad = [
        "issued = 9223372036854775807",
        "created = 9223372036854775807",
        "seen = -9223372036854775808",
        "expires = 9223372036854775807",
        "authenticated = 9223372036854775807",
        "authenticated = -9223372036854775808",
        "remembered = present",
        "remembered = present, remembered_until = 9223372036854775807",
        "expiry = 'soon'",
        "expiry = ''",
        "expiry = 'until 10000-01-01'",
    ];
    let texts = ["label", "address", "tag"];
    let texts = texts.map(|column| format!("{column} = {NOT_UTF8}"));
    bad.map(str::to_owned).into_iter().chain(texts).collect()
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_absent_and_no_other_is() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let now = moment_at(0);
    for broken in senseless() {
        let (bad, good) = (&key_of(1), &key_of(2));
        for (number, key) in [(1, bad), (2, good)] {
            let record = &changed!(record_of(number), owner = Some("ada".into()));
            let insert = Command::Insert { key, record };
            let inserted = store.write(insert, now).await.unwrap();
            assert_eq!(inserted, Outcome::Applied, "{broken}");
        }
        let spoil = format!("UPDATE session SET {broken} WHERE revision = 1");
        SERVER.run(&database, &spoil).unwrap();
        let secret = &digest_of(0);
        let found = store.load(bad, secret, now).await.unwrap();
        assert_eq!(found, None, "{broken}");
        assert!(store.load(good, secret, now).await.unwrap().is_some());
        // What a list needs of it may make sense.
        let devices = store.devices("ada", None, now, 10).await.unwrap();
        assert!((1..=2).contains(&devices.len()), "{broken}");
        let is_good = |device: &session_core::Device| device.public_id == good.public_id();
        assert!(devices.iter().any(is_good), "{broken}");
        // An owner may sign in again, and end them all.
        let (key, record) = (
            &key_of(3),
            &changed!(record_of(3), owner = Some("ada".into())),
        );
        let insert = Command::Insert { key, record };
        assert_eq!(store.write(insert, now).await.unwrap(), Outcome::Applied);
        let ended = store
            .revoke(Whose::Owner("ada", Revoke::All), now)
            .await
            .unwrap();
        assert!((2..=3).contains(&ended), "{broken}");
        let rows = SERVER.run(&database, "SELECT count(*) FROM session");
        assert_eq!(rows.unwrap().trim(), "0", "{broken}");
        // A logout.
        let record = &record_of(1);
        let insert = Command::Insert { key: bad, record };
        store.write(insert, now).await.unwrap();
        SERVER.run(&database, &spoil).unwrap();
        for only in [Only::Opened(&record.secrets.present), Only::Always] {
            let delete = Command::Delete { key: bad, only };
            assert_eq!(store.write(delete, now).await.unwrap(), Outcome::Applied);
        }
        let rows = SERVER.run(&database, "SELECT count(*) FROM session");
        assert_eq!(rows.unwrap().trim(), "0", "{broken}");
    }
}

#[tokio::test]
async fn an_owner_that_is_no_text_hides_only_its_own_row() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let (now, secret) = (moment_at(0), &digest_of(0));
    for number in 1..=2 {
        let record = &changed!(record_of(number), owner = Some("ada".into()));
        let key = &key_of(number.into());
        let insert = Command::Insert { key, record };
        store.write(insert, now).await.unwrap();
    }
    let spoil = format!("UPDATE session SET owner = {NOT_UTF8} WHERE revision = 1");
    SERVER.run(&database, &spoil).unwrap();
    assert_eq!(store.load(&key_of(1), secret, now).await.unwrap(), None);
    let devices = store.devices("ada", None, now, 10).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now)
            .await
            .unwrap(),
        1
    );
    // Data that are no text are those of an empty session.
    let record = &record_of(3);
    let insert = Command::Insert {
        key: &key_of(3),
        record,
    };
    store.write(insert, now).await.unwrap();
    let spoil = format!("UPDATE session SET data = {NOT_UTF8} WHERE revision = 3");
    SERVER.run(&database, &spoil).unwrap();
    let found = store.load(&key_of(3), secret, now).await.unwrap();
    assert_eq!(&*found.unwrap().data, "");
    // A sweep removes what can't be read.
    assert_eq!(store.sweep(moment_at(1_000_000), 10).await.unwrap(), 2);
}
