//! Tests of every dialect, which the tests of each store call with a server.

use std::time::{Duration, Instant};

use session_core::{
    Command, Key, Only, Outcome, Record, Remembered, Revision, Revoke, Store as _, StoreError,
    Whose, to_micros,
};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};
use sqlx::Connection as _;

use super::{Dialect, SqlStore};

fn owned(number: u32, expires: i64) -> Record {
    changed!(
        record_of(number),
        owner = Some("ada".into()),
        expires = moment_at(expires)
    )
}

async fn insert<D: Dialect>(store: &SqlStore<D>, key: &Key, record: &Record) {
    let insert = Command::Insert { key, record };
    let outcome = store.write(insert, moment_at(-1)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

/// Breaks columns by SQL: the row is absent, except that invalid data is empty.
///
/// `hex` writes bytes as the server's SQL does.
pub(crate) async fn a_broken_row_is_absent<D: Dialect>(
    store: &SqlStore<D>,
    run: impl Fn(&str),
    hex: impl Fn(&str) -> String,
) {
    let mut record = owned(1, 100);
    record.secrets.remembered = Some(Remembered::new(digest_of(1), moment_at(10)));
    for (number, (column, value)) in (0..).zip([
        ("data", hex("ff")),
        ("expiry", "'never'".to_owned()),
        ("owner", hex("ff")),
        ("created", i64::MAX.to_string()),
        ("remembered_until", "NULL".to_owned()),
    ]) {
        let key = &key_of(number);
        insert(store, key, &record).await;
        assert_eq!(
            store
                .load(key, &digest_of(0), moment_at(0))
                .await
                .unwrap()
                .as_ref(),
            Some(&record)
        );
        run(&format!("UPDATE session SET {column} = {value}"));
        let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
        let data = found.map(|record| record.data);
        assert_eq!(
            data.as_deref(),
            (column == "data").then_some(""),
            "{column}"
        );
        run("DELETE FROM session");
    }
}

/// Lists sessions among which there are rows that can't be read.
pub(crate) async fn a_broken_row_takes_no_place_in_a_list<D: Dialect>(
    store: &SqlStore<D>,
    run: impl Fn(&str),
    hex: impl Fn(&str) -> String,
) {
    for number in 1..=9 {
        let mut record = owned(number, 100);
        record.created = moment_at(i64::from(number));
        insert(store, &key_of(number.into()), &record).await;
    }
    let bad = hex("ff");
    run(&format!(
        "UPDATE session SET label = {bad} WHERE revision IN (2, 6, 7, 9)"
    ));
    let handle = |number: u64| key_of(number).public_id();
    for (from, limit, listed) in [
        (None, 2, vec![8, 5]),
        (None, 5, vec![8, 5, 4, 3, 1]),
        (None, 9, vec![8, 5, 4, 3, 1]),
        (Some(handle(8)), 3, vec![8, 5, 4]),
        (Some(handle(4)), 3, vec![4, 3, 1]),
        (Some(handle(7)), 1, vec![5]),
    ] {
        let page = store.devices("ada", from.as_ref(), moment_at(0), limit);
        let page = page.await.unwrap();
        let page: Vec<_> = page.iter().map(|device| device.public_id).collect();
        let expected: Vec<_> = listed.into_iter().map(handle).collect();
        assert_eq!(page, expected, "{from:?}, {limit}");
    }
    // They can be ended.
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::All), moment_at(0))
        .await;
    assert_eq!(revoked.unwrap(), 9);
}

/// Lists and ends the 20,000 sessions of one owner, whose data take 20 MB.
pub(crate) async fn an_owner_with_many_sessions_is_listed_and_ended<D: Dialect>(
    store: &SqlStore<D>,
) {
    let now = moment_at(0);
    let first = store.devices("many", None, now, 50).await.unwrap();
    assert_eq!(first.len(), 50);
    let middle = store.devices("many", None, now, 10_001).await.unwrap();
    let middle = &middle.last().unwrap().public_id;
    for from in [None, Some(middle)] {
        let begun = Instant::now();
        let page = store.devices("many", from, now, 50).await.unwrap();
        // All rows and their data would take longer.
        assert!(begun.elapsed() < Duration::from_millis(500), "{from:?}");
        assert_eq!(page.len(), 50);
    }
    // This ends in the time of a call, or is an error.
    let revoked = store
        .revoke(Whose::Owner("many", Revoke::AllBut(middle)), now)
        .await;
    assert_eq!(revoked.unwrap(), 19_999);
    let left = store.devices("many", None, now, 50).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].public_id, *middle);
}

/// Ends a session while another connection's replacement is uncommitted.
///
/// `waiting` counts the connections that wait for a lock.
pub(crate) async fn an_end_waits_for_a_replace<D: Dialect>(
    store: &SqlStore<D>,
    waiting: impl Fn() -> usize,
) {
    let (key, digest, now) = (&key_of(1), &digest_of(0), moment_at(0));
    for round in 0..8 {
        insert(store, key, &owned(1, 100)).await;
        // A shorter or longer life moves the row in an index.
        let record = &owned(2, if round < 4 { 50 } else { 150 });
        let expected = Revision::from_i64(1);
        let replace = Command::Replace {
            key,
            expected,
            record,
        };
        let (text, values) = store
            .statements
            .of_command(replace, to_micros(now))
            .unwrap();
        let mut elsewhere = store.pool.server().connect().await.unwrap();
        let mut transaction = elsewhere.begin().await.unwrap();
        let matched = store.pool.server();
        let matched = matched.matched(&mut transaction, text, &values).await;
        assert_eq!(matched.unwrap(), 1);

        let delete = async |only| {
            let delete = Command::Delete { key, only };
            let outcome = store.write(delete, now).await?;
            assert_eq!(outcome, Outcome::Applied);
            Ok::<_, StoreError>(())
        };
        let ended = async {
            match round % 4 {
                0 => delete(Only::Always).await,
                1 => delete(Only::Opened(digest)).await,
                2 => {
                    let revoked = store.revoke(Whose::Owner("ada", Revoke::All), now).await?;
                    assert_eq!(revoked, 1);
                    Ok(())
                }
                _ => {
                    // A touch is refused, and leaves the replacement alone.
                    let touch = Command::Touch {
                        key,
                        expected,
                        seen: moment_at(1),
                        expires: moment_at(200),
                    };
                    let outcome = store.write(touch, now).await?;
                    assert_eq!(outcome, Outcome::Refused);
                    Ok(())
                }
            }
        };
        let committed = async {
            while waiting() == 0 {
                tokio::task::yield_now().await;
            }
            transaction.commit().await.unwrap();
        };
        let (ended, ()) = tokio::join!(ended, committed);
        ended.unwrap();
        let left = usize::from(round % 4 == 3);
        let devices = store.devices("ada", None, now, 1_000).await.unwrap();
        assert_eq!(devices.len(), left, "round {round}");
        let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
        assert_eq!(
            found.as_ref(),
            (left == 1).then_some(record),
            "round {round}"
        );
        delete(Only::Always).await.unwrap();
    }
}

/// Sweeps and writes while another connection's sweep is uncommitted.
pub(crate) async fn a_sweep_holds_up_no_other_call<D: Dialect>(store: &SqlStore<D>) {
    for number in 0..30 {
        let key = &key_of(u64::try_from(number).unwrap());
        insert(store, key, &owned(1, number)).await;
    }
    let dialect = store.pool.server();
    let mut elsewhere = dialect.connect().await.unwrap();
    let mut transaction = elsewhere.begin().await.unwrap();
    let now = moment_at(19);
    let swept = dialect.sweep(&mut transaction, i64::MIN, to_micros(now), 8);
    let last = to_micros(moment_at(7));
    assert_eq!(swept.await.unwrap(), (8, Some(last)));

    // A call that waited would time out.
    assert_eq!(store.sweep(now, 8).await.unwrap(), 8);
    assert_eq!(store.sweep(now, 8).await.unwrap(), 4);
    for number in 20..30 {
        let (key, record) = (&key_of(number), &owned(2, 100));
        let replace = Command::Replace {
            key,
            expected: Revision::from_i64(1),
            record,
        };
        let replaced = store.write(replace, now).await.unwrap();
        assert_eq!(replaced, Outcome::Applied);
        insert(store, &key_of(100 + number), record).await;
    }
    transaction.rollback().await.unwrap();
    assert_eq!(store.sweep(now, 100).await.unwrap(), 8);
}
