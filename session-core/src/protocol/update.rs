use std::borrow::Cow;
use std::sync::Arc;

use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};

use super::data::Data;
use crate::{ValueError, Values};

/// Computes a value's new JSON text from its present one; run again on every fresh base.
pub(crate) trait Compute: Send + Sync {
    fn compute(&self, key: &str, old: Option<&str>) -> Result<CompactString, ValueError>;
}

/// A closure that returns the value too.
impl<F, T> Compute for F
where
    F: Fn(&str, Option<&str>) -> Result<(T, CompactString), ValueError> + Send + Sync,
{
    fn compute(&self, key: &str, old: Option<&str>) -> Result<CompactString, ValueError> {
        self(key, old).map(|(_, text)| text)
    }
}

pub(crate) type Replay = Arc<dyn Compute>;

/// Mostly one.
pub(crate) type Replays = SmallVec<[Replay; 1]>;

/// A value that is computed from the base's.
#[derive(Clone)]
pub(crate) struct Update {
    /// Closures in their order.
    replays: Replays,
    /// Their result on `base`; `None` if they fail there.
    value: Option<CompactString>,
    /// The text of the base that the result was computed on; `None` if there was none.
    base: Option<Values>,
}

impl Update {
    /// A computation and its result on a base.
    pub(crate) fn new(replay: Replay, value: CompactString, base: &Data) -> Self {
        Self {
            replays: smallvec![replay],
            value: Some(value),
            base: base.values().cloned(),
        }
    }

    /// Goes on with another computation.
    pub(crate) fn then(&mut self, replay: Replay, value: CompactString, base: &Data) {
        self.replays.push(replay);
        self.value = Some(value);
        self.base = base.values().cloned();
    }

    pub(crate) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    pub(crate) fn size(&self) -> Option<usize> {
        self.value.as_ref().map(CompactString::len)
    }

    pub(crate) fn take_replays(&mut self) -> Replays {
        std::mem::take(&mut self.replays)
    }

    pub(crate) fn replays(&self) -> &[Replay] {
        &self.replays
    }

    /// Returns the result on a base that has `old` under the key. No closure runs where it has run before.
    pub(crate) fn apply(
        &self,
        key: &str,
        old: Option<&str>,
        base: &Data,
    ) -> Result<Option<Cow<'_, str>>, ValueError> {
        let is_known = match (&self.base, base.values()) {
            (Some(one), Some(other)) => one.is_same_text(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        if let Some(value) = self.value.as_ref().filter(|_| is_known) {
            return Ok(Some(Cow::Borrowed(value)));
        }
        let new = run(&self.replays, key, old)?;
        Ok(new.map(|new| new.into_owned().into()))
    }

    /// Computes the result on another base; a failure shows no value until the commit reports it.
    pub(crate) fn rebase(&mut self, key: &str, old: Option<&str>, base: &Data) {
        let new = run(&self.replays, key, old).unwrap_or_default();
        self.value = new.map(Into::into);
        self.base = base.values().cloned();
    }

    /// Takes over a result that is known.
    pub(crate) fn show(&mut self, known: &Self) {
        self.value.clone_from(&known.value);
        self.base.clone_from(&known.base);
    }

    /// Drops the computations that `done`, an earlier state of this one, has brought into the base.
    pub(crate) fn follow(&mut self, done: &Self) {
        skip(&mut self.replays, done.replays.len());
    }
}

/// Drops so many from the front.
pub(crate) fn skip(replays: &mut Replays, count: usize) {
    replays.drain(..count.min(replays.len()));
}

/// Runs closures one after the other.
pub(crate) fn run<'a>(
    replays: &[Replay],
    key: &str,
    old: Option<&'a str>,
) -> Result<Option<Cow<'a, str>>, ValueError> {
    let mut value = old.map(Cow::Borrowed);
    for replay in replays {
        let new = replay.compute(key, value.as_deref())?;
        value = Some(Cow::Owned(new.into()));
    }
    Ok(value)
}
