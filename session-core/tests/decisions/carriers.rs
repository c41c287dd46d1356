//! Which of the ways that an id may travel counts, and by which the answer travels back.

use std::time::Duration;

use session_core::{Carrier, Exchange, Expiry, Session};

use crate::request::{Act, UNKNOWN, cycle, destroy, nothing, sign_in, write};
use crate::util::{Seen, World, key_of};

/// A site where a visitor is signed in by a cookie, and a program by a token.
struct Site {
    world: World,
    cookie: String,
    token: String,
}

impl Site {
    fn new() -> Self {
        let world = World::new(|policy| policy.carrier(Carrier::Both));
        let login = |owner: &'static str| move |session: &Session| session.sign_in(owner).unwrap();
        let cookie = world.request("", 200, login("visitor")).id().unwrap();
        let site = Self {
            world,
            cookie,
            token: String::new(),
        };
        let begun = site.request("", &["Bearer new"], login("program"));
        assert!(begun.reply.set_cookie().is_none());
        let token = begun.reply.session_token().unwrap().to_owned();
        Self { token, ..site }
    }

    /// `COOKIE` and `TOKEN` stand for the two ids.
    fn exchange(&self, cookie: &str, authorization: &[&str]) -> Exchange {
        let filled = |text: &str| {
            let text = text.replace("COOKIE", &self.cookie);
            text.replace("TOKEN", &self.token)
        };
        let header = self.world.header(&filled(cookie));
        let values: Vec<String> = authorization.iter().map(|value| filled(value)).collect();
        let values = values.iter().map(String::as_bytes);
        Exchange::open_with(&self.world.policy, [header.as_bytes()], values)
    }

    fn request(&self, cookie: &str, authorization: &[&str], act: impl FnOnce(&Session)) -> Seen {
        let opened = self.world.opened(self.exchange(cookie, authorization));
        act(opened.session());
        self.world.finish(opened, 200)
    }
}

#[test]
fn a_request_with_a_bearers_scheme_is_a_bearers_and_its_cookie_is_not_looked_at() {
    // Cookie, authorization: the carrier, and who is signed in.
    let rows: &[(&str, &[&str], Carrier, Option<&str>)] = &[
        ("COOKIE", &[], Carrier::Cookie, Some("visitor")),
        ("COOKIE", &["Basic YTpi"], Carrier::Cookie, Some("visitor")),
        (
            "COOKIE",
            &["Basic YTpi, Bearer TOKEN"],
            Carrier::Cookie,
            Some("visitor"),
        ),
        ("", &["Bearer TOKEN"], Carrier::Bearer, Some("program")),
        (
            "COOKIE",
            &["Bearer TOKEN"],
            Carrier::Bearer,
            Some("program"),
        ),
        (
            "COOKIE",
            &["bEaReR   TOKEN"],
            Carrier::Bearer,
            Some("program"),
        ),
        // The id of a cookie opens nothing as a token, nor the reverse.
        ("", &["Bearer COOKIE"], Carrier::Bearer, None),
        ("TOKEN", &[], Carrier::Cookie, None),
        ("COOKIE", &["Bearer COOKIE"], Carrier::Bearer, None),
        ("TOKEN", &["Bearer COOKIE"], Carrier::Bearer, None),
        // Unknown, empty, twice or joined: no session, and no falling back to the cookie.
        ("COOKIE", &["Bearer new"], Carrier::Bearer, None),
        ("COOKIE", &["Bearer"], Carrier::Bearer, None),
        ("COOKIE", &["Bearer\tTOKEN"], Carrier::Bearer, None),
        (
            "COOKIE",
            &["Bearer TOKEN", "Bearer TOKEN"],
            Carrier::Bearer,
            None,
        ),
        (
            "COOKIE",
            &["Basic YTpi", "Bearer TOKEN"],
            Carrier::Bearer,
            None,
        ),
        (
            "COOKIE",
            &["Bearer TOKEN, Bearer TOKEN"],
            Carrier::Bearer,
            None,
        ),
        ("COOKIE", &["Bearer TOKENx"], Carrier::Bearer, None),
        ("COOKIE", &["Bearer \"TOKEN\""], Carrier::Bearer, None),
    ];
    for (cookie, authorization, carrier, owner) in rows {
        let site = Site::new();
        let row = format!("{cookie:?} {authorization:?}");
        let seen = site.request(cookie, authorization, |session| {
            assert_eq!(session.carrier(), *carrier, "{row}");
            assert_eq!(session.owner().as_deref(), *owner, "{row}");
            // A write goes to this session or to a new one, and travels back as the request came.
            session.insert("k", 1).unwrap();
        });
        let (by_cookie, by_token) = (seen.reply.set_cookie(), seen.reply.session_token());
        let begins = owner.is_none();
        assert_eq!(
            by_cookie.is_some(),
            begins && *carrier == Carrier::Cookie,
            "{row}"
        );
        assert_eq!(
            by_token.is_some(),
            begins && *carrier == Carrier::Bearer,
            "{row}"
        );
        for id in [&site.cookie, &site.token] {
            assert_ne!(seen.id().as_ref(), Some(id), "{row}");
        }
        // Nobody else's session was written.
        for (id, name) in [(&site.cookie, "visitor"), (&site.token, "program")] {
            let record = site.world.record(id).unwrap();
            assert_eq!(record.data.contains("\"k\""), *owner == Some(name), "{row}");
        }
    }
}

#[test]
fn a_token_that_somebody_has_planted_is_never_adopted() {
    let site = Site::new();
    let planted = format!("Bearer {UNKNOWN}");
    for act in [write as fn(&Session), sign_in] {
        let seen = site.request("", &[&planted], act);
        let token = seen.reply.session_token().unwrap();
        assert_ne!(key_of(token), key_of(UNKNOWN));
        assert!(site.world.record(UNKNOWN).is_none());
    }
}

#[test]
fn a_logout_ends_the_session_of_its_carrier_and_tells_a_bearer_nothing() {
    // Cookie, authorization: which sessions live on.
    let rows: &[(&str, &[&str], bool, bool)] = &[
        ("COOKIE", &[], false, true),
        ("COOKIE", &["Bearer TOKEN"], true, false),
        ("", &["Bearer TOKEN"], true, false),
        ("COOKIE", &["Bearer new"], true, true),
        ("COOKIE", &["Bearer COOKIE"], true, true),
        ("TOKEN", &[], true, true),
    ];
    for (cookie, authorization, visitor, program) in rows {
        for is_loaded in [false, true] {
            let site = Site::new();
            let mut exchange = site.exchange(cookie, authorization);
            if is_loaded {
                exchange = Exchange::Open(site.world.opened(exchange));
            }
            let seen = site.world.finish(exchange.destroy(), 204);
            let row = format!("{cookie:?} {authorization:?} {is_loaded}");
            assert_eq!(site.world.record(&site.cookie).is_some(), *visitor, "{row}");
            assert_eq!(site.world.record(&site.token).is_some(), *program, "{row}");
            assert!(seen.reply.session_token().is_none(), "{row}");
            if !authorization.is_empty() {
                assert!(seen.reply.set_cookie().is_none(), "{row}");
            }
        }
    }
}

#[test]
fn a_bearer_is_told_of_a_new_secret_and_of_no_longer_life() {
    let site = Site::new();
    let token = "Bearer TOKEN";
    let rows: [(Act, bool); 5] = [
        (nothing, false),
        (write, false),
        (
            |session| {
                session
                    .set_expiry(Expiry::After(Duration::from_hours(99)))
                    .unwrap();
            },
            false,
        ),
        (cycle, true),
        (destroy, false),
    ];
    for (row, (act, is_told)) in rows.into_iter().enumerate() {
        // Long enough that a persistent cookie would be sent again.
        site.world.advance(Duration::from_hours(48));
        let seen = site.request("COOKIE", &[token], act);
        assert_eq!(seen.reply.session_token().is_some(), is_told, "{row}");
        assert!(seen.reply.set_cookie().is_none(), "{row}");
        assert!(
            row > 1 || seen.calls.len() > 1,
            "its life is extended: {row}"
        );
    }
}

#[test]
fn a_lost_answer_to_a_rotation_leaves_a_bearers_old_secret_usable() {
    let site = Site::new();
    let lost = site.request("", &["Bearer TOKEN"], cycle);
    site.world.advance(site.world.policy.rotation_grace() * 2);
    let again = site.request("", &["Bearer TOKEN"], |session| {
        assert_eq!(session.owner().as_deref(), Some("program"));
    });
    assert_eq!(again.reply.session_token(), lost.reply.session_token());
    let new = format!("Bearer {}", lost.id().unwrap());
    let _ = site.request("", &[&new], |session| assert!(session.exists()));
    site.world.advance(site.world.policy.rotation_grace() * 2);
    let _ = site.request("", &["Bearer TOKEN"], |session| assert!(!session.exists()));
}

#[test]
fn where_all_are_bearers_no_cookie_is_looked_at_and_no_scheme_is_needed_to_begin() {
    let world = World::new(|policy| policy.carrier(Carrier::Bearer));
    let token = world.begin();
    let header = world.header(&token);
    let open = || Exchange::open(&world.policy, [header.as_bytes()]);
    let Exchange::Open(opened) = open() else {
        panic!("the cookie was looked at");
    };
    assert_eq!(opened.session().carrier(), Carrier::Bearer);
    write(opened.session());
    let seen = world.finish(opened, 200);
    assert!(seen.reply.session_token().is_some_and(|new| new != token));
    assert!(seen.reply.set_cookie().is_none());
}

#[test]
fn debug_shows_no_token() {
    let site = Site::new();
    let seen = site.request("", &["Bearer TOKEN"], cycle);
    let shown = format!(
        "{:?} {:?}",
        seen.reply,
        site.exchange("", &["Bearer TOKEN"])
    );
    for id in [&site.token, &seen.id().unwrap()] {
        assert!(!shown.contains(id.as_str()), "{shown}");
    }
}
