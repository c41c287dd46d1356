//! Which session a request has, and what ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pollster::block_on;
use session_core::{Adoption, Carrier, LegacyCookie, LegacyId, Policy, Sessions, Store};
use session_testkit::{ModelStore, moment_at};

use super::site::{REMOVAL, cookies, pair, site, site_with};

#[test]
fn requests_without_the_old_cookie_or_the_session_ask_nobody() {
    let site = site();
    for cookie in ["", "identity=one", "id=", "theme=dark"] {
        assert_eq!(site.visit(cookie).unwrap(), (None, vec![]), "{cookie}");
    }
    let untouched = site.sessions.open([b"id=one".as_slice()]);
    assert_eq!(
        cookies(block_on(untouched.commit(200)).unwrap()),
        Vec::<String>::new()
    );
    assert_eq!(site.asked(), 0);
    let (from, set) = site.visit("id=unknown").unwrap();
    assert_eq!((from, set, site.asked()), (None, vec![], 1));
}

#[test]
fn a_session_of_ours_counts_for_more() {
    let site = site();
    let ours = block_on(async {
        let request = site.sessions.open([]);
        let session = request.handle().load().await.unwrap();
        session.insert("from", "here").unwrap();
        request
            .commit(200)
            .await
            .unwrap()
            .set_cookie()
            .unwrap()
            .to_owned()
    });
    let both = format!("id=one; {}", pair(&ours));
    assert_eq!(site.visit(&both).unwrap().0.as_deref(), Some("here"));
    assert_eq!(site.asked(), 0);
    // One of ours that is unknown by now does not hide it.
    let unknown = format!("__Host-session={}; id=two", "A".repeat(48));
    assert_eq!(site.visit(&unknown).unwrap().0.as_deref(), Some("two"));
}

#[test]
fn a_logout_ends_both_with_a_look_and_without() {
    for (looks, answer) in [
        (true, Adoption::Settled),
        (true, Adoption::Kept),
        (false, Adoption::Settled),
        (false, Adoption::Kept),
    ] {
        let site = site_with(Policy::builder(), LegacyCookie::new("id"), |old| {
            old.answer = answer;
        });
        let set = block_on(async {
            let request = site.sessions.open([b"id=two; id=one".as_slice()]);
            if looks {
                request.handle().load().await.unwrap();
            }
            request.handle().destroy().unwrap();
            cookies(request.commit(200).await.unwrap())
        });
        assert_eq!(set.len(), 2, "{set:?}");
        assert!(
            set[1].starts_with("__Host-session=;") && set[0] == REMOVAL,
            "{set:?}"
        );
        assert_eq!(site.visit("id=two").unwrap().0, None);
        assert_eq!(site.visit("id=one").unwrap().0, None);
        let mut ended = site.old.ended.lock().unwrap().clone();
        ended.sort();
        assert_eq!(ended, ["one", "two"]);
    }
}

#[test]
fn an_outage_is_an_error_and_changes_no_cookie() {
    let site = site_with(Policy::builder(), LegacyCookie::new("id"), |old| {
        old.fails = true;
    });
    block_on(async {
        let request = site.sessions.open([b"id=one".as_slice()]);
        assert_eq!(request.handle().load().await.unwrap_err().status(), 503);
        assert_eq!(
            cookies(request.commit(503).await.unwrap()),
            Vec::<String>::new()
        );
    });
    assert!(site.visit("").is_ok());
}

#[test]
fn a_bearer_has_no_old_cookie() {
    let policy = Policy::builder().carrier(Carrier::Both);
    let site = site_with(policy, LegacyCookie::new("id"), |_| {});
    let cookies = [b"id=one".as_slice()];
    let request = site
        .sessions
        .open_named::<(), _>(None, cookies, || [b"Bearer new".as_slice()]);
    let session = block_on(request.handle().load()).unwrap();
    assert_eq!(
        (session.get::<String>("from").unwrap(), site.asked()),
        (None, 0)
    );
    assert_eq!(site.visit("id=one").unwrap().0.as_deref(), Some("one"));
}

#[test]
fn other_calls_are_the_stores() {
    let site = site();
    block_on(async {
        let request = site.sessions.open([b"id=one".as_slice()]);
        let session = request.handle().load().await.unwrap();
        assert_eq!(session.devices().await.unwrap().len(), 1);
        session.sign_in("ada").unwrap();
        let reply = request.commit(200).await.unwrap();
        assert!(reply.set_cookie().is_some());
        assert_eq!(site.sessions.devices("ada").await.unwrap().len(), 1);
    });
    assert_eq!(site.visit("id=one").unwrap().0, None);
}

#[test]
fn what_can_not_work_fails_at_the_start() {
    let store = || -> Arc<dyn Store> { Arc::new(ModelStore::new()) };
    let plain = || -> Arc<dyn Store> { Arc::new(ModelStore::of_plain_ids()) };
    for (policy, store, cookie, part) in [
        (
            Policy::builder().cookie_name("id"),
            store(),
            "id",
            "is that of our own cookie, \"id\"",
        ),
        (Policy::builder(), store(), "a b", "is no cookie name"),
        (
            Policy::builder().carrier(Carrier::Bearer),
            store(),
            "id",
            "all sessions are bearers'",
        ),
        (
            Policy::builder().plain_ids(),
            plain(),
            "id",
            "ids of two parts",
        ),
        (
            Policy::builder(),
            store(),
            "id",
            "open them with Sessions::store()",
        ),
    ] {
        let sessions = Sessions::shared(policy.build().unwrap(), store);
        let old = Arc::clone(&site().old);
        let made = AssertUnwindSafe(|| sessions.adopting(LegacyCookie::new(cookie), old));
        let panic = catch_unwind(made).unwrap_err();
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap();
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_trace_opens_nothing_and_outlives_every_cookie() {
    let (id, now) = (LegacyId::new("one"), moment_at(0));
    let trace = id.trace_record(session_core::Revision::from_i64(7), now);
    assert!(trace.closed && trace.owner.is_none() && *trace.data == *"{}");
    assert_eq!(
        trace.expires,
        now.saturating_add(session_core::time::Duration::days(400))
    );
    assert_eq!(id.trace(), LegacyId::new("one").trace());
    assert_ne!(id.trace(), LegacyId::new("two").trace());
}
