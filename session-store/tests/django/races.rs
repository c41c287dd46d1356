//! Writers of one session at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::join_all;
use session_core::{Command, Only, Outcome, Revision, Store as _};
use session_store::DjangoStore;
use session_testkit::{changed, moment_at, record_of};

use super::site::{KEY, Site, key_of, load};

const WRITERS: u32 = 16;
const WRITES: u32 = 5;

/// What the site does between a load and a write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// It saves the same values again, so that the end moves and the state does not.
    Signs,
}

/// Counts one up, again and again until it is done.
async fn count(site: &Site, store: &DjangoStore, meanwhile: Meanwhile, revision: &AtomicI64) {
    loop {
        let found = load(store, KEY, 0).await.unwrap();
        let number = found.data.trim_matches(|it: char| !it.is_ascii_digit());
        let number: u32 = number.parse().unwrap();
        let revision = revision.fetch_add(1, Ordering::Relaxed);
        let record = &changed!(
            record_of(0),
            revision = Revision::from_i64(revision),
            data = format!("{{\"n\":{}}}", number + 1).into()
        );
        if meanwhile == Meanwhile::Signs {
            let sql = format!(
                "UPDATE django_session SET expire_date = {} WHERE session_key = '{KEY}'",
                site.moment(100 + revision)
            );
            site.run(&sql).await;
        }
        let replace = Command::Replace {
            key: &key_of(KEY),
            expected: found.revision,
            record,
        };
        if store.write(replace, moment_at(0)).await.unwrap() == Outcome::Applied {
            return;
        }
    }
}

async fn count_in_parallel(site: &Site, meanwhile: Meanwhile) {
    // Two programs, which know nothing of each other.
    let stores = &[site.open().await, site.open().await];
    let revision = &AtomicI64::new(1);
    site.insert(KEY, r#"{"n":0}"#, 0, 100).await;
    let writers = (0..WRITERS).map(async |number| {
        for _ in 0..WRITES {
            count(site, &stores[number as usize % 2], meanwhile, revision).await;
        }
    });
    join_all(writers).await;
    let found = load(&stores[0], KEY, 0).await.unwrap();
    assert_eq!(&*found.data, format!("{{\"n\":{}}}", WRITERS * WRITES));
}

pub async fn of_sixteen_writers_none_loses_a_change(site: &Site) {
    count_in_parallel(site, Meanwhile::Nothing).await;
}

pub async fn writers_and_a_site_that_signs_again_lose_no_change(site: &Site) {
    count_in_parallel(site, Meanwhile::Signs).await;
}

pub async fn a_session_that_is_ended_while_it_is_written_is_gone(site: &Site) {
    let store = Arc::new(site.open().await);
    for round in 0..20 {
        site.insert(KEY, r#"{"n":0}"#, 0, 100).await;
        let writing = Arc::clone(&store);
        let writing = tokio::spawn(async move {
            let found = load(&writing, KEY, 0).await?;
            let replace = Command::Replace {
                key: &key_of(KEY),
                expected: found.revision,
                record: &record_of(round),
            };
            writing.write(replace, moment_at(0)).await.ok()
        });
        if round % 2 == 0 {
            let (key, only) = (&key_of(KEY), Only::Always);
            store
                .write(Command::Delete { key, only }, moment_at(0))
                .await
                .unwrap();
        } else {
            site.run("DELETE FROM django_session").await;
        }
        let written = writing.await.unwrap();
        assert_eq!(
            site.token(KEY).await,
            "",
            "round {round}, it was {written:?}"
        );
    }
}
