/// The cases that cannot apply to sessions that are sealed in their cookies, with the reason.
pub const NEED_A_STORE: [(&str, &str); 58] = [
    ("a_stream_tells_when_its_session_has_ended", UNLISTED),
    ("a_stream_tells_that_its_device_was_one_too_many", UNLISTED),
    ("a_renewed_id_ends_no_stream", UNLISTED),
    ("holding_a_stream_is_no_activity", UNLISTED),
    ("a_stream_needs_a_session", UNLISTED),
    ("the_head_of_a_stream_is_all_that_head_gets", UNLISTED),
    ("past_sixty_four_streams_there_is_no_other", UNLISTED),
    (
        "streams_whose_clients_have_gone_make_room_for_others",
        UNLISTED,
    ),
    ("a_second_write_sends_no_cookie", IN_THE_COOKIE),
    ("clearing_keeps_the_session", IN_THE_COOKIE),
    ("a_lifetime_survives_later_writes", IN_THE_COOKIE),
    ("an_aborted_write_is_whole_or_absent", IN_THE_COOKIE),
    ("cycling_twice_at_once_changes_the_id_once", NO_ID),
    (
        "cycling_keeps_the_data_and_ends_the_old_id_in_the_end",
        NO_ID,
    ),
    ("of_two_cycles_one_gives_a_new_id", NO_ID),
    ("a_slow_write_follows_a_cycle", NO_ID),
    ("another_owner_finds_none_of_the_data", COPIES_LIVE),
    ("the_same_owner_gets_a_new_id_too", COPIES_LIVE),
    ("relogin_starts_from_nothing", COPIES_LIVE),
    ("logging_out_ends_the_session_everywhere", COPIES_LIVE),
    ("a_stale_cookie_keeps_nobody_from_signing_in", COPIES_LIVE),
    ("a_logout_after_an_aborted_request_holds", COPIES_LIVE),
    ("a_failed_logout_logs_out", COPIES_LIVE),
    ("requests_that_lose_nothing_are_never_refused", COPIES_LIVE),
    (
        "a_logout_with_the_id_from_before_a_login_ends_the_old_session_alone",
        COPIES_LIVE,
    ),
    (
        "a_logout_with_the_id_from_before_a_cycle_holds",
        COPIES_LIVE,
    ),
    ("a_dropped_write_is_answered_as_a_kept_one", NOT_ENDED),
    ("a_dropped_write_is_refused_if_the_flag_says_so", NOT_ENDED),
    (
        "a_login_whose_session_was_ended_is_always_refused",
        NOT_ENDED,
    ),
    ("a_logout_during_a_slow_write_holds", NOT_ENDED),
    (
        "reauthenticating_gives_a_new_id_and_keeps_the_handle",
        UNLISTED,
    ),
    ("an_owner_sees_every_device", UNLISTED),
    ("an_owner_revokes_one", UNLISTED),
    ("an_owner_revokes_all_but_the_current", UNLISTED),
    ("nobody_revokes_another_owners_device", UNLISTED),
    ("a_device_is_named_after_its_user_agent", UNLISTED),
    ("a_new_password_ends_the_other_sessions", UNLISTED),
    (
        "a_password_change_of_an_ended_session_ends_no_other",
        UNLISTED,
    ),
    ("past_the_cap_the_device_used_longest_ago_ends", UNLISTED),
    (
        "past_the_cap_a_login_is_refused_if_the_flag_says_so",
        UNLISTED,
    ),
    ("racing_logins_stay_under_the_cap", UNLISTED),
    ("a_re_authentication_is_a_fresh_moment", COPIES_LIVE),
    ("a_revocation_during_a_slow_write_holds", UNLISTED),
    (
        "overlapping_writes_of_different_keys_all_survive",
        LATER_WINS,
    ),
    ("overlapping_increments_all_count", LATER_WINS),
    (
        "a_write_that_starts_after_a_login_keeps_its_cookie",
        LATER_WINS,
    ),
    ("a_login_during_a_slow_write_keeps_its_cookie", LATER_WINS),
    ("a_write_during_a_slow_login_is_carried_along", LATER_WINS),
    ("a_bearer_has_its_id_in_one_header", NO_BEARERS),
    ("a_bearers_cookie_is_not_looked_at", NO_BEARERS),
    ("an_id_opens_nothing_by_another_carrier", NO_BEARERS),
    ("a_bearers_logout_sends_nothing", NO_BEARERS),
    ("a_bearers_lifetime_holds_at_the_server", NO_BEARERS),
    ("a_token_is_read_strictly", NO_BEARERS),
    (
        "a_secret_is_renewed_by_the_first_request_that_is_late_enough",
        NO_SECRET,
    ),
    ("an_error_renews_no_secret", NO_SECRET),
    ("asking_what_remains_renews_no_secret", NO_SECRET),
    (
        "of_ten_requests_across_a_renewal_all_succeed_and_end_on_one_id",
        NO_SECRET,
    ),
];

const IN_THE_COOKIE: &str = "each change is in the answer's cookie";
const NO_ID: &str = "each cookie is its own id, and the one before stays good";
const COPIES_LIVE: &str = "only a store can end a copy of the cookie before its time";
const NOT_ENDED: &str = "a request learns of an end elsewhere only from a store";
const UNLISTED: &str = "nobody knows which sessions there are; a 501";
const LATER_WINS: &str = "of two requests at once the later answer's cookie counts";
const NO_BEARERS: &str = "the session is in the cookie, so it can't travel as a token";
const NO_SECRET: &str = "there is no secret to renew";
