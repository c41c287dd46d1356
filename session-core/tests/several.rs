//! What an adapter needs of the driver: several sessions on one request, errors on their way to the
//! client, a guard that notices a panic, and pages of a list.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use serde::{Serialize, Serializer};
use session_core::{
    Device, ErrorPage, Exchange, Failure, Page, Policy, PublicId, Remembered, Reply, Request,
    Revoke, Session, SessionError, Sessions, Store, StoreError, Watched,
};
use session_testkit::{FaultyStore, HeaderList, ModelStore, digest_of, moment_at};

struct Admin;

/// Is written as its text.
struct Shown;

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str("shown")
    }
}

/// Inserts a value, and says whether it was taken.
type Form = Box<dyn Fn(&Session) -> bool>;

fn sessions(name: &str, store: impl Store) -> Sessions {
    let policy = Policy::builder().cookie_name(name).insecure();
    Sessions::new(policy.build().unwrap(), store)
}

fn cookies(reply: &Reply) -> usize {
    let mut response = HeaderList::default();
    reply.clone().apply(&mut response);
    // Applied again it adds nothing.
    reply.clone().apply(&mut response);
    response.values("set-cookie").len()
}

#[test]
fn an_outer_reply_carries_what_the_inner_store_has_acknowledged() {
    for fails in [false, true] {
        let faulty = FaultyStore::new(ModelStore::new());
        let outer = sessions("visitor", faulty.clone()).open([]);
        let admins = sessions("admin", ModelStore::new());
        let inner = admins.open_named::<Admin, _>(Some(outer.handle().clone()), [], || []);
        assert!(inner.handle().named::<Admin>().is_some());
        assert!(inner.handle().named::<()>().is_some());
        assert!(outer.handle().named::<Admin>().is_none());
        for request in [&inner, &outer] {
            let session = block_on(request.handle().load()).unwrap();
            session.insert("k", 1).unwrap();
        }
        assert_eq!(cookies(&block_on(inner.commit(200)).unwrap()), 1);
        if fails {
            faulty.go_down();
            let failed = block_on(outer.commit(200)).unwrap_err();
            assert_eq!((failed.error().status(), cookies(failed.reply())), (503, 1));
        } else {
            assert_eq!(cookies(&block_on(outer.commit(200)).unwrap()), 2);
        }
    }
}

#[test]
fn an_id_opens_and_ends_nothing_under_a_name_that_differs_by_a_letter() {
    let model = ModelStore::new();
    let names = ["sid", "SID", "Sid", "sid2", "si", "_sid", "sid-", "s.id"];
    let all = names.map(|name| sessions(name, model.clone()));
    for (name, own) in names.iter().zip(&all) {
        let request = own.open([]);
        block_on(request.handle().load())
            .unwrap()
            .insert("k", 1)
            .unwrap();
        let reply = block_on(request.commit(200)).unwrap();
        let pair = reply.set_cookie().unwrap().split(';').next().unwrap();
        let id = pair.split_once('=').unwrap().1;
        let everywhere = names.map(|name| format!("{name}={id}")).join("; ");
        for header in [pair, &everywhere] {
            for (other, sessions) in names.iter().zip(&all) {
                let request = sessions.open([header.as_bytes()]);
                let session = block_on(request.handle().load()).unwrap();
                assert_eq!(session.exists(), other == name, "{header} for {other}");
                if other != name {
                    session.destroy().unwrap();
                    drop(block_on(request.commit(200)).unwrap());
                    let request = sessions.open([header.as_bytes()]);
                    request.handle().destroy().unwrap();
                    drop(block_on(request.commit(200)).unwrap());
                }
            }
        }
    }
    assert_eq!(model.len(), names.len());
}

/// What becomes of one of several sessions of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unused,
    Written,
    /// Its store fails.
    Failed,
    /// It is saved, and then its store fails.
    Saved,
    /// It is given up before it is finished, as by a panic or a time limit around its layer.
    Dropped,
    /// The same, and nobody has used it.
    DroppedUnused,
}

/// Finishes three sessions around one handler; returns how many were acknowledged, and how many cookies
/// the outermost reply has.
fn nested(fates: [Fate; 3]) -> (usize, usize) {
    let stores = [(); 3].map(|()| FaultyStore::new(ModelStore::new()));
    let open = |place: usize, outer: Option<&Request>| {
        let sessions = sessions(["outer", "middle", "inner"][place], stores[place].clone());
        let outer = outer.map(|outer| outer.handle().clone());
        sessions.open_named::<Admin, _>(outer, [], || [])
    };
    let outer = open(0, None);
    let middle = open(1, Some(&outer));
    let inner = open(2, Some(&middle));
    let mut acknowledged = 0;
    for (request, fate) in [&outer, &middle, &inner].into_iter().zip(fates) {
        if !matches!(fate, Fate::Unused | Fate::DroppedUnused) {
            let session = block_on(request.handle().load()).unwrap();
            session.insert("k", 1).unwrap();
            if fate == Fate::Saved {
                block_on(session.save()).unwrap();
                session.insert("later", 1).unwrap();
            }
        }
        acknowledged += usize::from(matches!(fate, Fate::Written | Fate::Saved));
    }
    let finish = |place: usize, request: &Request| match fates[place] {
        Fate::Unused | Fate::Written => block_on(request.commit(200)).unwrap(),
        Fate::Failed | Fate::Saved => {
            stores[place].go_down();
            block_on(request.commit(200)).unwrap_err().into_parts().1
        }
        Fate::Dropped | Fate::DroppedUnused => {
            request.abandon();
            if place > 0 {
                return Reply::default();
            }
            block_on(request.commit(500)).unwrap()
        }
    };
    let [_, _, reply] =
        [(2, inner), (1, middle), (0, outer)].map(|(place, request)| finish(place, &request));
    (acknowledged, cookies(&reply))
}

#[test]
fn of_three_sessions_every_one_that_was_stored_has_its_cookie() {
    let fates = [
        Fate::Unused,
        Fate::Written,
        Fate::Failed,
        Fate::Saved,
        Fate::Dropped,
        Fate::DroppedUnused,
    ];
    for outer in fates {
        for middle in fates {
            for inner in fates {
                let (acknowledged, cookies) = nested([outer, middle, inner]);
                assert_eq!(cookies, acknowledged, "{outer:?}, {middle:?}, {inner:?}");
            }
        }
    }
}

#[test]
fn an_error_is_rendered_by_the_application_for_what_the_client_accepts() {
    let render = |failure: &Failure, accept: &str| match accept {
        "text/html" => ErrorPage::html(format!("<p>{}</p>", failure.status())),
        _ => ErrorPage::json(failure.json()),
    };
    let policy = Policy::builder().error_page(render).build().unwrap();
    assert!(format!("{policy:?}").contains("Renderer"));
    let sessions = Sessions::new(policy, ModelStore::new());
    let failure = SessionError::from(StoreError::new("no answer")).failure();
    assert!(failure.to_string().contains("no answer"));
    let html = sessions.open([]).accepting(|| Some(b"text/html"));
    assert_eq!(html.refuse(&failure).into_body(), "<p>503</p>");
    let json = sessions.open([]).accepting(|| None);
    assert_eq!(json.refuse(&failure).into_body(), failure.json());
}

#[test]
fn a_value_that_a_panic_drops_closes_the_session_and_no_other_does() {
    let sessions = Sessions::new(Policy::default(), ModelStore::new());
    for is_handle in [false, true] {
        let request = Arc::new(sessions.open([]));
        let session = block_on(request.handle().load()).unwrap();
        drop(Watched(session.clone()));
        drop(Watched(request.handle().clone()));
        session.insert("k", 1).unwrap();
        let (shared, handle) = (session.clone(), request.handle().clone());
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            if is_handle {
                let watched = Watched(handle);
                assert!(watched.peek().is_some());
                panic!("in a handler");
            }
            let watched = Watched(shared);
            watched.insert("more", 1).unwrap();
            panic!("in a handler");
        }));
        assert!(panicked.is_err());
        let late = session.insert("late", 1);
        assert!(matches!(late, Err(SessionError::Finished)), "{is_handle}");
    }
}

#[test]
fn changes_under_a_guard_are_committed_when_it_is_done() {
    let sessions = Sessions::new(Policy::default(), ModelStore::new());
    for is_done in [false, true] {
        let request = sessions.open([]);
        let session = block_on(request.handle().load()).unwrap();
        let all = session.all_or_nothing();
        assert_eq!(format!("{all:?}"), "AllOrNothing");
        session.insert("k", 1).unwrap();
        if is_done {
            all.done();
        }
        let reply = block_on(request.commit(200)).unwrap();
        assert_eq!(reply.set_cookie().is_some(), is_done);
    }
}

#[test]
fn pages_of_a_list_follow_each_other() {
    let device = |number: u8| {
        let created = moment_at(i64::from(number / 2));
        // The older a session, the later it was seen.
        let seen = moment_at(100 - i64::from(number));
        Device::new(
            PublicId::from_bytes([number; 16]),
            created,
            seen,
            moment_at(1_000),
        )
    };
    let all: Vec<_> = (0..10).rev().map(device).collect();
    let found = |page: &Page| {
        let first = page.from().map_or(Some(0), |from| {
            all.iter().position(|device| device.public_id == *from)
        });
        let rest = all.iter().skip(first.unwrap_or(all.len()));
        rest.take(page.limit()).cloned().collect::<Vec<_>>()
    };
    let (mut next, mut seen) = (Some(Page::first().of(3)), Vec::new());
    while let Some(page) = next {
        let devices = page.answer(found(&page)).unwrap();
        assert!(devices.is_sorted_by_key(|device| std::cmp::Reverse(device.seen)));
        next = page.next(&devices);
        seen.extend(devices.into_iter().map(|device| device.public_id));
    }
    seen.sort_unstable();
    let expected: Vec<_> = (0..10).map(|number| device(number).public_id).collect();
    assert_eq!(seen, expected);
    assert_eq!(Page::first().of(0).limit(), 1);
    // It goes on after a session that is not there.
    let lost = Page::after(PublicId::from_bytes([99; 16]));
    assert_eq!(lost.answer(found(&lost)), None);
    assert_eq!(lost.next(&[]), None);
}

#[test]
fn every_form_of_a_value_is_looked_through_for_numbers_that_json_lacks() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Newtype(f64);
    #[derive(Serialize)]
    struct Pair(u8, f64);
    #[derive(Serialize)]
    struct Named {
        x: f64,
    }
    #[derive(Serialize)]
    enum Each {
        Nothing,
        One(f64),
        Two(u8, f64),
        Named { x: f64 },
    }
    fn form<T: Serialize + 'static>(value: T) -> Form {
        Box::new(move |session| session.insert("k", &value).is_ok())
    }
    let forms = |x: f64| {
        [
            form(Newtype(x)),
            form(Pair(1, x)),
            form(Named { x }),
            form(Each::One(x)),
            form(Each::Two(1, x)),
            form(Each::Named { x }),
            form(BTreeMap::from([("a", x)])),
            form(Some(x)),
            form((1, x)),
            form(vec![x]),
            form([[x]]),
        ]
    };
    let sessions = Sessions::new(Policy::default(), ModelStore::new());
    let request = sessions.open([]);
    let session = block_on(request.handle().load()).unwrap();
    for (x, is_taken) in [(1.5, true), (f64::NAN, false), (f64::INFINITY, false)] {
        for form in forms(x) {
            assert_eq!(form(&session), is_taken, "{x}");
        }
    }
    session
        .insert("k", (Unit, Each::Nothing, 'c', true))
        .unwrap();
    // What is null in JSON is no number either.
    let nothing = BTreeMap::from([("a", (None::<f64>, Shown))]);
    session.insert("k", nothing).unwrap();
    session.insert("k", f32::MAX).unwrap();
    assert!(session.insert("k", f32::NAN).is_err());
}

#[test]
fn small_things_say_what_they_are() {
    let until = moment_at(1) + Duration::from_secs(1);
    let remembered = Remembered::new(digest_of(1), until);
    assert_eq!((remembered.earlier, remembered.salt), (None, None));
    let sessions = Sessions::new(Policy::default(), ModelStore::new());
    let request = sessions.open([]);
    let session = block_on(request.handle().load()).unwrap();
    session.insert("k", serde_json::json!({ "a": 1 })).unwrap();
    session
        .insert("k", serde_json::json!({ "a": [1, 2] }))
        .unwrap();
    // An object with a name that stands there twice is equal to none.
    for text in [r#"{"a":1,"a":2}"#, r#"{"a":1, "a":2}"#] {
        let raw = serde_json::value::RawValue::from_string(text.into()).unwrap();
        session.insert("k", &raw).unwrap();
        assert!(session.iter().any(|(_, value)| value == text));
    }
    let revoked = block_on(session.revoke(Revoke::All));
    assert!(matches!(revoked, Err(SessionError::NotSignedIn)));
    let Exchange::Open(opened) = Exchange::open(&Arc::new(Policy::default()), []) else {
        panic!("there is no id to look for");
    };
    opened.sign_in("ada").unwrap();
    let revocation = opened.revoke(Revoke::All).unwrap();
    assert!(!format!("{revocation:?}").contains("ada"));
    assert_eq!(revocation.answer(Ok(2)).unwrap(), 2);
}
