//! What is left of a session, and "stay signed in".

use std::time::Duration;

use session_core::{Expiry, PolicyBuilder, Remaining, Session};

use crate::util::World;
use crate::{HOUR, MINUTE, SECOND, lives};

type Policy = fn(PolicyBuilder) -> PolicyBuilder;
type Ask = fn(&Session) -> Remaining;

/// What is asked, how long after the last extension, of which policy: the answer, the calls, the cookie.
struct Row(
    &'static str,
    Policy,
    Duration,
    Ask,
    Option<u64>,
    &'static str,
    &'static str,
);

fn hour(policy: PolicyBuilder) -> PolicyBuilder {
    policy.idle(HOUR)
}

fn eager(policy: PolicyBuilder) -> PolicyBuilder {
    hour(policy)
        .touch_every(Duration::ZERO)
        .rotate_every(MINUTE)
}

const ASK: Ask = Session::remaining;
const STAY: Ask = Session::keep_alive;

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
    Row("a question", hour, MINUTE * 58, ASK, Some(120), "load", "-"),
    Row("a question with a part of a second", hour, Duration::from_millis(500), ASK, Some(3600), "load", "-"),
    Row("a question when all is due", eager, MINUTE * 58, ASK, Some(120), "load", "-"),
    Row("a question when it is over", hour, HOUR, ASK, None, "load", "-"),
    Row("a question before the absolute limit", |p| hour(p).absolute(MINUTE * 59), MINUTE * 58, ASK, Some(60), "load", "-"),
    Row("a question of a cookie without an age", |p| hour(p).until_browser_close(), MINUTE, ASK, Some(59 * 60), "load", "-"),
    Row("stay", hour, MINUTE * 58, STAY, Some(3600), "load touch", "same"),
    Row("stay, a second after the last time", hour, SECOND, STAY, Some(3600), "load touch", "same"),
    Row("stay, at once", hour, Duration::ZERO, STAY, Some(3600), "load", "-"),
    Row("stay, where reading extends nothing", |p| hour(p).touch_never(), MINUTE * 58, STAY, Some(3600), "load touch", "same"),
    Row("stay, of a cookie without an age", |p| hour(p).until_browser_close(), MINUTE * 58, STAY, Some(3600), "load touch", "-"),
    Row("stay, before the absolute limit", |p| hour(p).absolute(MINUTE * 59), MINUTE * 58, STAY, Some(60), "load touch", "-"),
    Row("stay, when it is over", hour, HOUR, STAY, None, "load", "-"),
    Row("stay, and a new id for its age", eager, MINUTE * 58, STAY, Some(3600), "load replace", "new"),
    Row("stay after a question", hour, MINUTE, |s| { let _ = s.remaining(); s.keep_alive() }, Some(3600), "load touch", "same"),
    Row("a question after stay", hour, MINUTE, |s| { s.keep_alive(); s.remaining() }, Some(59 * 60), "load", "-"),
    Row("stay, and a write", hour, SECOND, |s| { s.insert("k", 1).unwrap(); s.keep_alive() }, Some(3600), "load replace", "same"),
    Row("stay, until a moment", hour, MINUTE, |s| { s.set_expiry(Expiry::After(HOUR * 2)).unwrap(); s.keep_alive() }, Some(7200), "load replace", "same"),
    ]
}

#[test]
fn a_question_is_no_activity_and_asking_to_stay_is() {
    for Row(case, policy, after, ask, seconds, calls, effect) in rows() {
        let world = World::new(policy);
        let cookie = world.begin();
        world.advance(after);
        let seen = world.request(&cookie, 200, |session| {
            assert_eq!(ask(session).seconds, seconds, "{case}");
        });
        assert_eq!(seen.calls.join(" "), calls, "{case}");
        assert_eq!(seen.effect(&cookie), effect, "{case}");
        // The answer is true, and the cookie lasts as long.
        let cookie = seen.id().unwrap_or(cookie);
        let record = world
            .record(&cookie)
            .map(|record| record.expires - world.now());
        let whole = |left: Duration| left.as_secs() + u64::from(left.subsec_nanos() > 0);
        assert_eq!(
            record.map(|left| whole(left.try_into().unwrap())),
            seconds,
            "{case}"
        );
        if let Some(age) = seen.max_age() {
            assert_eq!(Some(age), seconds, "{case}");
        }
    }
}

#[test]
fn without_a_session_nothing_is_left_and_nothing_begins() {
    let world = World::new(hour);
    for ask in [ASK, STAY] {
        let seen = world.request("", 200, |session| {
            assert_eq!(ask(session).seconds, None);
        });
        assert!(seen.calls.is_empty());
        assert_eq!(seen.effect(""), "-");
    }
}

#[test]
fn an_error_after_all_extends_nothing() {
    let world = World::new(hour);
    let cookie = world.begin();
    world.advance(MINUTE * 58);
    let seen = world.request(&cookie, 500, |session| {
        session.keep_alive();
    });
    assert_eq!(seen.calls, ["load"]);
    world.advance(MINUTE * 2);
    assert!(!lives(&world, &cookie));
}
