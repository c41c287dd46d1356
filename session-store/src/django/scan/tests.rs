use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use session_core::django::{SecretKeys, Signer, Zone};
use session_testkit::moment_at;

use super::*;
use crate::django::form::Form;
use crate::django::renames::Renames;
use crate::django::table::{Changed, Row, Table};

type Rows = BTreeMap<String, Row>;

/// A table walked by the key, in which sessions get new keys between a batch and what is done with it.
struct Moving {
    rows: Mutex<Rows>,
    /// Applied in turn, one after each batch; the last one again and again.
    moves: Mutex<Vec<fn(&mut Rows)>>,
    form: Form,
    /// Whether it says that it is not walked by the key.
    rows_stay: bool,
}

#[async_trait]
impl Table for Moving {
    async fn find(&self, key: &str) -> Result<Option<Row>, StoreError> {
        Ok(self.rows.lock().unwrap().get(key).cloned())
    }

    async fn change(&self, change: Change<'_>) -> Result<Changed, StoreError> {
        let Change::Delete { key } = change else {
            return Err(StoreError::new("a walk only removes"));
        };
        let is_done = self.rows.lock().unwrap().remove(key).is_some();
        Ok(Changed {
            is_done,
            is_repeated: false,
        })
    }

    async fn smallest(&self, _: i64) -> Result<Vec<String>, StoreError> {
        Err(StoreError::new("a walk asks for batches"))
    }

    async fn batch(&self, after: &str, limit: i64) -> Result<Vec<Placed>, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let behind = rows.iter().filter(|(key, _)| &***key > after);
        let batch = behind.take(usize::try_from(limit).unwrap());
        let batch = batch.map(|(key, row)| Placed {
            place: key.clone(),
            key: key.clone(),
            row: row.clone(),
        });
        let batch = batch.collect();
        let mut moves = self.moves.lock().unwrap();
        moves[0](&mut rows);
        if moves.len() > 1 {
            moves.remove(0);
        }
        Ok(batch)
    }

    async fn newest(&self, _: i64) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        Ok(None)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}

    fn rows_stay(&self) -> bool {
        self.rows_stay
    }

    fn form(&self) -> &Form {
        &self.form
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn too_slow(&self, doing: &str) -> StoreError {
        StoreError::new(doing)
    }
}

impl fmt::Debug for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moving")
    }
}

fn rename(rows: &mut Rows, key: &str, to: &str) {
    if let Some(row) = rows.remove(key) {
        rows.insert(to.to_owned(), row);
    }
}

/// Ends sessions, of which user 7's is at a key, among 500 others; returns how many of that user's are left.
async fn end(
    whose: Whose<'_>,
    rows_stay: bool,
    key: &str,
    moves: &[fn(&mut Rows)],
) -> (Result<usize, StoreError>, usize) {
    let keys = SecretKeys::danger_accept_weak("of a test").unwrap();
    let signer = Signer::sessions(&keys);
    let row = |json| Row {
        token: signer.sign(json, moment_at(0).into()),
        ends: Zone::use_tz().to_column(moment_at(100).into()),
    };
    let other = row(r#"{"_auth_user_id":"8"}"#);
    let others = (0..BATCH).map(|number| (format!("m{number:07}"), other.clone()));
    let mut rows: BTreeMap<_, _> = others.collect();
    let theirs = row(r#"{"_auth_user_id":"7"}"#);
    rows.insert(key.to_owned(), theirs.clone());
    let table = Moving {
        rows: Mutex::new(rows),
        moves: Mutex::new(moves.to_vec()),
        form: Form {
            zone: Zone::use_tz(),
            column: Zone::use_tz(),
        },
        rows_stay,
    };
    let site = Site {
        table: Box::new(table),
        signer,
        renames: Renames::default(),
        #[cfg(feature = "redis")]
        cache: None,
    };
    let ended = site.end(whose, moment_at(0)).await;
    let left = site.table.batch("", 2 * BATCH).await.unwrap();
    let left = left.iter().filter(|left| left.row.token == theirs.token);
    (ended, left.count())
}

const THEIRS: Whose<'static> = Whose::Owner("7", Revoke::All);

#[tokio::test]
async fn a_session_that_gets_a_new_key_during_a_walk_is_ended_too() {
    let none: fn(&mut Rows) = |_| {};
    for (key, moves) in [
        ("a0000000", &[none][..]),
        // Read under the old key.
        (
            "a0000000",
            &[|rows| rename(rows, "a0000000", "b0000000"), none],
        ),
        (
            "a0000000",
            &[|rows| rename(rows, "a0000000", "z0000000"), none],
        ),
        // Not yet read, and now before the place of the next batch.
        (
            "z0000000",
            &[|rows| rename(rows, "z0000000", "a0000000"), none],
        ),
        // Both in turn.
        (
            "z0000000",
            &[
                |rows| rename(rows, "z0000000", "a0000000"),
                none,
                |rows| rename(rows, "a0000000", "b0000000"),
                none,
            ],
        ),
    ] {
        let (ended, left) = end(THEIRS, false, key, moves).await;
        assert_eq!((ended.unwrap(), left), (1, 0), "{key} {}", moves.len());
    }
}

#[tokio::test]
async fn a_revocation_of_everybody_goes_on_where_rows_stay_until_it_has_missed_none() {
    let none: fn(&mut Rows) = |_| {};
    // Read under the old key in the first walk, and again in the second.
    let moves: &[fn(&mut Rows)] = &[
        |rows| rename(rows, "a0000000", "b0000000"),
        none,
        |rows| rename(rows, "b0000000", "c0000000"),
        none,
    ];
    for (rows_stay, all, left) in [(true, 501, 0), (false, 500, 1)] {
        let ended = end(Whose::Everybody, rows_stay, "a0000000", moves).await;
        assert_eq!((ended.0.unwrap(), ended.1), (all, left), "{rows_stay}");
    }
}

#[tokio::test]
async fn a_session_that_never_rests_is_an_error() {
    let (ended, left) = end(
        THEIRS,
        false,
        "a0000000",
        &[|rows| {
            let first = rows.keys().next().unwrap().clone();
            let to = if first == "a0000000" {
                "b0000000"
            } else {
                "a0000000"
            };
            rename(rows, &first, to);
        }],
    )
    .await;
    assert!(
        ended
            .unwrap_err()
            .to_string()
            .contains("can't end all sessions that were meant")
    );
    assert_eq!(left, 1);
}
