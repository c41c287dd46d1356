use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use session_core::time::Duration;
use session_core::{Cursor, Moment, StoreError};

use super::super::form::Form;
use super::super::table::{Page, Row, Table};
use super::start;

pub(super) const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const ACTIX_ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The table, whose calls each give way to others before and after what they do.
#[derive(Debug, Default)]
pub(super) struct OldTable {
    pub(super) rows: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(super) is_redis: bool,
    pub(super) faults: Faults,
    /// It can only be read.
    pub(super) is_read_only: AtomicBool,
    /// Redis counts down.
    pub(super) is_over: AtomicBool,
    pub(super) steps: Steps,
}

/// Which calls fail, by their numbers since that was said.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<(usize, Range<usize>)>);

impl Faults {
    pub(super) fn fail(&self, which: Range<usize>) {
        *self.0.lock().unwrap() = (0, which);
    }

    /// Returns how many calls there were.
    pub(super) fn calls(&self) -> usize {
        self.0.lock().unwrap().0
    }

    pub(super) fn call(&self) -> Result<(), StoreError> {
        let (calls, which) = &mut *self.0.lock().unwrap();
        let number = *calls;
        *calls += 1;
        if which.contains(&number) {
            return Err(StoreError::new("it is down"));
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(super) struct Steps(AtomicUsize);

impl Steps {
    pub(super) async fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut was_here = false;
        poll_fn(|context| {
            if std::mem::replace(&mut was_here, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<OldTable>);

impl OldTable {
    async fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> Result<T, StoreError> {
        self.steps.step().await;
        self.faults.call()?;
        let done = change(&mut self.rows.lock().unwrap());
        self.steps.step().await;
        Ok(done)
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.is_read_only.load(Ordering::Relaxed) {
            return Err(StoreError::new("the old table is read-only"));
        }
        Ok(())
    }

    /// What a server with the other library reads: a session, nothing, or an error.
    pub(super) async fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.change(|rows| rows.values().next().cloned()).await
    }

    /// As the other library writes: in Redis only what is there.
    pub(super) async fn save(&self, row: Vec<u8>) -> Result<(), StoreError> {
        let is_redis = self.is_redis;
        self.change(|rows| {
            let id = id_of_form(if is_redis {
                &Form::ActixSession
            } else {
                &Form::TowerSessions
            });
            if !is_redis || rows.contains_key(id) {
                rows.insert(id.to_owned(), row);
            }
        })
        .await
    }

    /// Removes the row, and returns what it had.
    pub(super) async fn delete(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.change(|rows| rows.pop_first().map(|(_, row)| row))
            .await
    }
}

#[async_trait]
impl Table for Handle {
    async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
        let read = |rows: &mut BTreeMap<String, Vec<u8>>| rows.get(id).cloned();
        let data = self.0.change(read).await?;
        let is_over = self.0.is_over.load(Ordering::Relaxed);
        let left = if is_over {
            Duration::ZERO
        } else {
            Duration::DAY
        };
        let left = self.0.is_redis.then_some(left);
        Ok(data.map(|data| Row { data, left }))
    }

    async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.0.writable()?;
        let swap = |rows: &mut BTreeMap<String, Vec<u8>>| match rows.get_mut(id) {
            Some(row) if row == old => {
                *row = new.to_owned();
                true
            }
            _ => false,
        };
        self.0.change(swap).await
    }

    async fn remove(&self, id: &str, only: Option<&[u8]>, _: Moment) -> Result<bool, StoreError> {
        self.0.writable()?;
        let remove = |rows: &mut BTreeMap<String, Vec<u8>>| {
            let fits = rows
                .get(id)
                .is_some_and(|row| only.is_none_or(|only| row == only));
            fits && rows.remove(id).is_some()
        };
        self.0.change(remove).await
    }

    async fn page(&self, from: &Cursor, _: usize) -> Result<Page, StoreError> {
        assert!(from.as_bytes().is_empty());
        let ids = |rows: &mut BTreeMap<String, Vec<u8>>| rows.keys().cloned().collect();
        let ids = self.0.change(ids).await?;
        Ok(Page { ids, next: None })
    }

    async fn close(&self) {}
}

pub(super) fn id_of_form(form: &Form) -> &'static str {
    match form {
        Form::TowerSessions => ID,
        _ => ACTIX_ID,
    }
}

/// A row with ada's name, and a number of hits.
pub(super) fn row(form: &Form, hits: u32) -> Vec<u8> {
    match form {
        Form::TowerSessions => {
            let values = BTreeMap::from([
                ("name", serde_json::json!("ada")),
                ("hits", serde_json::json!(hits)),
            ]);
            let ends = session_core::time::OffsetDateTime::from(start()) + Duration::DAY;
            rmp_serde::to_vec(&(0_i128, values, ends)).unwrap()
        }
        _ => format!(r#"{{"name":"\"ada\"","hits":"{hits}"}}"#).into_bytes(),
    }
}

/// What a server with the other library writes after another hit, of what it has read.
pub(super) fn next_hit(form: &Form, read: &[u8]) -> Vec<u8> {
    if let Form::TowerSessions = form {
        return row(form, 2);
    }
    // It keeps values that it does not know.
    let mut values: BTreeMap<String, String> = serde_json::from_slice(read).unwrap();
    values.insert("hits".to_owned(), "2".to_owned());
    serde_json::to_vec(&values).unwrap()
}
