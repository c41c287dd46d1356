use std::fmt;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;

use super::cases::{
    aborts, bearers, caps, cookies, devices, ended, errors, gone, lifetime, login, origins, races,
    renewal, requirements, routes, several, values,
};
use super::{Failure, Server};
use crate::report::{Verdict, report};

/// One named case.
#[derive(Clone, Copy)]
pub struct HttpCase {
    name: &'static str,
    run: for<'a> fn(&'a dyn Server) -> BoxFuture<'a, Result<(), Failure>>,
}

impl HttpCase {
    /// Returns the name, a sentence.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case.
    ///
    /// # Errors
    ///
    /// A check did not hold; the failure says what was seen instead.
    pub async fn run(&self, server: &dyn Server) -> Result<(), Failure> {
        (self.run)(server).await
    }
}

impl fmt::Debug for HttpCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpCase({})", self.name)
    }
}

/// The failed cases, with what each saw.
#[derive(Debug)]
pub struct HttpFailures(Vec<(&'static str, Failure)>);

impl fmt::Display for HttpFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} cases failed", self.0.len(), HTTP_CASES.len())?;
        for (name, failure) in &self.0 {
            write!(f, "\n  {name}: {failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for HttpFailures {}

/// Runs every case and returns their number; several at a time, since most of them wait.
///
/// `name` is the server's name in reports.
///
/// # Errors
///
/// Some cases failed.
pub async fn http_suite(name: &str, server: &dyn Server) -> Result<usize, HttpFailures> {
    http_suite_but(name, server, &[]).await
}

/// Runs every case; `impossible` names those that no adapter can pass, with the reason.
///
/// These run too. If one passes, that is a failure, because its reason no longer holds.
///
/// # Errors
///
/// Some cases failed, or passed unexpectedly.
pub async fn http_suite_but(
    name: &str,
    server: &dyn Server,
    impossible: &[(&str, &str)],
) -> Result<usize, HttpFailures> {
    let mut runs = Vec::new();
    for case in HTTP_CASES {
        let outcome = (case.run)(server);
        runs.push(async move { (case.name, outcome.await) });
    }
    let outcomes: Vec<_> = stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
    let mut failures = Vec::new();
    let mut verdicts = Vec::new();
    for (case, outcome) in outcomes {
        let reason = impossible.iter().find(|(name, _)| *name == case);
        let verdict = match (outcome, reason) {
            (Ok(()), None) => Verdict::Passed,
            (Err(_), Some(_)) => Verdict::Impossible,
            (Err(failure), None) => {
                failures.push((case, failure));
                Verdict::Failed
            }
            (Ok(()), Some((_, reason))) => {
                let message = format!("it passes, although {reason}");
                failures.push((case, Failure::new(message)));
                Verdict::Failed
            }
        };
        verdicts.push((case, verdict));
    }
    report("http", name, verdicts);
    if failures.is_empty() {
        Ok(HTTP_CASES.len())
    } else {
        Err(HttpFailures(failures))
    }
}

const AT_ONCE: usize = 16;

/// The cases that are impossible for an application without connections.
pub const NEED_CONNECTIONS: [(&str, &str); 5] = [
    ("an_aborted_write_is_whole_or_absent", NO_CONNECTION),
    ("an_aborted_logout_is_whole_or_absent", NO_CONNECTION),
    ("a_logout_after_an_aborted_request_holds", NO_CONNECTION),
    ("a_server_survives_many_aborts", NO_CONNECTION),
    (
        "streams_whose_clients_have_gone_make_room_for_others",
        NO_CONNECTION,
    ),
];

const NO_CONNECTION: &str = "there is no connection to close";

macro_rules! cases {
    ($($module:ident: $($name:ident)*;)*) => {
        &[$($(HttpCase {
            name: stringify!($name),
            run: |server| Box::pin($module::$name(server)),
        },)*)*]
    };
}

/// Returns the cases, for a runner that runs them one by one.
pub const HTTP_CASES: &[HttpCase] = cases! {
    routes:
        the_page_is_html
        the_store_is_healthy
        an_unknown_path_is_not_found
        another_method_is_told_the_right_ones
        head_answers_as_get_does
        head_writes_as_get_does
        an_untouched_session_has_no_headers
        reading_creates_nothing
        a_page_that_only_reads_sets_no_cookie
        changing_nothing_creates_nothing;
    values:
        a_value_is_set_read_and_removed
        every_json_value_comes_back
        keys_are_percent_decoded
        a_body_that_is_not_json_changes_nothing
        an_increment_starts_at_one
        clearing_keeps_the_session
        two_browsers_are_apart
        a_reader_is_told_that_answers_vary
        a_second_write_sends_no_cookie;
    cookies:
        the_cookie_has_its_attributes
        the_cookie_has_the_name_of_the_flag
        until_browser_close_has_no_age
        the_removal_repeats_the_cookies_identity
        an_answer_with_the_cookie_is_private
        an_unknown_id_is_never_adopted
        a_malformed_neighbour_does_no_harm
        a_neighbour_that_is_no_utf_8_does_no_harm
        every_duplicate_is_looked_up
        several_cookie_headers_are_one_list
        a_malformed_id_is_no_session
        the_id_never_shows_in_a_body;
    login:
        signing_in_gives_a_new_id_and_keeps_the_data
        another_owner_finds_none_of_the_data
        the_same_owner_gets_a_new_id_too
        cycling_keeps_the_data_and_ends_the_old_id_in_the_end
        cycling_twice_at_once_changes_the_id_once
        reauthenticating_gives_a_new_id_and_keeps_the_handle
        reauthenticating_needs_an_owner
        logging_out_ends_the_session_everywhere
        logging_out_without_a_session_is_fine
        a_stale_cookie_keeps_nobody_from_signing_in
        relogin_starts_from_nothing
        a_user_without_a_name_is_refused;
    devices:
        devices_need_an_owner
        an_owner_sees_every_device
        an_owner_revokes_one
        an_owner_revokes_all_but_the_current
        nobody_revokes_another_owners_device
        a_device_is_named_after_its_user_agent
        a_sensitive_page_wants_a_fresh_moment
        a_re_authentication_is_a_fresh_moment
        a_new_password_ends_the_other_sessions;
    caps:
        past_the_cap_the_device_used_longest_ago_ends
        past_the_cap_a_login_is_refused_if_the_flag_says_so
        racing_logins_stay_under_the_cap;
    lifetime:
        a_lifetime_in_seconds_holds
        a_lifetime_until_a_moment_holds
        a_lifetime_until_browser_close_holds
        a_lifetime_goes_back_to_the_default
        a_lifetime_survives_later_writes
        an_impossible_lifetime_is_refused
        an_idle_session_ends
        reading_keeps_a_session_alive
        what_remains_is_nothing_without_a_session
        what_remains_is_what_the_session_has
        asking_what_remains_is_no_activity
        a_page_that_only_reads_is_no_activity
        an_absolute_limit_holds_whatever_the_activity;
    several:
        two_sessions_have_a_cookie_each
        two_sessions_hold_different_values
        two_sessions_can_be_written_in_one_request
        ending_one_session_leaves_the_other
        reading_two_sessions_varies_once
        two_sessions_are_not_there_unless_asked_for;
    bearers:
        a_bearer_has_its_id_in_one_header
        a_bearers_cookie_is_not_looked_at
        an_id_opens_nothing_by_another_carrier
        a_bearers_logout_sends_nothing
        a_bearers_lifetime_holds_at_the_server
        a_token_is_read_strictly;
    renewal:
        a_secret_is_renewed_by_the_first_request_that_is_late_enough
        an_error_renews_no_secret
        asking_what_remains_renews_no_secret
        of_ten_requests_across_a_renewal_all_succeed_and_end_on_one_id;
    origins:
        what_another_site_may_have_caused_changes_nothing
        what_a_page_of_the_site_sends_is_taken
        a_link_from_another_site_is_followed;
    ended:
        a_stream_tells_when_its_session_has_ended
        a_stream_tells_that_its_device_was_one_too_many
        a_renewed_id_ends_no_stream
        holding_a_stream_is_no_activity
        a_stream_needs_a_session
        the_head_of_a_stream_is_all_that_head_gets
        past_sixty_four_streams_there_is_no_other
        streams_whose_clients_have_gone_make_room_for_others;
    errors:
        an_error_of_the_server_drops_the_changes
        an_error_of_the_client_keeps_them
        every_other_status_commits
        a_failed_cycle_leaves_the_old_id
        a_failed_login_signs_nobody_in
        a_failed_logout_logs_out
        a_panic_saves_nothing
        a_stream_cannot_write;
    gone:
        a_dropped_write_is_answered_as_a_kept_one
        a_dropped_write_is_refused_if_the_flag_says_so
        requests_that_lose_nothing_are_never_refused
        a_login_whose_session_was_ended_is_always_refused
        a_password_change_of_an_ended_session_ends_no_other;
    requirements:
        r07_an_id_elsewhere_than_in_its_cookie_opens_nothing
        r27_what_a_client_says_of_times_changes_nothing
        r35_every_act_sets_one_cookie_at_most_without_repeated_attributes
        r44_a_value_over_its_limit_is_refused_and_the_old_data_stay
        r63_without_consent_no_session_and_no_cookie_begin;
    aborts:
        an_aborted_write_is_whole_or_absent
        an_aborted_logout_is_whole_or_absent
        a_logout_after_an_aborted_request_holds
        a_server_survives_many_aborts;
    races:
        overlapping_writes_of_different_keys_all_survive
        overlapping_increments_all_count
        a_logout_during_a_slow_write_holds
        a_login_during_a_slow_read_keeps_its_cookie
        a_login_during_a_slow_write_keeps_its_cookie
        a_write_that_starts_after_a_login_keeps_its_cookie
        a_write_during_a_slow_login_is_carried_along
        a_second_login_from_before_the_first_works
        a_double_click_on_a_login_signs_in
        a_logout_with_the_id_from_before_a_login_ends_the_old_session_alone
        a_logout_with_the_id_from_before_a_cycle_holds
        a_slow_write_follows_a_cycle
        of_two_cycles_one_gives_a_new_id
        a_revocation_during_a_slow_write_holds;
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_may_move_the_suite_between_threads() {
        fn is_send(_: &impl Send) {}
        fn check(server: &dyn Server) {
            is_send(&http_suite("any", server));
        }
        let _ = check;
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = HTTP_CASES.iter().map(HttpCase::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), HTTP_CASES.len());
    }
}
