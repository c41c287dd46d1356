//! The actions of the browsers, and the checks at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use session_testkit::http::{Client, Request};

use super::scene::Seat;

/// A check that runs after all browsers have stopped.
pub type Check = Box<dyn FnOnce() + Send>;

pub fn put(key: usize, value: u64) -> Request {
    Request::new("PUT", format!("/api/data/k{key}")).json(value.to_string())
}

pub fn show() -> Request {
    Request::new("GET", "/api/session")
}

pub fn logout() -> Request {
    Request::new("POST", "/api/logout")
}

pub fn login(user: &str) -> Request {
    Request::new("POST", "/api/login").json(format!(r#"{{"user":"{user}"}}"#))
}

/// Puts values under some keys, one after the other; no acknowledged value is lost.
pub fn keep(seat: Seat, browser: Client) -> Check {
    const KEYS: usize = 40;
    seat.send(&browser, put(0, 0)).unwrap();
    let cookie = browser.cookie_header();
    // The last value that must be there, and the last one that may be.
    let mut kept = [(0, 0); KEYS];
    let mut value = 0;
    while seat.goes_on() {
        value += 1;
        let key = usize::try_from(value).unwrap() % KEYS;
        kept[key].1 = value;
        if seat.send(&browser, put(key, value)).is_some() && seat.is_sure() {
            kept[key].0 = value;
        }
        assert_eq!(browser.cookie_header(), cookie);
    }
    Box::new(move || {
        let session = seat.session(&browser).unwrap();
        for (key, (first, last)) in kept.into_iter().enumerate() {
            let found = session["data"][format!("k{key}")].as_u64();
            let found = found.unwrap_or_default();
            assert!((first..=last).contains(&found), "{first}..={last}: {found}");
        }
        assert_eq!(browser.cookie_header(), cookie);
    })
}

/// The increments of several tabs of one browser.
#[derive(Default)]
pub struct Count {
    sure: AtomicU64,
    possible: AtomicU64,
}

/// Counts in one of several tabs; each acknowledged increment counts once.
pub fn count(seat: Seat, browser: Client, count: Arc<Count>) -> Check {
    let cookie = browser.cookie_header();
    while seat.goes_on() {
        count.possible.fetch_add(1, Ordering::Relaxed);
        let increment = Request::new("POST", "/api/data/count/increment");
        if seat.send(&browser, increment).is_some() && seat.is_sure() {
            count.sure.fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(browser.cookie_header(), cookie);
    }
    Box::new(move || {
        let found = seat.session(&browser).unwrap()["data"]["count"].as_u64();
        let [first, last] = [&count.sure, &count.possible].map(|n| n.load(Ordering::Relaxed));
        let found = found.unwrap_or_default();
        assert!((first..=last).contains(&found), "{first}..={last}: {found}");
    })
}

/// Reads while signed in; no answer says otherwise.
pub fn read(seat: Seat, browser: Client) -> Check {
    seat.send(&browser, login("reader")).unwrap();
    let cookie = browser.cookie_header();
    let look = move || {
        if let Some(session) = seat.session(&browser) {
            assert_eq!(session["owner"], "reader", "{session}");
        }
        assert_eq!(browser.cookie_header(), cookie);
        seat.goes_on()
    };
    while look() {}
    Box::new(move || {
        look();
    })
}

/// Signs guests in and out; each stays signed in or signed out.
#[allow(clippy::needless_pass_by_value, reason = "all browsers begin so")]
pub fn come_and_go(seat: Seat, browser: Client) -> Check {
    let (mut present, mut gone) = (Vec::new(), Vec::new());
    let mut number = 0;
    while seat.goes_on() {
        number += 1;
        let user = format!("guest{number}");
        let guest = browser.stranger();
        if seat.send(&guest, login(&user)).is_none() {
            continue;
        }
        let is_sure = seat.is_sure();
        let known = seat.session(&guest);
        if let Some(known) = known.filter(|_| is_sure) {
            assert_eq!(known["owner"], *user, "{known}");
        }
        if number % 2 == 0 && is_sure {
            present.push((guest, user));
            continue;
        }
        let before = guest.copy();
        while seat.goes_on() {
            if seat.send(&guest, logout()).is_none() {
                continue;
            }
            assert!(guest.cookie_header().is_empty());
            if seat.is_sure() {
                gone.push(before);
            }
            break;
        }
    }
    Box::new(move || {
        for (guest, user) in present {
            assert_eq!(seat.session(&guest).unwrap()["owner"], *user);
        }
        for guest in gone {
            assert_eq!(seat.session(&guest).unwrap()["exists"], false);
        }
    })
}

/// Rotates ids and signs in; the data come along, and after a lost answer the old secret stays
/// good.
pub fn move_on(seat: Seat, browser: Client) -> Check {
    let mut mover = browser;
    let mut value = 0;
    // `None` if it is unknown whether there is a session.
    let mut kept = None;
    while seat.goes_on() {
        value += 1;
        if kept.is_none() {
            mover = mover.stranger();
            let begun = seat.send(&mover, put(0, value)).is_some();
            kept = (begun && seat.is_sure()).then_some(value);
            continue;
        }
        let before = mover.cookie_header();
        let is_login = value % 2 == 1;
        let request = if is_login {
            login("mover")
        } else {
            Request::new("POST", "/api/cycle")
        };
        let is_answered = seat.send(&mover, request).is_some();
        // A login whose answer was lost may have begun a session whose id the browser does not have.
        if !seat.is_sure() || (is_login && !is_answered) {
            kept = None;
            continue;
        }
        if is_answered {
            assert_ne!(mover.cookie_header(), before);
        }
        if let Some(session) = seat.session(&mover) {
            assert_eq!(session["data"]["k0"].as_u64(), kept, "{session}");
        }
    }
    Box::new(move || {
        if kept.is_some() {
            let session = seat.session(&mover).unwrap();
            assert_eq!(session["data"]["k0"].as_u64(), kept, "{session}");
        }
    })
}
