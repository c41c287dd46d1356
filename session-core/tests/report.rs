//! What a report says of settings and stores.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pollster::block_on;
use session_core::{
    Batch, Carrier, Command, Cursor, Device, Digest, Enclosed, Envelope, Epochs, Key, ManualClock,
    Moment, Outcome, Overflow, Policy, PolicyBuilder, PublicId, Record, Report, SameSite, Sessions,
    Store, StoreError, StoreFacts, Verdict, Whose,
};
use session_testkit::{FaultyStore, ModelStore};

use Verdict::{Advice, Ok, Problem};

fn verdict(report: &Report, name: &str) -> Option<Verdict> {
    let found: Vec<_> = report.iter().filter(|it| it.name == name).collect();
    assert!(found.len() < 2, "{name} stands there twice");
    for finding in &found {
        assert_eq!(finding.remedy.is_none(), finding.is_ok(), "{finding}");
    }
    found.first().map(|finding| finding.verdict)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn each_setting_has_its_verdict() {
    type Set = fn(PolicyBuilder) -> PolicyBuilder;
    let rows: [(&str, Set, Option<Verdict>); 31] = [
        ("cookie-secure", |it| it, Some(Ok)),
        ("cookie-secure", PolicyBuilder::insecure, Some(Problem)),
        (
            "cookie-secure",
            |it| it.carrier(Carrier::Bearer).insecure(),
            Some(Ok),
        ),
        (
            "cookie-secure",
            |it| it.carrier(Carrier::Both).insecure(),
            Some(Problem),
        ),
        ("cookie-http-only", |it| it, Some(Ok)),
        (
            "cookie-http-only",
            PolicyBuilder::danger_readable_by_scripts,
            Some(Problem),
        ),
        ("cookie-http-only", |it| it.carrier(Carrier::Bearer), None),
        ("cookie-same-site", |it| it, Some(Ok)),
        (
            "cookie-same-site",
            |it| it.same_site(SameSite::Strict),
            Some(Ok),
        ),
        (
            "cookie-same-site",
            |it| it.same_site(SameSite::None),
            Some(Advice),
        ),
        (
            "cookie-same-site",
            PolicyBuilder::without_same_site,
            Some(Advice),
        ),
        ("cookie-host-only", |it| it, Some(Ok)),
        ("cookie-host-only", PolicyBuilder::insecure, None),
        ("cookie-host-only", |it| it.cookie_name("sid"), Some(Advice)),
        (
            "cookie-host-only",
            |it| it.cookie_name("__Secure-sid"),
            Some(Advice),
        ),
        (
            "cookie-host-only",
            |it| it.cookie_name("__hOST-sid"),
            Some(Ok),
        ),
        (
            "cookie-host-only",
            |it| it.cookie_name("__Host-Http-sid"),
            Some(Ok),
        ),
        (
            "cookie-host-only",
            |it| it.cookie_name("sid").domain("shop.example"),
            Some(Advice),
        ),
        ("idle-limit", |it| it, Some(Ok)),
        ("idle-limit", |it| it.idle(30 * DAY), Some(Ok)),
        ("idle-limit", |it| it.idle(300 * DAY), Some(Advice)),
        // The overall limit comes first.
        (
            "idle-limit",
            |it| it.idle(31 * DAY).absolute(30 * DAY),
            Some(Ok),
        ),
        ("absolute-limit", |it| it, Some(Advice)),
        ("absolute-limit", |it| it.absolute(30 * DAY), Some(Ok)),
        ("absolute-limit", |it| it.absolute(31 * DAY), Some(Advice)),
        ("device-limit", |it| it, Some(Advice)),
        (
            "device-limit",
            |it| it.max_devices(5, Overflow::Refuse),
            Some(Ok),
        ),
        ("device-limit", PolicyBuilder::plain_ids, None),
        ("store", |it| it, None),
        ("store-table", |it| it, None),
        ("server-side-end", |it| it, None),
    ];
    for (name, set, expected) in rows {
        let policy = set(Policy::builder()).build().unwrap();
        let report = policy.report();
        assert_eq!(verdict(&report, name), expected, "{name}\n{report}");
    }
}

#[test]
fn the_limits_of_the_assurance_levels_are_those_of_the_standard() {
    let hour = Duration::from_secs(60 * 60);
    for (builder, overall, idle, level) in [
        (Policy::aal1(), 30 * DAY, 14 * DAY, "AAL1"),
        (Policy::aal2(), DAY, hour, "AAL2"),
        (Policy::aal3(), 12 * hour, hour / 4, "AAL3"),
    ] {
        let clock = Arc::new(ManualClock::new(Moment::UNIX_EPOCH));
        let policy = builder.clock(Arc::clone(&clock)).build().unwrap();
        let report = policy.report();
        assert!(report.is_ok(), "{report}");
        let within = format!("within the limits of {level}");
        assert!(report.to_string().contains(&within), "{report}");
        // As they are enforced: after the whole time without use, and after the overall time with use all along.
        for (step, most) in [(idle, idle), (overall / 120, overall)] {
            let sessions = Sessions::new(policy.clone(), ModelStore::new());
            let cookie = block_on(async {
                let login = sessions.open([]);
                login.handle().load().await.unwrap().sign_in("ada").unwrap();
                login
                    .commit(200)
                    .await
                    .unwrap()
                    .set_cookie()
                    .unwrap()
                    .to_owned()
            });
            let mut lived = Duration::ZERO;
            loop {
                clock.advance(step);
                lived += step;
                let request = sessions.open([cookie.as_bytes()]);
                let exists = block_on(request.handle().load()).unwrap().exists();
                drop(block_on(request.commit(200)).unwrap());
                if !exists {
                    break;
                }
            }
            assert_eq!(lived, most, "{level}");
        }
    }
}

#[test]
fn an_insecure_cookie_is_a_problem_but_for_the_machines_own_address() {
    // A debug build is its developer's; a release build may have a proxy in front.
    let own = if cfg!(debug_assertions) { Ok } else { Advice };
    for (address, expected) in [
        ("127.0.0.1", own),
        ("127.0.0.5", own),
        ("::1", own),
        ("0.0.0.0", Problem),
        ("::", Problem),
        ("192.0.2.1", Problem),
        ("10.0.0.1", Problem),
    ] {
        let address: std::net::IpAddr = address.parse().unwrap();
        let report = Policy::development().report().listening_on(address);
        assert_eq!(
            verdict(&report, "cookie-secure"),
            Some(expected),
            "{report}"
        );
        assert!(
            report.to_string().contains(&address.to_string()),
            "{report}"
        );
        let secure = Policy::default().report();
        assert_eq!(
            secure.clone().listening_on(address).to_string(),
            secure.to_string()
        );
    }
}

#[test]
fn each_line_has_a_mark_and_a_wrong_one_its_remedy_and_source() {
    let report = Policy::development().report();
    let text = report.to_string();
    assert_eq!(text.lines().count(), report.iter().count());
    for (line, finding) in text.lines().zip(&report) {
        let mark = if finding.is_ok() { "✔ " } else { "✘ " };
        assert!(
            line.starts_with(&format!("{mark}{}: {}", finding.name, finding.found)),
            "{line}"
        );
        assert!(line.ends_with(&format!(" [{}]", finding.source)), "{line}");
        if let Some(remedy) = &finding.remedy {
            assert!(line.contains(&format!("; {remedy}")), "{line}");
        }
    }
}

#[test]
fn a_decision_is_no_finding() {
    let report = Policy::default().report();
    let decided = report.clone().accept("device-limit", "shared terminals");
    let decided = decided
        .accept("cookie-secure", "is right already")
        .accept("no such line", "x");
    assert_eq!(verdict(&decided, "device-limit"), Some(Ok));
    assert_eq!(verdict(&decided, "absolute-limit"), Some(Advice));
    let text = decided.to_string();
    assert!(text.contains("(accepted: shared terminals)") && !text.contains("right already"));
}

/// A store that is nothing but its facts.
#[derive(Debug)]
struct Facts(StoreFacts);

#[async_trait]
impl Store for Facts {
    async fn load(&self, _: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        unreachable!()
    }
    async fn write(&self, _: Command<'_>, _: Moment) -> Result<Outcome, StoreError> {
        unreachable!()
    }
    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        unreachable!()
    }
    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: Moment,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        unreachable!()
    }
    async fn revoke(&self, _: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
        unreachable!()
    }
    async fn walk(&self, _: &Cursor, _: usize, _: Moment) -> Result<Batch, StoreError> {
        unreachable!()
    }
    async fn check(&self) -> Result<(), StoreError> {
        std::result::Result::Ok(())
    }
    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        std::result::Result::Ok(self.0.clone())
    }
}

#[test]
fn each_fact_of_a_store_has_its_verdict() {
    type Set<'a> = &'a dyn Fn(&mut StoreFacts);
    let now = Moment::UNIX_EPOCH;
    let later = |by: i64| Some(now.saturating_add(time::Duration::new(by, 0)));
    let rows: [(&str, Set<'_>, Option<Verdict>); 10] = [
        ("store", &|_| {}, Some(Ok)),
        ("store-durable", &|_| {}, None),
        (
            "store-durable",
            &|it| it.outlives_process = Some(true),
            Some(Ok),
        ),
        ("store-clock", &|_| {}, None),
        ("store-clock", &|it| it.time = later(300), Some(Ok)),
        ("store-clock", &|it| it.time = later(301), Some(Problem)),
        ("store-sweeper", &|_| {}, None),
        ("store-sweeper", &|it| it.sweeps = Some(true), Some(Ok)),
        ("store-sweeper", &|it| it.sweeps = Some(false), Some(Advice)),
        ("store-table", &|it| it.table_version = Some(2), Some(Ok)),
    ];
    for (name, set, expected) in rows {
        let mut facts = StoreFacts::of("a shelf");
        set(&mut facts);
        let clock = ManualClock::new(now);
        let policy = Policy::builder().clock(clock).build().unwrap();
        let report = block_on(Sessions::new(policy, Facts(facts)).report());
        assert_eq!(verdict(&report, name), expected, "{name}\n{report}");
        assert_eq!(verdict(&report, "cookie-secure"), Some(Ok));
        assert!(
            report.to_string().contains("a shelf can be read"),
            "{report}"
        );
    }
}

#[test]
fn a_store_that_is_down_is_a_line() {
    let store = FaultyStore::new(ModelStore::new());
    let sessions = Sessions::new(Policy::default(), store.clone());
    let up = block_on(sessions.report());
    assert_eq!(verdict(&up, "store"), Some(Ok));
    assert!(up.is_ok(), "{up}");
    // The check, which writes, and the facts.
    assert_eq!(store.calls(), 2);
    store.go_down();
    let calls = store.calls();
    let down = block_on(sessions.report());
    assert_eq!(verdict(&down, "store"), Some(Problem), "{down}");
    assert!(
        !down.is_ok() && down.to_string().contains("store unavailable"),
        "{down}"
    );
    assert_eq!(store.calls(), calls + 1, "it is asked once");
}

#[test]
fn a_store_that_works_and_does_not_say_what_it_is_can_be_used() {
    let store = FaultyStore::new(ModelStore::new());
    let sessions = Sessions::new(Policy::default(), store.clone());
    // The check comes first.
    store.fail(2);
    let report = block_on(sessions.report());
    assert_eq!(verdict(&report, "store"), Some(Ok), "{report}");
    assert_eq!(verdict(&report, "store-facts"), Some(Advice), "{report}");
    assert_eq!(verdict(&report, "store-clock"), None);
    assert!(report.is_ok() && !report.to_string().contains("503"));
    let text = report.to_string();
    assert!(text.contains("✔ store: the store can be read"), "{text}");
}

#[test]
fn sessions_in_cookies_are_told_what_they_lack() {
    #[derive(Debug)]
    struct Plain(bool);
    impl Envelope for Plain {
        fn open(&self, _: &[u8], _: Moment) -> Option<Enclosed> {
            unreachable!()
        }
        fn seal(&self, _: Option<&[u8]>, _: &Enclosed, _: Moment) -> Result<String, StoreError> {
            unreachable!()
        }
        fn epochs(&self) -> Option<&dyn Epochs> {
            self.0.then_some(self)
        }
    }
    #[async_trait]
    impl Epochs for Plain {
        async fn epoch(&self, _: &str) -> Result<u64, StoreError> {
            unreachable!()
        }
    }
    for (has_epochs, expected) in [(false, Advice), (true, Ok)] {
        let sessions = Sessions::in_cookies(Policy::default(), Plain(has_epochs));
        let report = block_on(sessions.report());
        assert_eq!(verdict(&report, "server-side-end"), Some(expected));
        assert_eq!(verdict(&report, "store"), None);
        assert_eq!(verdict(&report, "device-limit"), None);
    }
}

#[test]
fn a_report_of_a_store_alone_has_the_stores_lines_of_the_whole_one() {
    let store = ModelStore::new();
    let policy = Policy::default();
    let skew = policy.clock_skew();
    let alone = Report::of_store(&store, || policy.now(), skew);
    let alone = block_on(alone);
    let whole = block_on(Sessions::new(Policy::default(), store).report());
    assert!(alone.iter().count() > 0 && alone.iter().count() < whole.iter().count());
    for finding in &alone {
        assert!(whole.iter().any(|other| other == finding), "{finding:?}");
    }
}
