//! A node's places at the two stores: each call is a step that a schedule allows, and may lose its answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, Whose,
};
use session_testkit::ModelStore;

/// What one node has seen so far, which decides all that it does next.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answers: u64,
    pub(crate) writes: usize,
    /// Whether the call that it waits for is a write.
    pub(crate) is_writing: bool,
    pub(crate) loses_answer: bool,
}

/// Names of revisions that nodes have drawn, by the node and the number of its write: the same in all runs in which they
/// did the same.
pub(crate) type Names = BTreeMap<i64, (usize, usize)>;

/// What a store says, in a form that is the same in all runs in which the nodes did the same.
trait Answer {
    fn take_down(&self, names: &Names, hasher: &mut DefaultHasher);
}

impl Answer for Record {
    fn take_down(&self, names: &Names, hasher: &mut DefaultHasher) {
        let name = |number: i64| {
            names
                .get(&number)
                .copied()
                .unwrap_or((1_000, usize::try_from(number).unwrap()))
        };
        let link = self
            .data
            .strip_prefix("{\"moving\":\"")
            .and_then(|rest| rest.split_at_checked(16));
        match link {
            Some((link, rest)) => {
                let link = i64::from_str_radix(link, 16).unwrap();
                (name(link), rest).hash(hasher);
            }
            None => self.data.hash(hasher),
        }
        name(self.revision.to_i64()).hash(hasher);
        (self.closed, self.seen, self.expires, &self.owner).hash(hasher);
        self.secrets.present.as_bytes().hash(hasher);
    }
}

impl Answer for Option<Record> {
    fn take_down(&self, names: &Names, hasher: &mut DefaultHasher) {
        self.is_some().hash(hasher);
        if let Some(record) = self {
            Answer::take_down(record, names, hasher);
        }
    }
}

impl Answer for Batch {
    fn take_down(&self, names: &Names, hasher: &mut DefaultHasher) {
        for (key, record) in &self.sessions {
            key.hash(hasher);
            Answer::take_down(record, names, hasher);
        }
    }
}

impl Answer for Outcome {
    fn take_down(&self, _: &Names, hasher: &mut DefaultHasher) {
        (*self == Self::Applied).hash(hasher);
    }
}

impl Answer for usize {
    fn take_down(&self, _: &Names, hasher: &mut DefaultHasher) {
        self.hash(hasher);
    }
}

impl Answer for Vec<Device> {
    fn take_down(&self, _: &Names, hasher: &mut DefaultHasher) {
        self.len().hash(hasher);
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) actor: usize,
    pub(crate) model: ModelStore,
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) names: Arc<Mutex<Names>>,
}

impl Seat {
    async fn step<T: Answer>(
        &self,
        is_writing: bool,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.seen.lock().unwrap().is_writing = is_writing;
        let mut is_first = true;
        poll_fn(|_| {
            if std::mem::take(&mut is_first) {
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let answer = work.await;
        let mut seen = self.seen.lock().unwrap();
        let answer = if std::mem::take(&mut seen.loses_answer) {
            Err(StoreError::new("the answer was lost"))
        } else {
            answer
        };
        let mut hasher = DefaultHasher::new();
        seen.answers.hash(&mut hasher);
        match &answer {
            Ok(answer) => answer.take_down(&self.names.lock().unwrap(), &mut hasher),
            Err(_) => "lost".hash(&mut hasher),
        }
        seen.answers = hasher.finish();
        answer
    }

    /// Gives the revision that this write brings a name.
    fn name(&self, record: &Record) {
        let mut seen = self.seen.lock().unwrap();
        seen.writes += 1;
        let number = record.revision.to_i64();
        if number > 1_000 {
            let name = (self.actor, seen.writes);
            self.names.lock().unwrap().entry(number).or_insert(name);
        }
    }
}

fn everything(model: &ModelStore) -> Batch {
    let start = Cursor::default();
    let walk = model.walk(&start, 100, Moment::UNIX_EPOCH);
    pollster::block_on(walk).unwrap()
}

/// Takes down what a store has.
pub(crate) fn hash(model: &ModelStore, names: &Names, hasher: &mut DefaultHasher) {
    Answer::take_down(&everything(model), names, hasher);
}

/// Shows what a store has.
pub(crate) fn picture(model: &ModelStore) -> String {
    let mut text = String::new();
    for (_, record) in everything(model).sessions {
        let secret = record.secrets.present.as_bytes();
        let data = &*record.data;
        writeln!(text, "{record:?} {secret:?} {data}").unwrap();
    }
    text
}

#[async_trait]
impl Store for Seat {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.step(false, self.model.load(key, secret, now)).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        if let Command::Insert { record, .. } | Command::Replace { record, .. } = command {
            self.name(record);
        }
        self.step(true, self.model.write(command, now)).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.step(true, self.model.sweep(now, limit)).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.step(false, self.model.devices(owner, from, now, limit))
            .await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.step(true, self.model.revoke(whose, now)).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.step(false, self.model.walk(from, limit, now)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.model.check().await
    }
}
