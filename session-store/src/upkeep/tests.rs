use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use session_core::{Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Whose};
use session_testkit::{FaultyStore, ModelStore, SpyStore, key_of, moment_at, record_of};
use tokio::time::advance;

use super::*;

/// A store in memory on a machine whose clock is ahead by some seconds.
#[derive(Debug)]
struct Elsewhere {
    spy: SpyStore,
    ahead: AtomicI64,
}

impl Swept for Elsewhere {
    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        let ahead = time::Duration::seconds(self.ahead.load(Ordering::Relaxed));
        Ok(Some(Moment::from(time::OffsetDateTime::now_utc()) + ahead))
    }
}

#[async_trait]
impl Store for Elsewhere {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.spy.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.spy.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.spy.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.spy.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.spy.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.spy.check().await
    }
}

struct Setting {
    model: ModelStore,
    faulty: FaultyStore,
    store: Arc<Elsewhere>,
    upkeep: Upkeep,
}

/// A store with a session that ends at second 100, at home in the test's runtime, whose time passes as
/// soon as everybody waits.
async fn setting(ahead: i64) -> Setting {
    let model = ModelStore::new();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    model.write(insert, moment_at(0)).await.unwrap();
    let faulty = FaultyStore::new(model.clone());
    let store = Arc::new(Elsewhere {
        spy: SpyStore::new(faulty.clone()),
        ahead: AtomicI64::new(ahead),
    });
    let upkeep = Upkeep::start(&Home::here().unwrap(), &store, Sweeping::default());
    Setting {
        model,
        faulty,
        store,
        upkeep: upkeep.unwrap(),
    }
}

/// Sets the runtime's clock forward until a condition holds, by an hour at most.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..3_600 {
        if condition() {
            return;
        }
        advance(Duration::from_secs(1)).await;
    }
    panic!("it never came");
}

#[tokio::test(start_paused = true)]
async fn a_session_is_removed_once_it_is_over_by_the_margin_for_its_callers() {
    let setting = setting(0).await;
    let sweeps = || setting.store.spy.calls().sweep;
    // A node whose clock is ahead by less than the margin.
    setting.upkeep.see(moment_at(100 + 290));
    until(|| sweeps() > 0).await;
    assert_eq!(setting.model.len(), 1);
    setting.upkeep.see(moment_at(100 + 300));
    until(|| setting.model.is_empty()).await;
    setting.upkeep.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_of_two_stores_is_swept_also_after_a_sweep_that_failed() {
    let settings = [setting(0).await, setting(0).await];
    for setting in &settings {
        setting.faulty.fail(1);
        setting.upkeep.see(moment_at(1_000));
    }
    for setting in settings {
        until(|| setting.model.is_empty()).await;
        assert!(setting.store.spy.calls().sweep > 1);
        setting.upkeep.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_before_a_caller_has_said_what_time_it_is() {
    let setting = setting(0).await;
    for _ in 0..3_600 {
        advance(Duration::from_secs(1)).await;
    }
    setting.upkeep.stop().await;
    assert_eq!(setting.store.spy.calls().sweep, 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_while_the_machines_clocks_differ_by_more_than_the_margin() {
    for (ahead, is_removed) in [
        (0, true),
        (290, true),
        (310, false),
        (-290, true),
        (-310, false),
    ] {
        let setting = setting(ahead).await;
        let careful = Careful::new(Arc::clone(&setting.store), Duration::from_secs(300));
        let removed = careful.sweep(moment_at(1_000), 10).await.unwrap();
        assert_eq!(removed == 1, is_removed, "{ahead}");
        assert_eq!(setting.model.is_empty(), is_removed, "{ahead}");
        // The next batches do not ask again.
        setting.store.ahead.store(1_000, Ordering::Relaxed);
        careful.sweep(moment_at(1_000), 10).await.unwrap();
        let sweeps = setting.store.spy.calls().sweep;
        assert_eq!(sweeps, if is_removed { 2 } else { 0 }, "{ahead}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_the_batch_under_way() {
    let setting = setting(0).await;
    let gate = setting.faulty.pause_before(1);
    setting.upkeep.see(moment_at(1_000));
    gate.reached().await;
    let mut end = Box::pin(setting.upkeep.stop());
    assert!(futures_util::poll!(&mut end).is_pending());
    gate.open();
    end.await;
    assert!(setting.model.is_empty());
    assert_eq!(setting.store.spy.calls().sweep, 1);
}

#[tokio::test(start_paused = true)]
async fn the_store_ends_with_its_last_user() {
    let setting = setting(0).await;
    let store = Arc::downgrade(&setting.store);
    setting.upkeep.see(moment_at(0));
    drop(setting);
    until(|| store.strong_count() == 0).await;
}

#[test]
fn the_callers_clock_goes_on_between_calls_and_back_with_them() {
    let clock = SeenClock::new();
    for seconds in [0, 5_000, 100] {
        clock.see(moment_at(seconds));
        let now = clock.now();
        let since = now - moment_at(seconds);
        assert!(
            (0.0..60.0).contains(&since.as_seconds_f64().abs()),
            "{since}"
        );
    }
}

#[test]
fn settings_that_make_no_sense_name_their_field() {
    let usual = Sweeping::default();
    usual.check().unwrap();
    let never = Sweeping {
        every: None,
        ..usual
    };
    never.check().unwrap();
    let hot = Sweeping {
        every: Some(Duration::ZERO),
        ..usual
    };
    assert!(hot.check().unwrap_err().to_string().contains("sweep_every"));
    // Clocks never agree to the microsecond, so a margin of nothing would remove nothing.
    for margin in [0, 9, 86_401].map(Duration::from_secs) {
        let error = Sweeping { margin, ..usual }.check().unwrap_err();
        assert!(error.to_string().contains("sweep_margin"), "{error}");
    }
}
