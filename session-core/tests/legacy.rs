//! Sessions of another library, as requests with its cookie have them adopted.

#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pollster::block_on;
use session_core::{
    Adopt, Adoption, Carrier, Command, LegacyCookie, LegacyId, ManualClock, Moment, Policy,
    PolicyBuilder, Reply, SessionError, Sessions, Store, StoreError,
};
use session_testkit::{HeaderList, ModelStore, moment_at};

/// The other library's table: ids that are adopted when they are asked for.
#[derive(Debug)]
struct Old {
    ids: Mutex<Vec<&'static str>>,
    new: Arc<dyn Store>,
    answer: Adoption,
    fails: bool,
    asked: AtomicUsize,
    ended: Mutex<Vec<String>>,
}

#[async_trait]
impl Adopt for Old {
    async fn adopt(
        &self,
        id: &LegacyId,
        policy: &Arc<Policy>,
        now: Moment,
    ) -> Result<Adoption, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fails {
            return Err(StoreError::new("the old table is down"));
        }
        if self.answer == Adoption::Kept {
            return Ok(self.answer);
        }
        let found = {
            let mut ids = self.ids.lock().unwrap();
            let place = ids.iter().position(|known| *known == id.expose());
            place.map(|place| ids.remove(place))
        };
        if let Some(text) = found {
            let mut record = id.record(policy, Some(format!("owner of {text}").into()), now)?;
            record.data = format!(r#"{{"from":"{text}"}}"#).into();
            let (key, record) = (&id.key(), &record);
            self.new.write(Command::Insert { key, record }, now).await?;
        }
        Ok(self.answer)
    }

    async fn end(&self, id: &LegacyId, _: Moment) -> Result<(), StoreError> {
        self.ids
            .lock()
            .unwrap()
            .retain(|known| *known != id.expose());
        self.ended.lock().unwrap().push(id.expose().to_owned());
        Ok(())
    }

    fn may_be(&self, id: &str) -> bool {
        !id.starts_with("theirs")
    }

    fn store(&self) -> Option<&Arc<dyn Store>> {
        Some(&self.new)
    }
}

struct Site {
    sessions: Sessions,
    old: Arc<Old>,
    clock: Arc<ManualClock>,
}

fn site_with(policy: PolicyBuilder, cookie: LegacyCookie, change: impl FnOnce(&mut Old)) -> Site {
    let clock = Arc::new(ManualClock::new(moment_at(1_000_000)));
    let policy = policy.clock(Arc::clone(&clock)).build().unwrap();
    let new: Arc<dyn Store> = Arc::new(ModelStore::new());
    let mut old = Old {
        ids: Mutex::new(vec!["one", "two", "three"]),
        new: Arc::clone(&new),
        answer: Adoption::Settled,
        fails: false,
        asked: AtomicUsize::new(0),
        ended: Mutex::new(Vec::new()),
    };
    change(&mut old);
    let old = Arc::new(old);
    let sessions = Sessions::shared(policy, new).adopting(cookie, old.clone());
    Site {
        sessions,
        old,
        clock,
    }
}

fn site() -> Site {
    site_with(Policy::builder(), LegacyCookie::new("id"), |_| {})
}

impl Site {
    /// Reads what the session says about its origin; the second is the answer's cookies.
    fn visit(&self, cookie: &str) -> Result<(Option<String>, Vec<String>), SessionError> {
        block_on(async {
            let request = self.sessions.open([cookie.as_bytes()]);
            let session = request.handle().load().await?;
            let from = session.get("from")?;
            Ok((from, cookies(request.commit(200).await?)))
        })
    }

    fn asked(&self) -> usize {
        self.old.asked.load(Ordering::Relaxed)
    }
}

fn cookies(reply: Reply) -> Vec<String> {
    let mut headers = HeaderList::default();
    reply.apply(&mut headers);
    let values = headers.values("set-cookie");
    values.into_iter().map(str::to_owned).collect()
}

fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap()
}

const REMOVAL: &str = "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure";

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
