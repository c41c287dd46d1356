//! Expired sessions, which the store removes by itself.

use std::time::Duration;

use session_core::{Command, Outcome, Store as _};
use session_servers::soon;
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

use super::{fresh_url, is_missing};
use crate::{Options, SqlStore};

#[tokio::test]
async fn a_store_removes_its_expired_sessions_but_none_that_lives_for_a_slower_clock() {
    if is_missing() {
        return;
    }
    let every = Duration::from_secs(1);
    let options = Options::new(fresh_url()).sweep_every(every);
    let store = SqlStore::open_with(options).await.unwrap();
    let now = 10_000;
    // This node's clock is ahead by two minutes: the second session lives for the others.
    for (number, expires) in [(1, now - 400), (2, now - 119), (3, now + 100)] {
        let key = &key_of(number);
        let record = &changed!(record_of(1), expires = moment_at(expires));
        let insert = Command::Insert { key, record };
        let inserted = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
    }
    let is_there = async |number| {
        let (key, secret) = (&key_of(number), &digest_of(0));
        let found = store.load(key, secret, moment_at(now)).await;
        found.unwrap().is_some()
    };
    soon("it is removed", async || !is_there(1).await).await;
    assert!(is_there(2).await && is_there(3).await);
    store.close().await;
}

#[tokio::test]
async fn times_that_make_no_sense_are_refused_at_the_start() {
    if is_missing() {
        return;
    }
    let options = Options::new(fresh_url());
    let hot = options.clone().sweep_every(Duration::ZERO);
    let late = options.clone().sweep_margin(Duration::from_hours(48));
    let never = options.clone().timeout(Duration::MAX);
    let at_once = options.clone().timeout(Duration::ZERO);
    for (options, field) in [
        (hot, "sweep_every"),
        (late, "sweep_margin"),
        (never, "timeout"),
        (at_once, "timeout"),
    ] {
        // Before anything is done.
        let options = options.without_migration();
        let error = SqlStore::open_with(options).await.unwrap_err().to_string();
        assert!(error.contains(&format!("{field}: must be")), "{error}");
    }
}
