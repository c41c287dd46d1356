//! Passes of a tool.

use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Revision, Store,
    StoreError, Whose,
};
use session_store::Moving;
use session_testkit::{FaultyStore, ModelStore, changed, digest_of, key_of, moment_at, record_of};

fn insert(store: &dyn Store, number: u32, record: &Record) {
    let key = &key_of(number.into());
    let insert = store.write(Command::Insert { key, record }, moment_at(0));
    assert_eq!(pollster::block_on(insert).unwrap(), Outcome::Applied);
}

fn load(store: &dyn Store, number: u64) -> Option<Record> {
    let (key, secret) = (key_of(number), digest_of(0));
    pollster::block_on(store.load(&key, &secret, moment_at(1))).unwrap()
}

/// Makes a pass in small batches; returns how many were moved, met and kept.
fn pass(moving: &Moving, now: Moment) -> Result<[usize; 3], StoreError> {
    let (mut next, mut sums) = (Some(Cursor::default()), [0; 3]);
    while let Some(from) = next {
        let batch = pollster::block_on(moving.move_batch(&from, 7, now))?;
        sums = [
            sums[0] + batch.moved,
            sums[1] + batch.met,
            sums[2] + batch.kept,
        ];
        assert_eq!(batch.kept > 0, batch.trouble.is_some());
        next = batch.next;
    }
    Ok(sums)
}

#[test]
fn a_pass_moves_whoever_lives_and_the_next_one_meets_none() {
    let (old, new) = (ModelStore::new(), ModelStore::new());
    for number in 1..=100 {
        let record = match number % 4 {
            0 => changed!(record_of(number), closed = true),
            1 => changed!(record_of(number), expires = moment_at(1)),
            _ => record_of(number),
        };
        insert(&old, number, &record);
    }
    let moving = Moving::new(Arc::new(old.clone()), Arc::new(new.clone())).unwrap();
    assert_eq!(pass(&moving, moment_at(1)).unwrap(), [50, 50, 0]);
    assert_eq!(pass(&moving, moment_at(1)).unwrap(), [0; 3]);
    assert_eq!((old.len(), new.len()), (50, 50));
    // Who left it by a sign-in a moment ago still has it.
    assert!(load(&moving, 4).is_some_and(|record| record.closed));
    assert_eq!(load(&new, 3), Some(record_of(3)));
}

#[test]
fn a_tool_whose_clock_is_fast_moves_nothing_and_ends_nobody() {
    let (old, new) = (ModelStore::new(), ModelStore::new());
    insert(&old, 1, &record_of(1));
    let moving = Moving::new(Arc::new(old.clone()), Arc::new(new)).unwrap();
    assert_eq!(pass(&moving, moment_at(100)).unwrap(), [0; 3]);
    assert_eq!(load(&moving, 1), Some(record_of(1)));
    assert_eq!(pass(&moving, moment_at(99)).unwrap(), [1, 1, 0]);
    assert_eq!(load(&moving, 1), Some(record_of(1)));
}

#[test]
fn a_session_in_both_stores_stays_and_is_told_and_the_new_one_counts() {
    let (old, new) = (ModelStore::new(), ModelStore::new());
    insert(&old, 1, &record_of(1));
    insert(&new, 1, &record_of(2));
    for (from, to, found) in [(&old, &new, 2), (&old, &old, 1)] {
        let moving = Moving::new(Arc::new(from.clone()), Arc::new(to.clone())).unwrap();
        assert_eq!(pass(&moving, moment_at(1)).unwrap(), [0, 1, 1]);
        assert_eq!(load(&moving, 1), Some(record_of(found)));
    }
}

#[test]
fn a_tool_stops_at_a_store_that_is_down_and_the_preparing_step_has_none() {
    let (old, new) = (ModelStore::new(), ModelStore::new());
    insert(&old, 1, &record_of(1));
    let new = Arc::new(FaultyStore::new(new));
    let moving = Moving::new(Arc::new(old.clone()), Arc::clone(&new) as Arc<dyn Store>).unwrap();
    new.go_down();
    assert!(pass(&moving, moment_at(1)).is_err());
    new.come_up();
    assert_eq!(pass(&moving, moment_at(1)).unwrap(), [1, 1, 0]);
    let preparing = Moving::preparing(Arc::new(old), new).unwrap();
    assert!(pass(&preparing, moment_at(1)).unwrap_err().is_unsupported());
}

/// A store that can't keep an `x` among values.
#[derive(Debug)]
struct Picky(ModelStore);

#[async_trait]
impl Store for Picky {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.0.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        if let Command::Insert { record, .. } = command
            && record.data.contains('x')
        {
            return Err(StoreError::new("no x can be kept"));
        }
        self.0.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.0.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.0.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }
}

#[test]
fn a_session_that_the_new_store_cannot_keep_goes_on_in_the_old_one() {
    let (old, new) = (ModelStore::new(), ModelStore::new());
    let odd = changed!(record_of(1), data = r#"{"x":1}"#.into());
    insert(&old, 1, &odd);
    insert(&old, 2, &record_of(2));
    let moving = Moving::new(Arc::new(old.clone()), Arc::new(Picky(new.clone()))).unwrap();
    assert_eq!(pass(&moving, moment_at(1)).unwrap(), [1, 2, 1]);
    let key = &key_of(1);
    let write = |command| pollster::block_on(moving.write(command, moment_at(1))).unwrap();
    let touch = Command::Touch {
        key,
        expected: Revision::from_i64(1),
        seen: moment_at(1),
        expires: moment_at(300),
    };
    assert_eq!(write(touch), Outcome::Applied);
    let next = changed!(odd, revision = Revision::from_i64(3));
    let replace = Command::Replace {
        key,
        expected: Revision::from_i64(1),
        record: &next,
    };
    assert_eq!(write(replace), Outcome::Applied);
    assert_eq!(load(&moving, 1), Some(next));
    assert_eq!((old.len(), new.len()), (1, 1));
}
