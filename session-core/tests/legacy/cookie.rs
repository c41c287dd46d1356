//! The other cookie: which values are looked at, and when it is removed.

use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_core::{Adoption, LegacyCookie, LegacyId, Policy, Sessions};

use super::site::{Old, REMOVAL, cookies, pair, site, site_with};

#[test]
fn the_old_cookie_opens_its_session_until_ours_has_come_back() {
    let site = site();
    let (from, set) = site.visit("id=one").unwrap();
    assert_eq!((from.as_deref(), set.len()), (Some("one"), 1));
    let ours = pair(&set[0]).to_owned();
    // The answer was lost: ours is set again, and the same.
    site.clock.advance(Duration::from_secs(600));
    let (from, set) = site.visit("id=one").unwrap();
    assert_eq!((from.as_deref(), pair(&set[0])), (Some("one"), &*ours));
    let (from, set) = site.visit(&format!("id=one; {ours}")).unwrap();
    assert_eq!(
        (from.as_deref(), &*set),
        (Some("one"), &[REMOVAL.to_owned()][..])
    );
    // A tab that is behind may go on for the grace, and no longer.
    assert_eq!(site.visit("id=one").unwrap().0.as_deref(), Some("one"));
    site.clock.advance(Duration::from_secs(600));
    assert_eq!(site.visit("id=one").unwrap(), (None, vec![]));
    assert_eq!(site.visit(&ours).unwrap().0.as_deref(), Some("one"));
}

#[test]
fn the_old_cookie_stays_as_long_as_the_browser_may_not_have_ours() {
    let site = site();
    block_on(async {
        let [first, second] = [(); 2].map(|()| site.sessions.open([b"id=one".as_slice()]));
        for (request, name) in [(&first, "a"), (&second, "b")] {
            let session = request.handle().load().await.unwrap();
            session.insert(name, 1).unwrap();
        }
        assert!(first.commit(200).await.unwrap().set_cookie().is_some());
        // It comes too late, and reads the session again; the first answer may never arrive.
        let late = cookies(second.commit(200).await.unwrap());
        assert!(!late.contains(&REMOVAL.to_owned()), "{late:?}");
    });
    site.clock.advance(Duration::from_secs(600));
    let (from, set) = site.visit("id=one").unwrap();
    assert_eq!((from.as_deref(), set.len()), (Some("one"), 1));
}

#[test]
fn a_session_of_ours_that_is_over_removes_no_other_cookie() {
    let site = site();
    let ours = block_on(async {
        let request = site.sessions.open([]);
        let session = request.handle().load().await.unwrap();
        session.sign_in("ada").unwrap();
        let reply = request.commit(200).await.unwrap();
        pair(reply.set_cookie().unwrap()).to_owned()
    });
    // Shorter than it was before.
    let policy = Policy::builder()
        .idle(Duration::from_secs(300))
        .absolute(Duration::from_secs(600))
        .clock(Arc::clone(&site.clock));
    let store = Arc::clone(site.sessions.store());
    let sessions = Sessions::shared(policy.build().unwrap(), store);
    let sessions = sessions.adopting(LegacyCookie::new("id"), site.old.clone());
    site.clock.advance(Duration::from_secs(3_600));
    block_on(async {
        let both = format!("{ours}; id=one");
        let request = sessions.open([both.as_bytes()]);
        let calm = request.handle().calm().await.unwrap();
        assert_eq!(calm.get::<String>("from").unwrap().as_deref(), Some("one"));
        assert_eq!(
            cookies(request.commit(200).await.unwrap()),
            Vec::<String>::new()
        );
    });
}

#[test]
fn after_a_sign_in_the_old_cookie_is_removed_with_the_next_answer() {
    let site = site();
    let set = block_on(async {
        let request = site.sessions.open([b"id=one".as_slice()]);
        let session = request.handle().load().await.unwrap();
        session.sign_in("ada").unwrap();
        cookies(request.commit(200).await.unwrap())
    });
    assert_eq!(set.len(), 1, "{set:?}");
    let both = format!("id=one; {}", pair(&set[0]));
    assert_eq!(site.visit(&both).unwrap().1, [REMOVAL]);
}

#[test]
fn a_calm_page_removes_it_too() {
    let site = site();
    let (_, set) = site.visit("id=one").unwrap();
    let both = format!("id=one; {}", pair(&set[0]));
    block_on(async {
        let request = site.sessions.open([both.as_bytes()]);
        let calm = request.handle().calm().await.unwrap();
        assert_eq!(calm.get::<String>("from").unwrap().as_deref(), Some("one"));
        assert_eq!(cookies(request.commit(200).await.unwrap()), [REMOVAL]);
    });
}

#[test]
fn what_can_not_be_adopted_keeps_its_cookie() {
    let kept = |old: &mut Old| old.answer = Adoption::Kept;
    let site = site_with(Policy::builder(), LegacyCookie::new("id"), kept);
    let set = block_on(async {
        let request = site.sessions.open([b"id=one".as_slice()]);
        let session = request.handle().load().await.unwrap();
        assert_eq!(session.get::<String>("from").unwrap(), None);
        session.insert("from", "here").unwrap();
        cookies(request.commit(200).await.unwrap())
    });
    assert!(
        set.len() == 1 && set[0].starts_with("__Host-session="),
        "{set:?}"
    );
}

#[test]
fn the_removal_is_of_the_cookie_that_the_library_was_told_to_set() {
    let id = || LegacyCookie::new("id");
    for (cookie, insecure, expected) in [
        (
            id(),
            true,
            "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
        ),
        (id(), false, REMOVAL),
        (
            id().path("/shop").domain("example.org"),
            true,
            "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/shop; Domain=example.org",
        ),
        (
            LegacyCookie::new("__Secure-id"),
            true,
            "__Secure-id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure",
        ),
    ] {
        let name = cookie.name().to_owned();
        let policy = if insecure {
            Policy::builder().insecure()
        } else {
            Policy::builder()
        };
        let site = site_with(policy, cookie, |_| {});
        let set = block_on(async {
            let cookie = format!("{name}=one");
            let request = site.sessions.open([cookie.as_bytes()]);
            request.handle().destroy().unwrap();
            cookies(request.commit(200).await.unwrap())
        });
        assert_eq!(set[0], expected);
    }
}

#[test]
fn at_most_four_values_are_looked_at_and_each_once() {
    let site = site();
    let cookie = "id=a; id=b; id=a; id=three; id=one";
    assert_eq!(site.visit(cookie).unwrap().0.as_deref(), Some("three"));
    assert_eq!(site.asked(), 3);
}

#[test]
fn a_seal_is_opened_by_the_application() {
    let unseal = |value: &str| Some(value.strip_prefix("v1.")?.to_owned());
    let site = site_with(
        Policy::builder(),
        LegacyCookie::new("id").unsealed_by(unseal),
        |_| {},
    );
    assert_eq!(site.visit("id=one").unwrap().0, None);
    assert_eq!(
        site.visit(&format!("id=v1.{}", "x".repeat(300))).unwrap().0,
        None
    );
    assert_eq!(site.asked(), 0);
    assert_eq!(
        site.visit("id=\"v1.one\"").unwrap().0.as_deref(),
        Some("one")
    );
    let shown = format!("{:?}", LegacyCookie::new("id").unsealed_by(unseal));
    assert!(shown.contains("is_unsealed: true"), "{shown}");
    assert_eq!(format!("{:?}", LegacyId::new("one")), "LegacyId(…)");
}

#[test]
fn what_can_be_no_id_of_the_library_is_not_looked_for() {
    let site = site();
    assert_eq!(site.visit("id=theirs-1").unwrap(), (None, vec![]));
    assert_eq!(site.asked(), 0);
    assert_eq!(
        site.visit("id=theirs-1; id=one").unwrap().0.as_deref(),
        Some("one")
    );
    assert_eq!(site.asked(), 1);
}
