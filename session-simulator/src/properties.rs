//! What must hold whatever happens. Each property judges facts with the ledger, and says what is wrong.

mod cookies;
mod ends;
mod life;
mod lists;
mod secrets;
mod values;

use crate::ledger::{Fact, Ledger};

/// A rule, by its name.
#[derive(Clone, Copy)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) judge: fn(&Ledger, &Fact) -> Option<String>,
}

/// All of them.
pub(crate) const PROPERTIES: &[Property] = &[
    Property {
        name: "an acknowledged write is never lost",
        judge: values::no_acknowledged_write_is_lost,
    },
    Property {
        name: "no change counts twice",
        judge: values::no_change_counts_twice,
    },
    Property {
        name: "what was acknowledged was stored",
        judge: values::what_was_acknowledged_was_stored,
    },
    Property {
        name: "nobody sees another's values",
        judge: values::nobody_sees_anothers_values,
    },
    Property {
        name: "what was ended is never alive again",
        judge: ends::what_was_ended_is_never_alive_again,
    },
    Property {
        name: "a session that was left is read for the grace at most",
        judge: ends::a_left_session_is_read_for_the_grace_at_most,
    },
    Property {
        name: "nothing is stored of what was removed",
        judge: ends::nothing_is_stored_of_what_was_removed,
    },
    Property {
        name: "what has expired is never alive again",
        judge: life::what_has_expired_is_never_alive_again,
    },
    Property {
        name: "a failure commits nothing",
        judge: life::a_failure_commits_nothing,
    },
    Property {
        name: "what lives is found",
        judge: life::what_lives_is_found,
    },
    Property {
        name: "no id is adopted or used again",
        judge: cookies::no_id_is_adopted_or_used_again,
    },
    Property {
        name: "no answer carries another's cookie",
        judge: cookies::no_answer_carries_anothers_cookie,
    },
    Property {
        name: "a cookie is set for what its own write has stored",
        judge: cookies::a_cookie_is_set_for_what_its_own_write_has_stored,
    },
    Property {
        name: "what was acknowledged is told to the browser",
        judge: cookies::what_was_acknowledged_is_told,
    },
    Property {
        name: "only who ends a session removes its cookie",
        judge: cookies::only_who_ends_a_session_removes_its_cookie,
    },
    Property {
        name: "an old secret is dead when the new one was presented and the grace is over",
        judge: secrets::an_old_secret_dies,
    },
    Property {
        name: "a secret sees no moment of authentication that is younger",
        judge: secrets::a_secret_sees_no_younger_moment,
    },
    Property {
        name: "an owner's list is their live sessions",
        judge: lists::an_owners_list_is_their_live_sessions,
    },
    Property {
        name: "limits hold",
        judge: lists::limits_hold,
    },
];

/// Returns the first property that a fact contradicts, and why.
pub(crate) fn judge(ledger: &Ledger, fact: &Fact) -> Option<(&'static str, String)> {
    let mut found = PROPERTIES
        .iter()
        .filter_map(|property| Some((property.name, (property.judge)(ledger, fact)?)));
    found.next()
}

/// Says whether there is a property of that name.
#[must_use]
pub fn is_property(name: &str) -> bool {
    name == crate::run::STUCK || PROPERTIES.iter().any(|property| property.name == name)
}
