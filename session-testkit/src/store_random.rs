//! Random commands, with a comparison with the model after every step.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use futures_util::future::{join, join_all};
use session_core::{
    Command, Digest, Key, Moment, Only, Record, Remembered, Revision, Revoke, Salt,
};

use crate::ModelStore;
use crate::store_fixture::{Rig, digest_of, handle_of, key_of, moment_at};

const KEYS: u64 = 6;
const OWNERS: [&str; 3] = ["ada", "Ada", "bob"];
const STEPS: u32 = 400;

pub(crate) async fn random_commands_do_what_the_model_does(rig: &Rig) {
    for seed in 1..=4 {
        let mut history = History {
            model: Rig::new(Arc::new(ModelStore::new())),
            keys_stay: rig.keys_stay(),
            chance: Chance(seed),
            now: 0,
            context: format!("seed {seed}"),
        };
        for step in 1..=STEPS {
            history.context = format!("seed {seed}, step {step}");
            history.step(rig, step).await;
            history.compare(rig).await;
        }
        // Empties the store for the next history.
        rig.sweep(1_000_000, 1_000).await;
    }
}

struct History {
    model: Rig,
    keys_stay: bool,
    chance: Chance,
    now: i64,
    /// The seed and the step, for messages.
    context: String,
}

impl History {
    async fn step(&mut self, rig: &Rig, step: u32) {
        self.now += self.chance.below::<i64>(4);
        let key = &key_of(self.chance.below(KEYS));
        match self.chance.below(17) {
            0..=3 => {
                let record = &self.record(step);
                // The key of an expired record may count as taken or not.
                let only = Only::Over(moment_at(self.now));
                self.both(rig, Command::Delete { key, only }).await;
                self.both(rig, Command::Insert { key, record }).await;
            }
            4..=8 => {
                let replace = Command::Replace {
                    key,
                    expected: self.expected(key).await,
                    record: &self.record(step),
                };
                self.both(rig, replace).await;
            }
            9..=11 => {
                let touch = Command::Touch {
                    key,
                    expected: self.expected(key).await,
                    seen: self.moment(-2..3),
                    expires: self.moment(-5..25),
                };
                self.both(rig, touch).await;
            }
            12..=13 => {
                let digest = &self.digest();
                let only = match self.chance.below(5) {
                    0 => Only::Always,
                    1..=2 => Only::Opened(digest),
                    _ => Only::Over(self.moment(-10..10)),
                };
                self.both(rig, Command::Delete { key, only }).await;
            }
            14 => {
                let most = self.model.sweep(self.now, 1_000).await;
                let swept = rig.sweep(self.now, 1_000).await;
                // A store may have freed expired records before.
                assert!(swept <= most, "{}: swept {swept} of {most}", self.context);
                assert_eq!(rig.sweep(self.now, 1_000).await, 0, "{}", self.context);
            }
            _ => self.revoke(rig).await,
        }
    }

    async fn both(&self, rig: &Rig, command: Command<'_>) {
        let expected = self.model.write(command, self.now).await;
        let outcome = rig.write(command, self.now).await;
        assert_eq!(outcome, expected, "{}: {command:?}", self.context);
    }

    async fn revoke(&mut self, rig: &Rig) {
        let owner = OWNERS[self.chance.below::<usize>(3)];
        let handle = &handle_of(self.chance.below(KEYS));
        let which = match self.chance.below(4) {
            0 => Revoke::All,
            1 => Revoke::AllBut(handle),
            _ => Revoke::One(handle),
        };
        let expected = self.model.revoke(owner, which, self.now).await;
        let revoked = rig.revoke(owner, which, self.now).await;
        assert_eq!(revoked, expected, "{}: {which:?} of {owner}", self.context);
    }

    /// Reads everything at once, since one round trip after the other takes most of a suite's time.
    async fn compare(&self, rig: &Rig) {
        let loads = (0..KEYS).map(async |key| {
            let expected = self.model.load(key, self.now).await;
            assert_eq!(rig.load(key, self.now).await, expected, "{}", self.context);
        });
        let ranges = [(None, 100), (None, 2), (Some(0), 3), (Some(1), 1)];
        let pages = OWNERS
            .iter()
            .flat_map(|owner| ranges.map(|range| (*owner, range)));
        let pages = pages.map(async |(owner, (from, limit))| {
            let from = from.map(handle_of);
            let expected = self.model.page(owner, from.as_ref(), self.now, limit).await;
            let page = rig.page(owner, from.as_ref(), self.now, limit).await;
            assert_eq!(page, expected, "{}: {owner}", self.context);
        });
        join(join_all(loads), join_all(pages)).await;
    }

    /// Returns the stored revision in most cases, also that of a record that is over.
    async fn expected(&mut self, key: &Key) -> Revision {
        match self.model.load_by(key, 0, self.now).await {
            Some(record) if !self.chance.one_in(5) => record.revision,
            _ => Revision::from_i64(self.chance.below(STEPS.into())),
        }
    }

    /// Returns a moment within a range of seconds from now.
    fn moment(&mut self, seconds: Range<i64>) -> Moment {
        let length = seconds.end.abs_diff(seconds.start);
        moment_at(self.now + seconds.start + self.chance.below::<i64>(length))
    }

    /// Returns one of a few digests, so that it is often the one of a record.
    fn digest(&mut self) -> Digest {
        digest_of(self.chance.below(4))
    }

    fn record(&mut self, step: u32) -> Record {
        let owner = OWNERS.get(self.chance.below::<usize>(4));
        let revision = Revision::from_i64(step.into());
        let (present, now) = (self.digest(), moment_at(self.now));
        let mut record = Record::new(revision, present, now, self.moment(-2..23));
        if !self.chance.one_in(3) {
            let mut remembered = Remembered::new(self.digest(), self.moment(0..10));
            remembered.earlier = self.chance.one_in(2).then(|| self.digest());
            remembered.salt = Salt::from_bytes(&[7; 16]).filter(|_| self.chance.one_in(2));
            record.secrets.remembered = Some(remembered);
        }
        record.closed = self.chance.one_in(8) && self.keys_stay;
        record.seen = self.moment(0..3);
        record.authenticated = owner.map(|_| now);
        record.owner = owner.map(|owner| (*owner).into());
        record.label = owner.map(|_| format!("step {step}").into());
        record.data = format!(r#"{{"step":{step}}}"#).into();
        record
    }
}

/// A random number generator with a seed (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, many: u64) -> bool {
        self.below::<u64>(many) == 0
    }

    fn below<T: TryFrom<u64, Error: Debug>>(&mut self, limit: u64) -> T {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        T::try_from((bits ^ (bits >> 31)) % limit).expect("limits are small")
    }
}
