use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use session_core::Store;

use crate::report::{Verdict, report};
use crate::store_fixture::Rig;
use crate::{
    store_end, store_insert, store_owners, store_races, store_random, store_records, store_renewal,
    store_replace, store_touch,
};

/// Panics unless a store does what [`Store`] says, naming every case that failed.
///
/// `name` is the store's in reports. `make` returns a fresh, empty store for each case: a new file, a new table, a new prefix.
/// The suite knows no runtime; run it on the one that the store needs.
///
/// ```
/// use std::sync::Arc;
/// use session_core::Store;
/// use session_testkit::{ModelStore, store_suite};
///
/// pollster::block_on(store_suite("model", async || Arc::new(ModelStore::new()) as Arc<dyn Store>));
/// ```
///
/// # Panics
///
/// If a case fails.
pub async fn store_suite<F>(name: &str, make: F)
where
    F: AsyncFn() -> Arc<dyn Store>,
{
    let mut outcomes = Vec::new();
    for case in store_cases() {
        let store = make().await;
        let run = AssertUnwindSafe(case.run(store)).catch_unwind();
        outcomes.push((case.name(), run.await.is_ok()));
    }
    let verdicts = outcomes.iter().map(|(case, passed)| {
        let verdict = if *passed {
            Verdict::Passed
        } else {
            Verdict::Failed
        };
        (*case, verdict)
    });
    report("store", name, verdicts);
    let failed: Vec<_> = outcomes.iter().filter(|(_, passed)| !passed).collect();
    let failed: Vec<_> = failed.iter().map(|(case, _)| *case).collect();
    assert!(
        failed.is_empty(),
        "{name} fails {} of {} cases: {}",
        failed.len(),
        store_cases().len(),
        failed.join(", ")
    );
}

/// Returns the suite's cases, to be run one by one.
///
/// ```
/// use std::sync::Arc;
/// use session_testkit::{ModelStore, store_cases};
///
/// let case = store_cases().iter().find(|case| case.name() == "a_deleted_record_is_gone").unwrap();
/// pollster::block_on(case.run(Arc::new(ModelStore::new())));
/// ```
#[must_use]
pub fn store_cases() -> &'static [StoreCase] {
    CASES
}

/// One thing that a store must do.
///
/// See [`store_cases`] for an example.
#[derive(Clone, Copy)]
pub struct StoreCase {
    name: &'static str,
    run: fn(Rig) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl StoreCase {
    /// Returns the case as a sentence with underscores, unique in the suite.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case against a store that is empty, and panics if it fails.
    ///
    /// # Panics
    ///
    /// If the store does otherwise, or returns an error.
    pub async fn run(&self, store: Arc<dyn Store>) {
        (self.run)(Rig(store)).await;
    }
}

impl fmt::Debug for StoreCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreCase({})", self.name)
    }
}

macro_rules! cases {
    ($($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {
        &[$($(StoreCase {
            name: stringify!($case),
            run: |rig| Box::pin(async move { $module::$case(&rig).await }),
        },)*)*]
    };
}

const CASES: &[StoreCase] = cases! {
    store_insert: [
        nothing_is_there_before_it_is_inserted,
        an_inserted_record_is_loaded,
        an_insert_over_a_live_record_is_refused,
        an_insert_overwrites_an_expired_record,
        a_record_that_is_dead_on_arrival_is_absent,
        keys_are_told_apart_byte_by_byte,
    ],
    store_replace: [
        a_replace_puts_the_new_state,
        a_replace_of_nothing_is_refused,
        a_replace_of_an_expired_record_is_refused,
        a_replace_of_another_state_is_refused,
        a_replace_under_a_new_key_moves_the_session,
        a_replace_under_a_live_key_is_refused,
        a_replace_under_an_expired_key_takes_it,
        a_refused_move_creates_nothing,
        a_replace_may_shorten_a_life,
        a_moved_session_can_be_moved_on_and_back,
        every_pair_of_keys_can_be_swapped_through,
    ],
    store_renewal: [
        a_moved_session_is_found_by_its_old_key_for_a_while,
        an_old_key_that_need_not_be_remembered_is_not,
        an_old_key_cannot_be_written,
        a_delete_by_the_old_key_ends_the_session,
        a_delete_by_a_forgotten_key_ends_nothing,
        an_old_key_is_remembered_over_writes_and_touches,
        only_the_last_key_is_remembered,
        an_old_key_ends_with_its_session,
        a_new_session_under_an_expired_key_has_no_old_key,
    ],
    store_touch: [
        a_touch_moves_both_moments,
        a_touch_leaves_everything_else,
        a_touch_never_moves_back,
        each_moment_moves_by_itself,
        a_touch_of_nothing_is_refused,
        a_touch_of_an_expired_record_is_refused,
        a_touch_of_another_state_is_refused,
        a_touched_record_outlives_its_old_end,
    ],
    store_end: [
        a_deleted_record_is_gone,
        a_delete_is_always_applied,
        a_deleted_key_can_be_used_again,
        a_record_is_dead_when_its_end_is_now,
        a_microsecond_before_its_end_a_record_lives,
        an_expired_record_comes_back_for_nobody,
        a_sweep_removes_exactly_the_expired,
        a_sweep_keeps_to_its_limit,
        a_sweep_of_nothing_removes_nothing,
        a_check_of_a_good_store_succeeds_and_leaves_nothing,
    ],
    store_records: [
        every_field_comes_back,
        moments_are_exact_to_the_microsecond,
        moments_far_away_come_back,
        every_expiry_comes_back,
        data_comes_back_byte_for_byte,
        large_data_comes_back,
        what_is_no_json_comes_back,
        owners_come_back_byte_for_byte,
        revisions_and_handles_of_every_size_come_back,
        a_replace_can_empty_every_optional_field,
    ],
    store_owners: [
        an_owner_has_the_sessions_that_say_so,
        devices_are_sorted_by_last_use,
        a_device_shows_what_the_record_says,
        expired_sessions_are_no_devices,
        the_index_follows_every_command,
        owners_are_told_apart_byte_by_byte,
        revoking_all_ends_every_session_of_the_owner,
        revoking_all_but_one_keeps_it,
        revoking_one_ends_it_alone,
        another_owners_handle_is_as_good_as_unknown,
        revoking_counts_live_sessions_only,
        a_revoked_session_cannot_be_written,
        many_sessions_of_one_owner_are_all_listed_and_ended,
    ],
    store_races: [
        of_many_inserts_under_one_key_one_applies,
        of_many_replaces_of_one_state_one_applies,
        of_many_moves_of_one_session_one_applies,
        of_many_sessions_one_moves_to_a_key,
        a_delete_wins_against_later_replaces,
        a_delete_by_the_old_key_and_a_move_see_each_other,
        many_writers_of_different_sessions_all_succeed,
    ],
    store_random: [
        random_commands_do_what_the_model_does,
    ],
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ModelStore;

    #[test]
    fn the_model_passes() {
        pollster::block_on(store_suite("model", async || {
            Arc::new(ModelStore::new()) as Arc<dyn Store>
        }));
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = store_cases().iter().map(StoreCase::name).collect();
        assert_eq!(names.len(), store_cases().len());
    }
}
