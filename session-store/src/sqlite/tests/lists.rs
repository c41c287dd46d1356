//! An owner's list, in pages that read nothing else.

use super::*;

async fn owned(store: &SqliteStore, number: u32) {
    let record = changed!(
        record_of(number),
        owner = Some("ada".into()),
        created = moment_at(number.into())
    );
    insert(store, number, &record).await.unwrap();
}

fn handles(numbers: &[u64]) -> Vec<PublicId> {
    numbers.iter().map(|one| key_of(*one).public_id()).collect()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_takes_no_place_in_a_list() {
    let folder = Folder::new();
    let store = folder.open().await;
    for number in 1..=9 {
        owned(&store, number).await;
    }
    let mut other = folder.other_program().await;
    let broken = "UPDATE session SET label = CAST(x'ff' AS TEXT) WHERE revision IN (2, 6, 7, 9)";
    run(&mut other, broken).await;
    let handle = |number: u64| Some(key_of(number).public_id());
    for (from, limit, listed) in [
        (None, 2, &[8, 5][..]),
        (None, 9, &[8, 5, 4, 3, 1]),
        (handle(8), 3, &[8, 5, 4]),
        (handle(7), 1, &[5]),
    ] {
        let page = store.devices("ada", from.as_ref(), moment_at(0), limit);
        let page = page.await.unwrap();
        let page: Vec<_> = page.iter().map(|device| device.public_id).collect();
        assert_eq!(page, handles(listed), "{from:?}, {limit}");
    }
}

#[tokio::test]
async fn many_sessions_of_one_owner_are_listed_by_page_and_ended() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut other = folder.other_program().await;
    run(
        &mut other,
        "INSERT INTO session (key, revision, present, issued, closed, created, seen, expires, \
         owner, expiry, data) WITH RECURSIVE numbers (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) \
         SELECT randomblob(16), n, x'00', 0, 0, n, 0, 9000000000000000, 'many', 'policy', \
         hex(randomblob(500)) FROM numbers",
    )
    .await;
    let Statements { common, .. } = &store.0.store().statements;
    for (text, range) in [
        (&common.devices, "(owner=?)"),
        (&common.devices_from, "(owner=? AND created<?)"),
    ] {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let plan = sqlx::query(explain).fetch_all(&mut other).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(3)).collect();
        let index = format!("USING INDEX session_devices {range}");
        assert!(plan[0].contains(&index), "{plan:?}");
        // No sorting.
        assert_eq!(plan.len(), 1, "{plan:?}");
    }
    let now = moment_at(0);
    let middle = store.devices("many", None, now, 10_001).await.unwrap();
    let middle = &middle.last().unwrap().public_id;
    for from in [None, Some(middle)] {
        let begun = Instant::now();
        let page = store.devices("many", from, now, 50).await.unwrap();
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
}
