//! Sessions that travel in their cookies, in a form that anybody can write: the form's part is not
//! tested here.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    CommitError, Digest, Enclosed, Envelope, Expiry, ManualClock, Moment, Policy, Record, Reply,
    RequestSession, Revision, Revoke, SessionError, Sessions, StoreError, from_micros, to_micros,
};
use time::macros::datetime;

const START: Moment = Moment::of(datetime!(2026-11-27 12:00 UTC));

/// `CREATED.EXPIRES.REVISION.OWNER.` and the values, each byte as two digits.
#[derive(Debug)]
struct Open;

impl Envelope for Open {
    fn open(&self, value: &[u8], _: Moment) -> Option<Enclosed> {
        let text = std::str::from_utf8(value).ok()?;
        let parts: Vec<&str> = text.split('.').collect();
        let &[created, expires, revision, owner, data] = &parts[..] else {
            return None;
        };
        let number = |text: &str| text.parse::<i64>().ok();
        let moment = |text: &str| from_micros(number(text)?);
        let present = Digest::from_bytes(&[0; 16])?;
        let revision = Revision::from_i64(number(revision)?);
        let mut record = Record::new(revision, present, moment(created)?, moment(expires)?);
        record.seen = record.expires - Duration::from_secs(100);
        record.owner = (!owner.is_empty()).then(|| owner.into());
        let bytes: Option<Vec<u8>> = (0..data.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(data.get(at..at + 2)?, 16).ok())
            .collect();
        record.data = String::from_utf8(bytes?).ok()?.into();
        Some(record.into())
    }

    fn seal(
        &self,
        before: Option<&[u8]>,
        Enclosed { record, .. }: &Enclosed,
        _: Moment,
    ) -> Result<String, StoreError> {
        if record.data.contains("unwritable") {
            return Err(StoreError::new("there is no such value"));
        }
        assert!(before.is_none_or(|before| self.open(before, START).is_some()));
        let data = record.data.bytes().map(|byte| format!("{byte:02x}"));
        Ok(format!(
            "{}.{}.{}.{}.{}",
            to_micros(record.created),
            to_micros(record.expires),
            record.revision.to_i64(),
            record.owner.as_deref().unwrap_or_default(),
            data.collect::<String>()
        ))
    }
}

struct World {
    clock: Arc<ManualClock>,
    sessions: Sessions,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let policy = Policy::builder().insecure().cookie_name("s");
        let policy = policy.idle(Duration::from_secs(100));
        let policy = policy.touch_every(Duration::from_secs(10));
        let policy = policy.clock(Arc::clone(&clock)).build().unwrap();
        Self {
            sessions: Sessions::in_cookies(policy, Open),
            clock,
        }
    }

    fn attempt(
        &self,
        cookies: &str,
        status: u16,
        act: impl FnOnce(&RequestSession),
    ) -> Result<Reply, CommitError> {
        let request = self.sessions.open([cookies.as_bytes()]);
        act(&block_on(request.handle().load()).unwrap());
        block_on(request.commit(status))
    }

    /// Makes a request with a value, and returns the one that the browser has after it.
    fn request(&self, value: &str, act: impl FnOnce(&RequestSession)) -> String {
        let reply = self.attempt(&format!("s={value}"), 200, act).unwrap();
        value_of(&reply).unwrap_or_else(|| value.to_owned())
    }
}

fn value_of(reply: &Reply) -> Option<String> {
    let cookie = reply.set_cookie()?.strip_prefix("s=").unwrap();
    cookie.split(';').next().map(str::to_owned)
}

fn write(session: &RequestSession) {
    session.insert("k", 1).unwrap();
}

#[test]
fn each_change_is_in_the_next_cookie() {
    let world = World::new();
    let begun = world.request("", write);
    let changed = world.request(&begun, |session| {
        assert_eq!(session.get("k").unwrap(), Some(1));
        session.insert("l", 2).unwrap();
        session.set_expiry(Expiry::BrowserClose).unwrap();
    });
    assert_ne!(changed, begun);
    let unchanged = world.request(&changed, |session| assert_eq!(session.keys(), ["k", "l"]));
    assert_eq!(unchanged, changed);
    let emptied = world.request(&changed, |session| session.clear().unwrap());
    world.request(&emptied, |session| {
        assert!(session.exists() && session.is_empty());
    });
}

#[test]
fn a_new_id_and_a_login_keep_the_values_and_a_handle_names_one_cookie() {
    let world = World::new();
    let begun = world.request("", write);
    let mut handles = Vec::new();
    let signed_in = world.request(&begun, |session| {
        handles.extend(session.public_id());
        session.sign_in("ada").unwrap();
    });
    let cycled = world.request(&signed_in, |session| {
        handles.extend(session.public_id());
        assert_eq!(session.owner().as_deref(), Some("ada"));
        session.cycle().unwrap();
    });
    let again = world.request(&cycled, |session| {
        assert_eq!(session.keys(), ["k"]);
        session.reauthenticate().unwrap();
        session.insert("l", 1).unwrap();
    });
    world.request(&again, |session| assert_eq!(session.keys(), ["k", "l"]));
    assert_ne!(handles[0], handles[1]);
}

#[test]
fn it_ends_with_its_time_and_a_read_extends_it() {
    let world = World::new();
    let begun = world.request("", write);
    world.clock.advance(Duration::from_secs(50));
    let extended = world.request(&begun, |session| assert!(session.exists()));
    assert_ne!(extended, begun);
    world.clock.advance(Duration::from_secs(60));
    world.request(&begun, |session| assert!(!session.exists()));
    world.request(&extended, |session| assert!(session.exists()));
    world.clock.advance(Duration::from_secs(40));
    world.request(&extended, |session| assert!(!session.exists()));
}

#[test]
fn a_logout_removes_the_cookie_and_what_is_written_after_it_begins_anew() {
    let world = World::new();
    let begun = world.request("", write);
    assert_eq!(
        world.request(&begun, |session| session.destroy().unwrap()),
        ""
    );
    let anew = world.request(&begun, |session| {
        session.destroy().unwrap();
        session.insert("l", 1).unwrap();
    });
    world.request(&anew, |session| assert_eq!(session.keys(), ["l"]));
    // Also without a look at it.
    let request = world.sessions.open([format!("s={begun}").as_bytes()]);
    request.handle().destroy().unwrap();
    let reply = block_on(request.commit(200)).unwrap();
    assert_eq!(value_of(&reply).as_deref(), Some(""));
}

#[test]
fn what_was_saved_early_is_in_the_answer_whatever_comes_after() {
    let world = World::new();
    let save = |session: &RequestSession| {
        write(session);
        block_on(session.save()).unwrap();
        session.insert("l", 1).unwrap();
    };
    let reply = world.attempt("", 500, save).unwrap();
    let saved = value_of(&reply).unwrap();
    world.request(&saved, |session| assert_eq!(session.keys(), ["k"]));

    let refused = world.attempt("", 200, |session| {
        save(session);
        session.insert("m", "unwritable").unwrap();
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused.error(), SessionError::Store(_)));
    // What the save was told holds, although what follows can't be kept.
    let saved = value_of(refused.reply()).unwrap();
    world.request(&saved, |session| assert_eq!(session.keys(), ["k"]));
}

#[test]
fn what_no_browser_keeps_is_too_large_and_sets_no_cookie() {
    let world = World::new();
    let begun = world.request("", write);
    let refused = world.attempt(&format!("s={begun}"), 200, |session| {
        session.insert("long", "x".repeat(2_100)).unwrap();
        assert!(matches!(
            block_on(session.save()),
            Err(SessionError::TooLarge { limit: 4096, .. })
        ));
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused.error(), SessionError::TooLarge { bytes, .. } if *bytes > 4096));
    assert_eq!(refused.reply().set_cookie(), None);
}

#[test]
fn of_several_values_the_first_that_is_genuine_counts() {
    let world = World::new();
    let (one, other) = (world.request("", write), world.request("", write));
    let cookies = format!("s=forged; s={one}; s={other}; s=a.b.c.d.e; s=1");
    let reply = world.attempt(&cookies, 200, |session| {
        assert!(session.exists());
        session.insert("l", 1).unwrap();
    });
    world.request(&value_of(&reply.unwrap()).unwrap(), |session| {
        assert_eq!(session.keys(), ["k", "l"]);
    });
}

#[test]
fn nobodys_sessions_are_listed_or_revoked() {
    let world = World::new();
    world.request("", |session| {
        session.sign_in("ada").unwrap();
        assert!(block_on(session.devices()).is_err());
        assert!(block_on(session.revoke(Revoke::All)).is_err());
    });
    assert!(block_on(world.sessions.devices("ada")).is_err());
    let store = world.sessions.store();
    assert!(block_on(store.check()).is_ok());
    assert_eq!(block_on(store.sweep(START, 1)).unwrap(), 0);
}

#[test]
fn a_request_that_panicked_brings_what_it_had_saved() {
    let world = World::new();
    let request = world.sessions.open([]);
    let session = block_on(request.handle().load()).unwrap();
    write(&session);
    block_on(session.save()).unwrap();
    session.insert("l", 1).unwrap();
    request.abandon();
    let reply = block_on(request.commit(500)).unwrap();
    let saved = value_of(&reply).unwrap();
    world.request(&saved, |session| assert_eq!(session.keys(), ["k"]));
    assert!(!format!("{request:?}").contains(&saved));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Put,
    PutUnwritable,
    Save,
    Destroy,
}

/// What a browser ought to have after a request; `None`: what it had before.
fn expected(acts: &[Act], status: u16) -> Option<Vec<&'static str>> {
    let (mut told, mut keys, mut is_changed, mut is_ended) = (None, vec!["k"], false, false);
    let end = if status < 500 { Act::Save } else { Act::Put };
    for (at, act) in acts.iter().chain([&end]).enumerate() {
        let is_last = at == acts.len();
        match act {
            Act::Put if !is_last => {
                keys.push("l");
                is_changed = true;
            }
            Act::PutUnwritable => {
                keys.push("m");
                is_changed = true;
            }
            Act::Destroy => (keys, is_changed, is_ended) = (Vec::new(), false, true),
            Act::Put | Act::Save => {
                // A logout holds whatever becomes of the rest.
                if std::mem::take(&mut is_ended) {
                    told = Some(Vec::new());
                }
                let is_tried = is_changed && (!is_last || status < 500);
                if is_tried && !keys.contains(&"m") {
                    told = Some(keys.clone());
                }
            }
        }
    }
    told.map(|mut told: Vec<_>| {
        told.dedup();
        told
    })
}

#[test]
fn what_was_saved_or_ended_is_what_the_browser_has_whatever_fails_after_it() {
    let world = World::new();
    let begun = world.request("", write);
    let all = [Act::Put, Act::PutUnwritable, Act::Save, Act::Destroy];
    let mut rows: Vec<Vec<Act>> = vec![Vec::new()];
    for _ in 0..5 {
        let longer = rows
            .iter()
            .flat_map(|row| all.map(|act| [&row[..], &[act]].concat()));
        rows = longer.chain([Vec::new()]).collect();
    }
    for acts in rows {
        for status in [200, 500] {
            let done = world.attempt(&format!("s={begun}"), status, |session| {
                for act in &acts {
                    match act {
                        Act::Put => session.insert("l", 1).unwrap(),
                        Act::PutUnwritable => session.insert("m", "unwritable").unwrap(),
                        Act::Save => drop(block_on(session.save())),
                        Act::Destroy => session.destroy().unwrap(),
                    }
                }
            });
            let reply = done.unwrap_or_else(|failed| failed.into_parts().1);
            let seen = value_of(&reply).map(|value| {
                let mut keys = Vec::new();
                world.request(&value, |session| keys = session.keys());
                keys
            });
            let expected = expected(&acts, status)
                .map(|keys| keys.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(seen, expected, "{acts:?} {status}");
        }
    }
}

#[test]
fn a_cookie_without_a_value_is_none() {
    let world = World::new();
    let request = world.sessions.open([&b"s=; s"[..]]);
    request.handle().destroy().unwrap();
    let reply = block_on(request.commit(204)).unwrap();
    assert!(reply.set_cookie().is_none());
}
