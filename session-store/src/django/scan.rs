use std::cmp::Reverse;

use session_core::{Device, Key, PublicId, Revoke, StoreError};
use time::OffsetDateTime;

use super::contents::Contents;
use super::site::Site;
use super::table::{Change, Placed};

/// What needs all rows, because no index sees into signed data.
impl Site {
    /// Returns a page of an owner's list.
    pub(super) async fn list(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let mut devices = Vec::new();
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            let found = batch.iter().filter_map(|placed| {
                let key = Key::parse_plain(&placed.key)?;
                self.owned(placed, (owner, now), |contents| contents.device(&key))
            });
            devices.extend(found.filter(|device| device.expires > now));
            match next(batch) {
                Some(next) => place = next,
                None => break,
            }
        }
        devices.sort_unstable_by_key(|device| Reverse((device.created, device.public_id)));
        if let Some(from) = from {
            let first = devices.iter().position(|device| device.public_id == *from);
            devices.drain(..first.unwrap_or(devices.len()));
        }
        devices.truncate(limit);
        Ok(devices)
    }

    /// Removes sessions of an owner, and returns how many of them were not over.
    ///
    /// A session that gets a new key meanwhile is met under the old one, or not at all if walks go by
    /// the key. So walks are repeated until one has met none to remove, and is not the only one.
    pub(super) async fn end(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        for walk in 1..=WALKS {
            let Walk { met, missed, lived } = self.walk(owner, which, now).await?;
            ended += lived;
            let is_sure = if self.table.rows_stay() {
                missed == 0
            } else {
                met == 0 && walk > 1
            };
            if is_sure {
                return Ok(ended);
            }
        }
        Err(StoreError::new(
            "can't end all sessions of an owner: others began or got new keys all the while; try again",
        ))
    }

    /// Removes the sessions that it meets.
    async fn walk(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<Walk, StoreError> {
        let mut walk = Walk::default();
        let mut place = String::new();
        loop {
            let batch = self.table.batch(&place, BATCH).await?;
            for placed in &batch {
                let handle = Key::parse_plain(&placed.key).map(|key| key.public_id());
                let is_chosen = match which {
                    Revoke::All => true,
                    Revoke::AllBut(kept) => handle != Some(*kept),
                    Revoke::One(one) => handle == Some(*one),
                };
                if !is_chosen {
                    continue;
                }
                let Some(lives) = self.owned(placed, (owner, now), |it| it.expires() > now) else {
                    continue;
                };
                let key = &placed.key;
                #[cfg(feature = "redis")]
                let changing = self.cache.as_ref().map(|cache| cache.changing(&[key]));
                let removed = self.table.change(Change::Delete { key }).await?;
                #[cfg(feature = "redis")]
                if let Some(changing) = changing {
                    changing.made().await;
                }
                walk.met += 1;
                walk.missed += usize::from(!removed.is_done);
                walk.lived += usize::from(removed.is_done && lives);
            }
            match next(batch) {
                Some(next) => place = next,
                None => return Ok(walk),
            }
        }
    }

    /// Returns what a row says if it is the owner's.
    fn owned<T>(
        &self,
        placed: &Placed,
        (owner, now): (&str, OffsetDateTime),
        what: impl FnOnce(&Contents<'_>) -> T,
    ) -> Option<T> {
        let read = self.read(&placed.row, now)?;
        let contents = read.contents(self.table.form())?;
        (contents.owner() == Some(owner)).then(|| what(&contents))
    }
}

/// What a walk that removes sessions did.
#[derive(Debug, Default)]
struct Walk {
    /// How many it had to remove.
    met: usize,
    /// How many of them had gone or got a new key before.
    missed: usize,
    /// How many it removed that were not over.
    lived: usize,
}

/// Returns the place after which the next batch comes; `None` after the last one.
fn next(mut batch: Vec<Placed>) -> Option<String> {
    let is_full = i64::try_from(batch.len()).is_ok_and(|length| length >= BATCH);
    batch.pop().filter(|_| is_full).map(|last| last.place)
}

/// How many rows are read at once: some hundred kilobytes, in a few milliseconds.
const BATCH: i64 = 500;

/// How many walks are made to end sessions that others move meanwhile; nearly always two serve.
const WALKS: u32 = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt;
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use session_core::django::{SecretKeys, Signer, Zone};
    use session_testkit::moment_at;

    use super::*;
    use crate::django::form::Form;
    use crate::django::table::{Changed, Row, Table};

    type Rows = BTreeMap<String, Row>;

    /// A table walked by the key, in which sessions get new keys between a batch and what is done with it.
    struct Moving {
        rows: Mutex<Rows>,
        /// Applied in turn, one after each batch; the last one again and again.
        moves: Mutex<Vec<fn(&mut Rows)>>,
        form: Form,
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

        async fn sweep(&self, _: OffsetDateTime, _: usize) -> Result<usize, StoreError> {
            Ok(0)
        }

        async fn time(&self) -> Result<Option<OffsetDateTime>, StoreError> {
            Ok(None)
        }

        async fn check(&self) -> Result<(), StoreError> {
            Ok(())
        }

        async fn close(&self) {}

        fn rows_stay(&self) -> bool {
            false
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

    /// Ends the sessions of user 7, whose one is at a key, among 500 others; returns what is left of it.
    async fn end(key: &str, moves: &[fn(&mut Rows)]) -> (Result<usize, StoreError>, usize) {
        let keys = SecretKeys::danger_accept_weak("of a test").unwrap();
        let signer = Signer::sessions(&keys);
        let row = |json| Row {
            token: signer.sign(json, moment_at(0)),
            ends: Zone::use_tz().to_column(moment_at(100)),
        };
        let other = row(r#"{"_auth_user_id":"8"}"#);
        let others = (0..BATCH).map(|number| (format!("m{number:07}"), other.clone()));
        let mut rows: BTreeMap<_, _> = others.collect();
        rows.insert(key.to_owned(), row(r#"{"_auth_user_id":"7"}"#));
        let table = Moving {
            rows: Mutex::new(rows),
            moves: Mutex::new(moves.to_vec()),
            form: Form {
                zone: Zone::use_tz(),
                column: Zone::use_tz(),
            },
        };
        let site = Site {
            table: Box::new(table),
            signer,
            #[cfg(feature = "redis")]
            cache: None,
        };
        let ended = site.end("7", Revoke::All, moment_at(0)).await;
        let left = site.table.batch("", 2 * BATCH).await.unwrap().len();
        (ended, left - usize::try_from(BATCH).unwrap())
    }

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
            let (ended, left) = end(key, moves).await;
            assert_eq!((ended.unwrap(), left), (1, 0), "{key} {}", moves.len());
        }
    }

    #[tokio::test]
    async fn a_session_that_never_rests_is_an_error() {
        let (ended, left) = end(
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
                .contains("all sessions of an owner")
        );
        assert_eq!(left, 1);
    }
}
