//! The store in Django's table, on each database; the writes of Django's are this test's own.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "django")]

#[path = "../estimates/mod.rs"]
mod a_number;
#[cfg(all(feature = "redis", feature = "sqlite"))]
mod cache;
#[cfg(all(feature = "cached", feature = "sqlite"))]
mod cached;
mod cases;
mod cuts;
mod estimates;
#[cfg(feature = "mysql")]
mod mysql;
mod opening;
#[cfg(feature = "postgres")]
mod postgres;
mod races;
mod renames;
mod site;
#[cfg(feature = "sqlite")]
mod sqlite;
mod suite;
mod tables;

/// Runs the tests of every database on sites that `$make` returns; `None` if there is no server.
macro_rules! on_each {
    ($make:path) => {
        $crate::on_each! {
            $make =>
            cases: [
                values_that_django_wrote_go_back_as_they_came,
                a_new_signature_is_no_other_state,
                what_django_saves_is_never_overwritten,
                what_django_saves_blindly_is_another_state,
                a_row_that_cannot_be_read_is_left_alone,
                a_logout_ends_a_session_that_cannot_be_read,
                a_revocation_of_everybody_ends_sessions_that_cannot_be_read,
                a_session_moves_within_its_row,
                a_closed_session_is_gone,
                a_key_of_two_parts_is_an_error,
                a_value_of_a_reserved_name_is_an_error,
                a_value_that_django_could_not_read_is_refused_where_it_is_set,
                an_old_key_still_opens,
                rows_of_other_keys_are_no_devices,
                a_session_of_an_owner_is_ended_whatever_its_key_is,
            ],
            cuts: [
                a_command_is_done_once_whichever_answer_is_lost,
            ],
            estimates: [
                the_estimates_are_near,
            ],
            opening: [
                keys_under_which_no_session_can_be_read_are_told_at_the_start,
            ],
            races: [
                of_sixteen_writers_none_loses_a_change,
                writers_and_a_site_that_signs_again_lose_no_change,
                a_session_that_is_ended_while_it_is_written_is_gone,
            ],
            renames: [
                a_logout_ends_a_session_that_has_got_a_new_key_meanwhile,
                a_logout_beside_two_new_keys_is_never_undone,
                a_key_that_comes_back_is_tried_once,
            ],
            tables: [
                the_table_that_is_made_is_djangos,
                a_missing_table_is_named_with_the_remedy,
                a_table_that_is_not_djangos_is_refused,
                a_model_of_the_sites_own_may_have_more_columns,
                an_error_shows_no_session_key,
                options_that_cannot_be_meant_are_refused,
            ],
        }
    };
    ($make:path => $($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {$($(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            if let Some(site) = $make().await {
                $crate::$module::$case(&site).await;
            }
        }
    )*)*};
}
use on_each;
