//! The answers to failures: what they tell, and what a renderer can do to them.

use session_core::{ErrorPage, EventKind as Kind, Policy, SessionError, StoreError};
use session_testkit::HeaderList;

use crate::notes::Notes;
use crate::util::outage;

#[test]
fn an_answer_is_told_as_refused_or_failed_unless_its_cause_was_told() {
    let notes = Notes::default();
    let policy = Policy::builder().observer(notes.clone()).build().unwrap();
    for (error, told) in [
        (SessionError::NotSignedIn, Some(Kind::Refused)),
        (SessionError::Gone, Some(Kind::Refused)),
        (
            SessionError::TooLarge { bytes: 2, limit: 1 },
            Some(Kind::Refused),
        ),
        (SessionError::Finished, Some(Kind::Failed)),
        (
            StoreError::unsupported("no list").into(),
            Some(Kind::Failed),
        ),
        // By hand, where nobody else has told of it.
        (outage().into(), Some(Kind::StoreFailed)),
        (SessionError::Contended { attempts: 500 }, None),
    ] {
        let failure = error.failure();
        let _ = policy.refuse(&failure, "");
        let lines = notes.take();
        assert_eq!(
            lines.iter().map(|line| line.kind).collect::<Vec<_>>(),
            told.as_slice(),
            "{error}"
        );
        for line in lines {
            assert_eq!(line.reason.as_ref(), Some(&failure.to_string()));
        }
    }
}

#[test]
fn what_clients_cause_is_told_from_what_is_ours() {
    for (error, ours) in [
        (SessionError::NotSignedIn, false),
        (SessionError::Gone, false),
        (SessionError::Superseded, false),
        (SessionError::TooLarge { bytes: 2, limit: 1 }, false),
        (SessionError::Finished, true),
        (StoreError::new("down").into(), true),
    ] {
        assert_eq!(error.failure().is_ours(), ours, "{error}");
    }
}

#[test]
fn a_renderer_chooses_the_body_and_a_panic_or_a_bad_type_leaves_the_json() {
    let policy = Policy::builder()
        .error_page(|failure, accept| match accept {
            "text/html" => ErrorPage::html(failure.reason()),
            "bad" => ErrorPage::new("text/plain\r\nset-cookie: a=b", ""),
            _ => panic!("as asked"),
        })
        .build()
        .unwrap();
    let failure = SessionError::Gone.failure();
    let page = policy.refuse(&failure, "text/html");
    assert_eq!(page, ErrorPage::html("the session was ended elsewhere"));
    for accept in ["bad", ""] {
        let json = policy.refuse(&failure, accept);
        let mut headers = HeaderList::default();
        json.apply(&mut headers);
        assert_eq!(headers.values("content-type"), ["application/json"]);
        assert!(headers.values("vary").is_empty());
        assert_eq!(json.into_body(), failure.json());
    }

    let mut headers = HeaderList::from_iter([
        ("content-length", "7"),
        ("etag", "x"),
        ("vary", "Origin"),
        ("x-other", "kept"),
    ]);
    page.apply(&mut headers);
    assert_eq!(headers.values("vary"), ["Origin, Accept"]);
    assert_eq!(headers.values("cache-control"), ["no-store"]);
    assert_eq!(headers.values("content-type"), ["text/html; charset=utf-8"]);
    assert_eq!(headers.values("x-other"), ["kept"]);
    for gone in ["content-length", "etag"] {
        assert!(headers.values(gone).is_empty(), "{gone}");
    }
}
