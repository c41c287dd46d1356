//! What must hold in every schedule.
//!
//! Four things need not, because nobody can tell them from what is right:
//!
//! - an answer that was computed with the old key before a login and arrives after the login's
//!   answer puts the old key back into the jar;
//! - a request that was sent before a login's answer and reaches the store after the grace begins a
//!   session of nobody, whose cookie takes the place of the login's;
//! - the removal cookie of a logout that arrives after a later login removes the login's cookie;
//! - an older secret that arrives after the cookie of a re-authentication was presented takes its
//!   place, and is dead when the grace is over.

use session_core::{Moment, Record};

use crate::actor::Actor;
use crate::cast::{Act, EXPIRE};
use crate::outcome::Sight;
use crate::scene::{Event, Known};
use crate::values::{
    a_sign_in_keeps_what_its_request_has_seen, an_error_stores_nothing,
    no_acknowledged_increment_is_lost_or_counted_twice, no_acknowledged_put_is_lost,
};
use crate::visit::{Property, Visit};

/// After each step.
pub const ALWAYS: &[(&str, Property)] = &[
    (
        "one visitor has one session, unless two requests sign in",
        one_visitor_has_one_session_unless_two_requests_sign_in,
    ),
    (
        "nothing that was ended comes back",
        nothing_that_was_ended_comes_back,
    ),
];

/// When all requests have ended, and the last answers have arrived or not.
pub const AFTERWARDS: &[(&str, Property)] = &[
    (
        "what was acknowledged has its cookie",
        what_was_acknowledged_has_its_cookie,
    ),
    (
        "an answer sets only the secret that its own write has made the present one",
        an_answer_sets_only_the_secret_that_its_own_write_has_made_the_present_one,
    ),
    (
        "no id from before a sign-in shows what was signed in",
        no_id_from_before_a_sign_in_shows_what_was_signed_in,
    ),
    (
        "a planter has no part in the session that is signed in",
        a_planter_has_no_part_in_the_session_that_is_signed_in,
    ),
    (
        "a thief gains nothing by a re-authentication",
        a_thief_gains_nothing_by_a_reauthentication,
    ),
    ("no acknowledged put is lost", no_acknowledged_put_is_lost),
    (
        "no acknowledged increment is lost or counted twice",
        no_acknowledged_increment_is_lost_or_counted_twice,
    ),
    ("an error stores nothing", an_error_stores_nothing),
    (
        "the answer of a sign-in leads to its session",
        the_answer_of_a_sign_in_leads_to_its_session,
    ),
    (
        "a rotation never logs the browser out",
        a_rotation_never_logs_the_browser_out,
    ),
    (
        "who has the present secret sees the moment of authentication",
        who_has_the_present_secret_sees_the_moment_of_authentication,
    ),
    (
        "a sign-in keeps what its request has seen",
        a_sign_in_keeps_what_its_request_has_seen,
    ),
    (
        "an ended session is open to nobody",
        an_ended_session_is_open_to_nobody,
    ),
];

/// While the grace of a login runs.
pub const IN_THE_GRACE: &[(&str, Property)] = &[(
    "no id from before a sign-in begins a session of nobody",
    no_id_from_before_a_sign_in_begins_a_session_of_nobody,
)];

/// A live session that is not closed and holds the first one's value, by a cookie that was sent.
fn one_visitor_has_one_session_unless_two_requests_sign_in(visit: &Visit<'_>) -> bool {
    let sign_ins = visit.actors.iter().filter(|actor| actor.does(signs_in));
    visit.scene.marked() <= sign_ins.count().max(1)
}

fn nothing_that_was_ended_comes_back(visit: &Visit<'_>) -> bool {
    !visit.scene.is_first_ended || visit.scene.marked() == 0
}

/// What the store has acknowledged to a request, and the request to its handler or the browser: the
/// browser has the cookie already, or the answer sets it, even if it is an error.
pub fn what_was_acknowledged_has_its_cookie(visit: &Visit<'_>) -> bool {
    visit.actors.iter().all(|actor| {
        let Some(answer) = &actor.answer else {
            return true;
        };
        let had = actor.sent.as_ref().map(|sent| sent.key);
        let has = match &answer.cookie {
            Some(cookie) => Some(cookie.key),
            None => had.filter(|_| !answer.changes_the_jar()),
        };
        let has_key = actor.held.is_none() || has == actor.held;
        let cookie = answer.cookie.as_ref().map(|cookie| cookie.digest);
        has_key && (answer.owed.is_none() || cookie == answer.owed)
    })
}

/// So it is never that of a session that is over, closed or another's. After an early save others
/// may have gone on from there, and the request does not know.
pub fn an_answer_sets_only_the_secret_that_its_own_write_has_made_the_present_one(
    visit: &Visit<'_>,
) -> bool {
    visit.actors.iter().all(|actor| {
        let Some(answer) = &actor.answer else {
            return true;
        };
        let Some(cookie) = &answer.cookie else {
            return true;
        };
        let mut writes = visit.scene.events.iter().rev();
        let last = writes.find(|event| {
            event.actor == actor.number && event.is_acknowledged && event.key == cookie.key
        });
        let after = last.and_then(|event| event.after.as_ref());
        let is_own = after.is_some_and(|record| record.secrets.present == cookie.digest);
        is_own && (answer.is_cookie_early || answer.is_cookie_right)
    })
}

/// Its owner, the values that were written after it, and its moment.
fn no_id_from_before_a_sign_in_shows_what_was_signed_in(visit: &Visit<'_>) -> bool {
    let is_first = |known: &Option<Known>| {
        let first = visit.scene.first.key;
        known.as_ref().is_some_and(|known| known.key == first)
    };
    let inserts = visit.scene.events.iter().filter(|event| event.is_insert);
    let moments: Vec<Moment> = inserts
        .filter_map(|event| event.after.as_ref()?.authenticated)
        .collect();
    let written = visit.actors.iter().map(|actor| &actor.ledger.written);
    let private: Vec<&String> = written.flat_map(|written| &written.private).collect();
    let is_harmless = |sight: &Sight| {
        let is_nothing = sight.owner.is_none() && sight.names.is_empty();
        let owner = sight.owner.as_deref();
        (owner.is_none() || owner == visit.scene.setting.owner)
            && !private.iter().any(|name| sight.names.contains(name))
            && sight
                .authenticated
                .is_none_or(|moment| !moments.contains(&moment))
            && (is_nothing || !sight.is_closed || visit.scene.setting.owner.is_none())
    };
    let requests = visit.actors.iter().filter(|actor| is_first(&actor.sent));
    let mut seen = requests
        .flat_map(|actor| &actor.sights)
        .filter(|sight| !sight.is_own_sign_in);
    let endings = visit.endings.iter().filter(|ending| is_first(&ending.jar));
    seen.all(is_harmless) && endings.flat_map(|ending| &ending.sights).all(is_harmless)
}

/// The planter neither reads nor writes it and gets none of its cookies.
pub fn a_planter_has_no_part_in_the_session_that_is_signed_in(visit: &Visit<'_>) -> bool {
    if visit.scene.setting.owner.is_some() {
        return true;
    }
    let is_owned =
        |record: &Option<Record>| record.as_ref().is_some_and(|record| record.owner.is_some());
    visit.strangers().all(|planter| {
        let events = visit.scene.events.iter();
        let mut own = events.filter(|event| event.actor == planter.number);
        let keeps_out = own.all(|event| !is_owned(&event.before) && !is_owned(&event.after));
        let sees_nothing = planter.sights.iter().all(|sight| sight.owner.is_none());
        let opens = |cookie: &Known| visit.see(&cookie.cookie).owner.is_some();
        keeps_out && sees_nothing && !cookies_of(planter).any(opens)
    })
}

/// With an id from before it, they see no moment of authentication but the one from before it, and
/// get no secret that was made by it or after it.
fn a_thief_gains_nothing_by_a_reauthentication(visit: &Visit<'_>) -> bool {
    if visit.scene.setting.owner.is_none() {
        return true;
    }
    let first = visit.scene.first.key;
    let mut states = visit.scene.events.iter().filter(|event| event.key == first);
    let Some(event) = states.find(|event| reauthenticates(event)) else {
        return true;
    };
    let secrets: Vec<_> = std::iter::once(event)
        .chain(states)
        .filter_map(|event| Some(event.after.as_ref()?.secrets.present))
        .collect();
    let before = event
        .before
        .as_ref()
        .and_then(|record| record.authenticated);
    let is_old = |sight: &Sight| sight.authenticated.is_none() || sight.authenticated == before;
    visit.strangers().all(|thief| {
        let opens_nothing_new = cookies_of(thief)
            .all(|cookie| !secrets.contains(&cookie.digest) && is_old(&visit.see(&cookie.cookie)));
        opens_nothing_new && thief.sights.iter().all(is_old)
    })
}

/// Its cookie would take the place of the login's.
fn no_id_from_before_a_sign_in_begins_a_session_of_nobody(visit: &Visit<'_>) -> bool {
    let first = visit.scene.first.key;
    let mut events = visit.scene.events.iter();
    let closes = |event: &Event| {
        let closed = event.after.as_ref().is_some_and(|record| record.closed);
        event.key == first && closed
    };
    if !events.any(closes) || ends(visit) {
        return true;
    }
    events.all(|event| {
        let sent = visit.actors[event.actor].sent.as_ref();
        let is_from_before = sent.is_some_and(|sent| sent.key == first);
        let is_owned = event
            .after
            .as_ref()
            .is_some_and(|record| record.owner.is_some());
        !event.is_insert || !is_from_before || is_owned
    })
}

/// Whichever answer of a double click arrives last.
fn the_answer_of_a_sign_in_leads_to_its_session(visit: &Visit<'_>) -> bool {
    let time_is_over = visit.any(|act| act == EXPIRE);
    visit.endings.iter().all(|ending| {
        let Some(actor) = ending.last.map(|last| &visit.actors[last]) else {
            return true;
        };
        let Some(answer) = &actor.answer else {
            return true;
        };
        let (Some(owner), Some(jar)) = (actor.owner, &ending.jar) else {
            return true;
        };
        let mut events = visit.scene.events.iter();
        let is_ended = events.any(|event| event.is_delete && event.key == jar.key);
        let sees_it = |sight: &Sight| sight.owner.as_deref() == Some(owner);
        answer.is_error || is_ended || time_is_over || ending.sights.iter().all(sees_it)
    })
}

/// Neither before the grace ends nor after it, whichever answers are lost.
fn a_rotation_never_logs_the_browser_out(visit: &Visit<'_>) -> bool {
    if ends(visit) || visit.any(signs_in) || visit.strangers().next().is_some() {
        return true;
    }
    let Some(record) = visit.scene.live(&visit.scene.first.key) else {
        return false;
    };
    let keeps_base = !visit.any(|act| act == Act::Clear);
    let first = visit.scene.first.key;
    let is_one = |event: &&Event| event.key == first && reauthenticates(event);
    let mut answers = visit.scene.events.iter().filter(is_one);
    let is_presented = answers.any(|event| {
        let secret = event.after.as_ref().map(|record| record.secrets.present);
        let mut sent = visit.actors.iter().filter_map(|actor| actor.sent.as_ref());
        sent.any(|sent| Some(sent.digest) == secret)
    });
    visit.endings.iter().all(|ending| {
        let is_older = ending
            .jar
            .as_ref()
            .is_none_or(|jar| jar.digest != record.secrets.present);
        let is_limit = is_presented && is_older;
        let is_open = |sight: &Sight| {
            sight.exists
                && sight.owner.as_deref() == visit.scene.setting.owner
                && (!keeps_base || sight.names.iter().any(|name| name == "base"))
        };
        is_limit || ending.sights.iter().all(is_open)
    })
}

fn who_has_the_present_secret_sees_the_moment_of_authentication(visit: &Visit<'_>) -> bool {
    visit.endings.iter().all(|ending| {
        let Some(jar) = &ending.jar else {
            return true;
        };
        let record = visit.scene.live(&jar.key).filter(|record| !record.closed);
        let Some(record) = record.filter(|record| record.secrets.present == jar.digest) else {
            return true;
        };
        let mut sights = ending.sights.iter();
        sights.all(|sight| sight.authenticated == record.authenticated)
    })
}

fn an_ended_session_is_open_to_nobody(visit: &Visit<'_>) -> bool {
    let first = visit.scene.first.key;
    let mut known = visit.scene.known.iter().filter(|known| known.key == first);
    !visit.scene.is_first_ended || known.all(|known| !visit.see(&known.cookie).exists)
}

fn signs_in(act: Act) -> bool {
    matches!(act, Act::SignIn(_))
}

pub fn ends(visit: &Visit<'_>) -> bool {
    visit.any(|act| [Act::Destroy, Act::Logout, EXPIRE].contains(&act))
}

fn reauthenticates(event: &Event) -> bool {
    let moment = |record: &Option<Record>| record.as_ref().and_then(|record| record.authenticated);
    moment(&event.after).is_some() && moment(&event.before) != moment(&event.after)
}

/// Everything that somebody can present: what they began with, and what they were sent.
fn cookies_of(actor: &Actor) -> impl Iterator<Item = &Known> {
    let answer = actor.answer.as_ref();
    let sent = answer.and_then(|answer| answer.cookie.as_ref());
    actor.sent.iter().chain(sent)
}
