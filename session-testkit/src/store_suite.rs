use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use session_core::Store;

use crate::report::{Verdict, report};
use crate::store_fixture::Rig;
use crate::{
    store_delete, store_end, store_insert, store_move, store_owners, store_races, store_random,
    store_records, store_refusals, store_replace, store_tags, store_touch, store_walk,
};

/// Runs every case of the suite against a store.
///
/// `name` names the store in reports. `make` returns an empty store for each case: a new file, a
/// new table, a new prefix. Run the suite on the runtime that the store needs.
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
/// If a case fails; the message names every failed case.
pub async fn store_suite<F>(name: &str, make: F)
where
    F: AsyncFn() -> Arc<dyn Store>,
{
    let mut verdicts = Vec::new();
    for case in store_cases() {
        let run = AssertUnwindSafe(case.run(make().await)).catch_unwind();
        let verdict = match run.await {
            Ok(()) => Verdict::Passed,
            Err(_) => Verdict::Failed,
        };
        verdicts.push((case.name(), verdict));
    }
    report("store", name, verdicts.iter().copied());
    verdicts.retain(|(_, verdict)| *verdict == Verdict::Failed);
    let failed: Vec<_> = verdicts.iter().map(|(case, _)| *case).collect();
    assert!(
        failed.is_empty(),
        "{name} fails {} of {} cases: {}",
        failed.len(),
        store_cases().len(),
        failed.join(", ")
    );
}

/// Returns the cases of the suite, to be run one by one.
///
/// ```
/// use std::sync::Arc;
/// use session_testkit::{ModelStore, store_cases};
///
/// let name = "an_inserted_record_is_loaded";
/// let case = store_cases().iter().find(|case| case.name() == name).unwrap();
/// pollster::block_on(case.run(Arc::new(ModelStore::new())));
/// ```
#[must_use]
pub fn store_cases() -> &'static [StoreCase] {
    CASES
}

/// A requirement on stores.
///
/// See [`store_cases`] for an example.
#[derive(Clone, Copy)]
pub struct StoreCase {
    name: &'static str,
    run: fn(Rig) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl StoreCase {
    /// Returns the case's name: a sentence with underscores, unique in the suite.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case against an empty store.
    ///
    /// # Panics
    ///
    /// If the case fails.
    pub async fn run(&self, store: Arc<dyn Store>) {
        (self.run)(Rig::new(store)).await;
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
        an_inserted_record_is_loaded,
        a_load_looks_at_the_key_alone,
        an_insert_over_a_live_record_is_refused,
        an_insert_over_an_expired_record_takes_its_place_or_is_refused,
        a_record_may_be_over_on_arrival,
        keys_are_told_apart_byte_by_byte,
    ],
    store_replace: [
        a_replace_puts_the_new_state,
        a_replace_can_rotate_the_secret,
        a_replace_by_a_record_that_is_over_removes,
        a_replace_may_shorten_a_life,
        a_replace_may_lengthen_a_life_and_turn_back_a_moment,
    ],
    store_move: [
        a_move_puts_the_new_state_under_the_other_key,
        a_move_is_refused_where_a_replace_is,
        a_move_to_a_taken_key_is_refused,
        of_many_moves_one_applies,
        a_store_whose_keys_stay_says_so,
    ],
    store_touch: [
        a_touch_moves_each_moment_and_only_ever_later,
        a_touch_leaves_everything_else,
        a_touched_record_outlives_its_old_end,
    ],
    store_refusals: [
        a_write_to_nothing_is_refused,
        a_write_to_an_expired_record_is_refused,
        a_write_to_another_state_is_refused,
        a_write_to_a_deleted_record_is_refused,
        a_write_to_a_revoked_session_is_refused,
        an_expired_record_never_comes_back,
    ],
    store_delete: [
        a_deleted_record_is_gone_whatever_the_clock_says,
        a_delete_of_nothing_is_applied,
        a_delete_by_any_of_its_secrets_removes,
        a_delete_by_a_wrong_secret_removes_nothing,
        a_delete_if_over_compares_with_the_given_moment,
        a_delete_if_over_sees_an_extended_life,
    ],
    store_end: [
        a_record_is_over_when_its_end_is_now,
        a_microsecond_before_its_end_a_record_lives,
        a_sweep_removes_exactly_the_expired,
        a_sweep_keeps_to_its_limit,
        a_check_of_a_good_store_succeeds_and_leaves_nothing,
    ],
    store_records: [
        every_field_comes_back,
        a_replace_can_empty_every_optional_field,
        secrets_come_back_whole,
        moments_are_exact_to_the_microsecond,
        moments_far_away_come_back,
        every_expiry_comes_back,
        data_comes_back_byte_for_byte,
        data_that_is_no_json_comes_back,
        large_data_comes_back,
        owners_come_back_byte_for_byte,
        a_device_s_texts_come_back_byte_for_byte,
        revisions_of_every_size_come_back,
    ],
    store_owners: [
        an_owner_has_the_sessions_that_say_so,
        devices_are_sorted_by_sign_in,
        a_list_has_pages,
        a_device_shows_what_the_record_says,
        expired_sessions_are_no_devices,
        closed_sessions_are_no_devices,
        the_index_follows_every_command,
        owners_are_told_apart_byte_by_byte,
        a_revocation_removes_the_named_sessions_and_counts_the_listed_ones,
        a_revocation_removes_expired_sessions_and_does_not_count_them,
        many_sessions_of_one_owner_are_all_listed_and_ended,
    ],
    store_tags: [
        a_tag_ends_the_sessions_that_have_it_and_counts_the_listed_ones,
        tags_are_told_apart_byte_by_byte,
        a_tag_finds_a_session_through_every_command,
        many_sessions_of_one_tag_are_all_ended,
        everybodys_sessions_end_and_later_ones_live,
        very_many_sessions_of_everybody_are_all_ended,
    ],
    store_walk: [
        a_walk_meets_every_record_with_its_key,
        a_walk_of_nothing_meets_nothing,
        a_walk_beside_writes_meets_whatever_stays,
    ],
    store_races: [
        of_many_inserts_under_one_key_one_applies,
        of_many_rotations_and_a_touch_one_rotation_applies,
        an_end_is_never_undone_by_a_rotation,
        of_a_delete_if_over_and_a_touch_one_wins,
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
    fn the_model_of_plain_ids_passes() {
        pollster::block_on(store_suite("model of plain ids", async || {
            Arc::new(ModelStore::of_plain_ids()) as Arc<dyn Store>
        }));
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = store_cases().iter().map(StoreCase::name).collect();
        assert_eq!(names.len(), store_cases().len());
    }
}
