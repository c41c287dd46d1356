//! Aborted launches.

use rocket::error::ErrorKind;
use rocket::local::asynchronous::Client;
use rocket::{Build, Request, Rocket, catch, catchers, get, routes};
use session_rocket::{
    CalmSession, Carrier, Policy, Rejection, Session, SessionFairing, SessionHandle, Sessions,
};
use session_store::MemoryStore;

use crate::support::{plain, policy};

struct Admin;

fn fairing(cookie: &str) -> SessionFairing {
    SessionFairing::new(Sessions::new(policy(cookie), MemoryStore::new()))
}

#[get("/")]
fn session(_session: Session) {}

#[get("/")]
fn handle(_handle: SessionHandle) {}

#[get("/")]
fn calm(_session: CalmSession) {}

#[get("/")]
fn optional(_session: Option<Session>) {}

#[get("/")]
fn result(_session: Result<Session, Rejection>) {}

#[get("/")]
fn named(_session: Session<Admin>) {}

#[get("/")]
fn named_handle(_handle: SessionHandle<Admin>) {}

async fn aborts(rocket: Rocket<Build>) -> String {
    match rocket.ignite().await.unwrap_err().kind() {
        ErrorKind::SentinelAborts(sentries) => {
            assert_eq!(sentries.len(), 1);
            "sentinel".into()
        }
        ErrorKind::FailedFairings(fairings) => fairings[0].name.into(),
        kind => panic!("{kind:?}"),
    }
}

#[tokio::test]
async fn a_guard_without_its_fairing_aborts_the_launch() {
    for routes in [
        routes![session],
        routes![handle],
        routes![calm],
        routes![optional],
        routes![result],
        routes![named],
        routes![named_handle],
    ] {
        let is_named = routes[0].name.as_deref().unwrap().starts_with("named");
        assert_eq!(aborts(plain().mount("/", routes.clone())).await, "sentinel");
        // The fairing of another name does not serve the guard, its own does.
        let (own, other) = (fairing("own"), fairing("other"));
        let (own, other) = if is_named {
            (plain().attach(own.named::<Admin>()), plain().attach(other))
        } else {
            (plain().attach(own), plain().attach(other.named::<Admin>()))
        };
        assert_eq!(aborts(other.mount("/", routes.clone())).await, "sentinel");
        assert!(own.mount("/", routes).ignite().await.is_ok());
    }
}

#[tokio::test]
async fn a_guard_by_hand_without_its_fairing_is_an_error() {
    #[catch(404)]
    async fn by_hand(request: &Request<'_>) -> String {
        let session = request.guard::<Session>().await.failed().unwrap();
        let handle = request.guard::<SessionHandle<Admin>>().await;
        let handle = handle.failed().unwrap();
        assert_eq!((session.0.code, handle.0.code), (500, 500));
        assert!(handle.1.to_string().contains("Admin"));
        session.1.to_string()
    }
    let rocket = plain().register("/", catchers![by_hand]);
    let client = Client::untracked(rocket).await.unwrap();
    let text = client.get("/").dispatch().await.into_string().await;
    assert!(
        text.unwrap()
            .contains("no session layer, middleware or fairing `()`")
    );
}

#[tokio::test]
async fn two_fairings_of_one_name_abort_the_launch() {
    let twice = plain().attach(fairing("one")).attach(fairing("two"));
    assert_eq!(aborts(twice).await, "Session");
    let twice = plain()
        .attach(fairing("one").named::<Admin>())
        .attach(fairing("two").named::<Admin>());
    assert_eq!(aborts(twice).await, "Session");
}

#[tokio::test]
async fn two_cookies_of_one_name_abort_the_launch() {
    let same = plain()
        .attach(fairing("same"))
        .attach(fairing("same").named::<Admin>());
    assert_eq!(aborts(same).await, "Session");
}

#[test]
fn a_fairing_shows_its_name_and_no_secret() {
    let shown = format!("{:?}", fairing("one").named::<Admin>());
    assert!(shown.contains("Admin"), "{shown}");
}

#[tokio::test]
async fn two_fairings_cannot_both_have_bearers() {
    let fairing = |cookie, carrier| {
        let policy = Policy::builder().cookie_name(cookie).carrier(carrier);
        let sessions = Sessions::new(policy.build().unwrap(), MemoryStore::new());
        SessionFairing::new(sessions)
    };
    for (one, other, works) in [
        (Carrier::Both, Carrier::Cookie, true),
        (Carrier::Cookie, Carrier::Bearer, true),
        (Carrier::Both, Carrier::Bearer, false),
    ] {
        let rocket = plain().attach(fairing("one", one));
        let rocket = rocket.attach(fairing("other", other).named::<Admin>());
        if works {
            assert!(rocket.ignite().await.is_ok());
        } else {
            assert_eq!(aborts(rocket).await, "Session");
        }
    }
}
