//! What a signed-in visitor has seen is in no cache, and a logout clears the browser, where the policy says so.
#![allow(clippy::unwrap_used)]

use pollster::block_on;
use session_core::{
    Carrier, Policy, PolicyBuilder, RequestSession, Revoke, SessionError, Sessions, StampKey,
};
use session_testkit::{HeaderList, ModelStore};

type Act = fn(&RequestSession) -> Result<(), SessionError>;

/// A browser on an application with this policy.
struct Browser {
    sessions: Sessions,
    cookie: String,
}

impl Browser {
    fn new(set: impl Fn(PolicyBuilder) -> PolicyBuilder) -> Self {
        let policy = set(Policy::builder()).build().unwrap();
        let sessions = Sessions::new(policy, ModelStore::new());
        let cookie = String::new();
        Self { sessions, cookie }
    }

    /// Sends a request and returns the values of `Cache-Control` and `Clear-Site-Data` on a response with these headers.
    fn send(&mut self, act: Act, present: &[(&str, &str)]) -> [String; 2] {
        let request = self.sessions.open([self.cookie.as_bytes()]);
        act(&block_on(request.handle().load()).unwrap()).unwrap();
        let reply = block_on(request.commit(200)).unwrap();
        if let Some(set) = reply.set_cookie() {
            self.cookie = set.split(';').next().unwrap().into();
        }
        let mut headers: HeaderList = present.iter().copied().collect();
        // As actix-web does with an error.
        reply.clone().apply(&mut headers);
        reply.apply(&mut headers);
        ["cache-control", "clear-site-data"].map(|name| headers.values(name).join("; "))
    }

    fn caching(&mut self, act: Act) -> String {
        self.send(act, &[]).into_iter().next().unwrap()
    }
}

const READ: Act = |session| session.get::<u32>("n").map(drop);
const WRITE: Act = |session| {
    session
        .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .map(drop)
};
const SIGN_IN: Act = |session| session.sign_in("ada");
const CYCLE: Act = |session| session.cycle();
const LOGOUT: Act = |session| session.destroy();

#[test]
fn no_cache_keeps_what_a_signed_in_visitor_has_seen() {
    let mut browser = Browser::new(PolicyBuilder::no_store_when_signed_in);
    assert_eq!(browser.caching(READ), "");
    assert_eq!(browser.caching(WRITE), "private");
    assert_eq!(browser.caching(READ), "");
    for (act, caching) in [
        (SIGN_IN, "no-store, private"),
        (READ, "no-store"),
        (WRITE, "no-store"),
        (CYCLE, "no-store, private"),
        (READ, "no-store"),
    ] {
        assert_eq!(browser.caching(act), caching);
    }
    for present in [
        "public, max-age=60",
        "private",
        "no-cache",
        "no-store, must-understand",
    ] {
        let answer = browser.send(
            READ,
            &[
                ("Cache-Control", present),
                ("CDN-Cache-Control", "max-age=60"),
            ],
        );
        assert_eq!(answer[0], "no-store", "{present}");
    }
    assert_eq!(browser.caching(LOGOUT), "no-store, private");
    assert_eq!(browser.caching(READ), "");
}

#[test]
fn a_page_whose_session_ends_while_it_is_made_shows_the_owner_all_the_same() {
    type End<'a> = &'a dyn Fn(&Sessions, &RequestSession);

    let other = StampKey::new(&[7; 32]).unwrap().stamp("ada", b"new");
    let ends: [(&str, End<'_>); 3] = [
        ("ended elsewhere", &|sessions, session| {
            session.insert("n", 1).unwrap();
            assert_eq!(block_on(sessions.revoke("ada", Revoke::All)).unwrap(), 1);
        }),
        ("a changed credential", &|_, session| {
            assert!(!session.check_credential(&[other]));
        }),
        ("ended by itself", &|_, session| {
            assert_eq!(block_on(session.revoke(Revoke::All)).unwrap(), 1);
        }),
    ];
    for (what, end) in ends {
        let mut browser = Browser::new(PolicyBuilder::no_store_when_signed_in);
        browser.send(SIGN_IN, &[]);
        let request = browser.sessions.open([browser.cookie.as_bytes()]);
        let session = block_on(request.handle().load()).unwrap();
        assert_eq!(session.owner().as_deref(), Some("ada"));
        end(&browser.sessions, &session);
        let mut headers = HeaderList::default();
        block_on(request.commit(200)).unwrap().apply(&mut headers);
        let caching = headers.values("cache-control").join("; ");
        assert!(caching.contains("no-store"), "{what}: {caching:?}");
    }
}

#[test]
fn a_logout_clears_what_the_site_has_kept_in_the_browser() {
    let mut browser = Browser::new(PolicyBuilder::clear_site_data_at_logout);
    let cleared = r#""cache", "storage""#;
    for act in [READ, WRITE, SIGN_IN, WRITE] {
        assert_eq!(browser.send(act, &[])[1], "");
    }
    assert_eq!(browser.send(LOGOUT, &[])[1], cleared);
    browser.cookie.clear();
    assert_eq!(browser.send(LOGOUT, &[])[1], "", "there was nothing to end");
    browser.send(SIGN_IN, &[]);
    let farewell: Act = |session| {
        session.destroy()?;
        session.insert("flash", "You are signed out.")
    };
    let answer = browser.send(farewell, &[]);
    assert_eq!(answer[1], cleared, "another session's cookie is set");
    assert_eq!(browser.send(WRITE, &[])[1], "");
    let own = [("Clear-Site-Data", r#""*""#)];
    assert_eq!(browser.send(LOGOUT, &own)[1], cleared);
}

#[test]
fn without_the_switches_nothing_is_said() {
    let mut browser = Browser::new(|policy| policy);
    assert_eq!(browser.caching(SIGN_IN), "private");
    assert_eq!(browser.caching(READ), "");
    assert_eq!(browser.send(LOGOUT, &[]), ["private", ""]);
}

#[test]
fn a_bearers_logout_clears_nothing() {
    let set = |policy: PolicyBuilder| policy.clear_site_data_at_logout().carrier(Carrier::Bearer);
    let sessions = Sessions::new(set(Policy::builder()).build().unwrap(), ModelStore::new());
    let new = b"Bearer new";
    let request = sessions.open_named::<(), _>(None, [], || [&new[..]]);
    let session = block_on(request.handle().load()).unwrap();
    session.sign_in("ada").unwrap();
    let reply = block_on(request.commit(200)).unwrap();
    let token = format!("Bearer {}", reply.session_token().unwrap());
    let request = sessions.open_named::<(), _>(None, [], || [token.as_bytes()]);
    let session = block_on(request.handle().load()).unwrap();
    session.destroy().unwrap();
    let mut headers = HeaderList::default();
    block_on(request.commit(200)).unwrap().apply(&mut headers);
    assert_eq!(headers.values("clear-site-data"), [""; 0]);
}
