//! The soak can fail: a store that lies, and a server whose answers are forged, are each reported, by the rule that they
//! break. The same without a lie breaks none.
#![allow(clippy::unwrap_used)]

mod forger;
mod liar;

use std::net::SocketAddr;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use session_core::{Policy, Sessions};
use session_soak::{Crowd, Invariant, Report, soak_at};
use session_testkit::Wrapped;
use tokio::net::TcpListener;

use self::forger::{Forger, Forgery, forge};
use self::liar::{Liar, Lie};

/// Serves the showcase on a store that lies, by answers that are forged.
async fn serve(lie: Lie, forgery: Forgery) -> SocketAddr {
    let flags = ["--store", "memory", "--insecure"];
    let app = showcase::prepare("axum", &flags).await.unwrap();
    let policy = Policy::builder().insecure().build().unwrap();
    let app = app.on(Sessions::new(policy, Wrapped(Liar::new(lie))));
    let router = showcase_axum::router(app);
    let router = router.layer(from_fn_with_state(Forger::new(forgery), forge));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn soaked(lie: Lie, forgery: Forgery, length: Duration) -> Report {
    let address = serve(lie, forgery).await;
    let crowd = Crowd {
        seed: 1,
        clients: 8,
        length,
    };
    let soak = tokio::task::spawn_blocking(move || soak_at(&[address], crowd));
    soak.await.unwrap()
}

/// It is over as soon as the lie is seen.
const LONGEST: Duration = Duration::from_secs(60);

async fn is_caught(lie: Lie, forgery: Forgery, by: &[Invariant]) {
    let report = soaked(lie, forgery, LONGEST).await;
    let story = report.story().expect("it is seen");
    let broken = report.broken().unwrap();
    assert!(by.contains(&broken), "{lie:?} {forgery:?}: {story}");
    // With what is needed to look into it.
    assert!(story.contains("seed 1"), "{story}");
    assert!(story.contains(" → "), "{story}");
    assert_eq!(report.json()["violations"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_lie_breaks_nothing() {
    let report = soaked(Lie::None, Forgery::None, Duration::from_secs(4)).await;
    assert_eq!(report.story(), None);
    assert!(report.requests() > 50, "{}", report.requests());
    for invariant in Invariant::ALL {
        let is_checked = report.checks.of(invariant) > 0;
        // Nothing has broken, so nothing resumes.
        assert_eq!(
            is_checked,
            invariant != Invariant::ServiceResumes,
            "{invariant:?}"
        );
    }
}

macro_rules! caught {
    ($($name:ident: $lie:expr, $forgery:expr => $($by:ident)|+;)+) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            is_caught($lie, $forgery, &[$(Invariant::$by),+]).await;
        }
    )+ };
}

caught! {
    a_lost_write_is_seen: Lie::LosesAWrite, Forgery::None => AcknowledgedIsKept;
    half_a_write_is_seen: Lie::StoresHalf, Forgery::None => DoubtfulIsWhole;
    a_session_that_did_not_end_is_seen: Lie::EndsNothing, Forgery::None => EndedStaysEnded;
    an_anonymous_answer_is_seen: Lie::None, Forgery::Anonymous => OutageIsNoLogout;
    anothers_values_are_seen: Lie::None, Forgery::AnothersValues => NobodySeesAnothers | GarbageOpensNothing | EndedStaysEnded;
    a_secret_that_does_not_count_is_seen: Lie::OpensForAnybody, Forgery::None => GarbageOpensNothing | EndedStaysEnded;
    a_device_that_is_left_out_is_seen: Lie::LeavesOut, Forgery::None => ListIsLive;
    anothers_cookie_is_seen: Lie::None, Forgery::AnothersCookie => NobodySeesAnothers | NoDeadCookie;
    a_cookie_that_is_removed_is_seen: Lie::None, Forgery::Removal => OutageIsNoLogout | NoDeadCookie;
    an_error_for_garbage_is_seen: Lie::None, Forgery::ErrorForGarbage => GarbageOpensNothing;
    a_strange_status_is_seen: Lie::None, Forgery::StrangeStatus => AnswersMakeSense | GarbageOpensNothing;
    a_dead_sessions_cookie_is_seen: Lie::None, Forgery::CookieOfTheDead => NoDeadCookie;
}
