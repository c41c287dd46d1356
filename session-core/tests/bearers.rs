//! Bearers over the driver: beside other sessions, and in the headers of a response.
#![allow(clippy::unwrap_used)]

use pollster::block_on;
use session_core::{Carrier, Enclosed, Envelope, Moment, Policy, Sessions, StoreError};
use session_testkit::{HeaderList, ModelStore};

struct Admin;

#[test]
fn two_sessions_of_one_request_cannot_both_travel_as_bearers() {
    use Carrier::{Bearer, Both, Cookie};

    let of = |carrier| {
        let policy = Policy::builder().carrier(carrier).build().unwrap();
        Sessions::new(policy, ModelStore::new())
    };
    for (outer, inner, works) in [
        (Cookie, Both, true),
        (Bearer, Cookie, true),
        (Both, Both, false),
        (Bearer, Both, false),
    ] {
        let bearer = || [&b"Bearer new"[..]];
        let outer = of(outer).open_named::<(), _>(None, [], bearer);
        let outer_handle = Some(outer.handle().clone());
        let inner = of(inner).open_named::<Admin, _>(outer_handle, [], bearer);
        let asked = [
            block_on(inner.handle().load()).map(|_| ()),
            inner.handle().destroy(),
        ];
        for asked in asked {
            match asked {
                Ok(()) => assert!(works),
                Err(error) => {
                    assert!(!works && error.to_string().contains("Carrier::Cookie"));
                    assert_eq!(error.status(), 500);
                }
            }
        }
        assert!(block_on(outer.handle().load()).is_ok());
    }
}

#[test]
fn a_token_is_in_one_header_of_an_answer_that_no_cache_keeps() {
    let policy = Policy::builder().carrier(Carrier::Both);
    let sessions = Sessions::new(policy.build().unwrap(), ModelStore::new());
    let reply = |bearer: &'static [u8], writes: bool| {
        let request = sessions.open_named::<(), _>(None, [], || [bearer]);
        let session = block_on(request.handle().load()).unwrap();
        if writes {
            session.insert("k", 1).unwrap();
        }
        block_on(request.commit(200)).unwrap()
    };
    let present = [
        ("vary", "Origin, authorization"),
        ("Cache-Control", "public, max-age=60"),
        ("CDN-Cache-Control", "max-age=60, private"),
        ("session-token", "an upstream's"),
    ];
    for (bearer, writes) in [
        (&b"Bearer new"[..], true),
        (b"Bearer new", false),
        (b"", true),
    ] {
        for is_bare in [true, false] {
            let present = present.into_iter().filter(|_| !is_bare);
            let mut response: HeaderList = present.collect();
            let reply = reply(bearer, writes);
            // Applied twice it adds nothing.
            reply.clone().apply(&mut response);
            reply.clone().apply(&mut response);
            let varies = if is_bare {
                "Cookie, Authorization"
            } else {
                "Origin, authorization, Cookie"
            };
            assert_eq!(response.values("vary"), [varies]);
            let has_token = writes && !bearer.is_empty();
            let has_cookie = writes && bearer.is_empty();
            assert_eq!(response.values("set-cookie").len(), usize::from(has_cookie));
            assert_eq!(reply.session_token().is_some(), has_token);
            if has_token {
                assert_eq!(
                    response.values("session-token"),
                    [reply.session_token().unwrap()]
                );
                assert_eq!(response.values("cache-control"), ["no-store"]);
                assert!(response.values("cdn-cache-control").is_empty());
            }
        }
    }
}

#[test]
#[should_panic(expected = "Carrier::Cookie")]
fn sessions_in_cookies_have_no_bearers() {
    #[derive(Debug)]
    struct Paper;
    impl Envelope for Paper {
        fn open(&self, _: &[u8], _: Moment) -> Option<Enclosed> {
            None
        }
        fn seal(&self, _: Option<&[u8]>, _: &Enclosed, _: Moment) -> Result<String, StoreError> {
            Ok(String::new())
        }
    }
    let policy = Policy::builder().carrier(Carrier::Both);
    let _ = Sessions::in_cookies(policy.build().unwrap(), Paper);
}
