//! Writers of one session at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_core::{Command, Only, Outcome, Revision, Store as _};
use session_store::DjangoStore;
use session_testkit::{changed, moment_at, record_of};

use super::site::{KEY, Site, key_of, load};

const WRITERS: u32 = 16;
const WRITES: u32 = 5;

/// Counts one up, again and again until it is done.
async fn count(store: &DjangoStore, writer: u32, write: u32) {
    let mut attempt = 0;
    loop {
        let found = load(store, KEY, 0).await.unwrap();
        let number = found.data.trim_matches(|it: char| !it.is_ascii_digit());
        let number: u32 = number.parse().unwrap();
        attempt += 1;
        let revision = i64::from(writer * 1_000_000 + write * 10_000 + attempt);
        let record = &changed!(
            record_of(0),
            revision = Revision::from_i64(revision),
            data = format!("{{\"n\":{}}}", number + 1).into()
        );
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

async fn count_in_parallel(store: &DjangoStore) {
    let writers = (1..=WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for write in 1..=WRITES {
                count(&store, writer, write).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

pub async fn of_sixteen_writers_none_loses_a_change(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":0}"#, 0, 100).await;
    count_in_parallel(&store).await;
    let found = load(&store, KEY, 0).await.unwrap();
    assert_eq!(&*found.data, format!("{{\"n\":{}}}", WRITERS * WRITES));
}

pub async fn writers_and_a_site_that_signs_again_lose_no_change(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":0}"#, 0, 100).await;
    let is_over = AtomicBool::new(false);
    let signing = async {
        let mut second = 0;
        while !is_over.load(Ordering::Relaxed) {
            second += 1;
            // A save of what is there, unless it has changed meanwhile: the end alone moves.
            let sql = format!(
                "UPDATE django_session SET expire_date = {} WHERE session_key = '{KEY}'",
                site.moment(100 + second)
            );
            site.run(&sql).await;
            tokio::task::yield_now().await;
        }
    };
    let counting = async {
        count_in_parallel(&store).await;
        is_over.store(true, Ordering::Relaxed);
    };
    futures_util::future::join(signing, counting).await;
    let found = load(&store, KEY, 0).await.unwrap();
    assert_eq!(&*found.data, format!("{{\"n\":{}}}", WRITERS * WRITES));
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
            store.write(Command::Delete { key, only }, moment_at(0)).await.unwrap();
        } else {
            site.run("DELETE FROM django_session").await;
        }
        let written = writing.await.unwrap();
        assert_eq!(site.token(KEY).await, "", "round {round}, it was {written:?}");
    }
}
