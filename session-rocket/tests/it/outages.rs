//! A store that fails before the handler or after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::fairing::AdHoc;
use rocket::http::{ContentType, CookieJar, Header, Status};
use rocket::response::status;
use rocket::{Catcher, State, async_trait, catch, catcher, catchers, get, routes};
use session_rocket::{Rejection, Session, SessionFairing, Sessions};
use session_store::MemoryStore;

use crate::support::{Site, plain, policy, usual};

type Ran = State<Arc<AtomicBool>>;

#[get("/plain")]
fn guarded(_session: Session, ran: &Ran) {
    ran.store(true, Ordering::Relaxed);
}

#[get("/optional")]
fn optional(session: Option<Session>) -> String {
    session.is_some().to_string()
}

#[get("/result")]
fn result(session: Result<Session, Rejection>) -> Result<&'static str, Rejection> {
    session.map(|_| "a session")
}

#[get("/own")]
fn own(session: Result<Session, Rejection>) -> status::Custom<&'static str> {
    assert!(session.is_err());
    status::Custom(Status::ServiceUnavailable, "our own words")
}

#[tokio::test]
async fn an_outage_keeps_the_handler_from_running_and_the_cookie_alone() {
    let ran = Arc::new(AtomicBool::new(false));
    let routes = [routes![guarded, result, own, optional], usual()].concat();
    let site = Site::of(plain().mount("/", routes).manage(Arc::clone(&ran))).await;
    let cookie = site.visitor().await;
    site.faults.go_down();
    site.get("/plain", &cookie).await.is_outage();
    site.get("/result", &cookie).await.is_outage();
    // Rocket's own rule for optional guards.
    assert_eq!(site.get("/optional", &cookie).await.body, "false");
    let seen = site.get("/own", &cookie).await;
    assert_eq!((seen.status, &*seen.body), (503, "our own words"));
    assert!(!ran.load(Ordering::Relaxed));
    site.faults.come_up();
    assert_eq!(site.get("/result", &cookie).await.body, "a session");
    assert_eq!(site.get("/optional", &cookie).await.body, "true");
    assert_eq!(site.get("/plain", &cookie).await.status, 200);
    assert!(ran.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_catcher_of_the_application_answers_the_outage() {
    #[catch(503)]
    fn sorry() -> &'static str {
        "sorry"
    }
    #[catch(default)]
    fn anything(status: Status, _: &rocket::Request<'_>) -> String {
        format!("error {}", status.code)
    }
    for (catchers, expected) in [
        (catchers![sorry], "sorry"),
        (catchers![anything], "error 503"),
        (catchers![sorry, anything], "sorry"),
    ] {
        let rocket = plain().mount("/", usual()).register("/", catchers);
        let site = Site::of(rocket).await;
        let cookie = site.visitor().await;
        site.faults.go_down();
        let seen = site.get("/read", &cookie).await;
        assert_eq!((seen.status, &*seen.body), (503, expected));
        assert_eq!(seen.set_cookies(), [""; 0]);
    }
}

#[tokio::test]
async fn a_catcher_below_the_root_answers_the_outage_there() {
    #[catch(503)]
    fn sorry() -> &'static str {
        "sorry"
    }
    let rocket = plain().mount("/", usual()).mount("/shop", usual());
    let site = Site::of(rocket.register("/shop", catchers![sorry])).await;
    let cookie = site.visitor().await;
    site.faults.go_down();
    assert_eq!(site.get("/shop/read", &cookie).await.body, "sorry");
    site.get("/read", &cookie).await.is_outage();
}

#[tokio::test]
async fn an_unavailability_of_the_application_is_not_taken_for_an_outage() {
    #[get("/busy")]
    fn busy(_session: Session) -> Status {
        Status::ServiceUnavailable
    }
    let site = Site::new(routes![busy]).await;
    let seen = site.get("/busy", "").await;
    assert_eq!(seen.status, 503);
    assert_eq!(seen.all("content-type"), ["text/html; charset=utf-8"]);
    assert!(seen.body.contains("503: Service Unavailable"), "{seen:?}");
}

#[tokio::test]
async fn a_failed_load_is_repeated() {
    // This catcher wants the visitor's name, and works without it.
    #[derive(Clone)]
    struct Polite;
    #[async_trait]
    impl catcher::Handler for Polite {
        async fn handle<'r>(
            &self,
            status: Status,
            request: &'r rocket::Request<'_>,
        ) -> catcher::Result<'r> {
            let session = request.guard::<Session>().await;
            assert!(session.is_success());
            rocket::Response::build().status(status).ok()
        }
    }
    let rocket = plain().mount("/", usual());
    let site = Site::of(rocket.register("/", vec![Catcher::new(503, Polite)])).await;
    let cookie = site.visitor().await;
    site.faults.fail(site.faults.calls() + 1);
    assert_eq!(site.get("/read", &cookie).await.status, 503);
    assert_eq!(site.spy.take().load, 2);
}

#[tokio::test]
async fn a_failed_commit_is_an_outage_without_a_cookie() {
    let site = Site::usual().await;
    site.faults.go_down();
    site.post("/write", "").await.is_outage();
    site.faults.come_up();
    let cookie = site.visitor().await;
    // The load succeeds, the write fails.
    site.faults.fail(site.faults.calls() + 2);
    site.post("/write", &cookie).await.is_outage();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
    site.faults.go_down();
    site.post("/logout", &cookie).await.is_outage();
    site.faults.come_up();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
}

#[get("/sign-in-and-on")]
async fn sign_in_and_on(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada")?;
    session.save().await?;
    session.insert("late", true)
}

#[tokio::test]
async fn a_failed_commit_after_an_early_save_sets_the_cookie_of_the_saved_session() {
    let site = Site::new([routes![sign_in_and_on], usual()].concat()).await;
    let cookie = site.visitor().await;
    // The load and the sign-in's two writes succeed, the next write fails.
    site.faults.fail(site.faults.calls() + 4);
    let seen = site.get("/sign-in-and-on", &cookie).await;
    seen.is_unavailable();
    assert_eq!(seen.all("cache-control"), ["private"]);
    assert_eq!(site.get("/keys", &seen.cookie()).await.body, "hits");
}

struct Rich;

impl<'r> rocket::response::Responder<'r, 'static> for Rich {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        let text = "a body that will be lost";
        rocket::Response::build()
            .header(ContentType::HTML)
            .raw_header("Content-Encoding", "identity")
            .raw_header("Content-Length", "9999")
            .raw_header("ETag", "\"1\"")
            .raw_header("Cache-Control", "public, max-age=60")
            .raw_header("Location", "/elsewhere")
            .raw_header("Content-Security-Policy", "default-src 'self'")
            .sized_body(text.len(), std::io::Cursor::new(text))
            .ok()
    }
}

#[get("/rich")]
fn rich(session: Session, jar: &CookieJar<'_>) -> Rich {
    session.insert("a", 1).unwrap();
    jar.add(("flash", "saved!"));
    Rich
}

#[tokio::test]
async fn a_failed_commit_leaves_nothing_of_the_body_and_all_of_the_fairings() {
    let cors = AdHoc::on_response("CORS", |_, response| {
        Box::pin(async move {
            let allow = Header::new("Access-Control-Allow-Origin", "https://example.org");
            response.set_header(allow);
        })
    });
    let site = Site::of(plain().mount("/", routes![rich]).attach(cors)).await;
    site.faults.go_down();
    let seen = site.get("/rich", "").await;
    seen.is_outage();
    for name in [
        "content-encoding",
        "content-length",
        "etag",
        "cache-control",
        "location",
    ] {
        assert_eq!(seen.all(name), [""; 0], "{name}");
    }
    for name in [
        "access-control-allow-origin",
        "content-security-policy",
        "x-content-type-options",
        "server",
    ] {
        assert_eq!(seen.all(name).len(), 1, "{name}");
    }
}

struct Admin;

#[get("/both")]
fn both(visitor: Session, admin: Session<Admin>) -> &'static str {
    visitor.insert("a", 1).unwrap();
    admin.insert("b", 2).unwrap();
    "both"
}

#[tokio::test]
async fn a_failed_commit_leaves_the_cookie_of_the_session_before() {
    let memory = MemoryStore::new();
    let admins = Sessions::new(policy("admin"), memory.clone());
    let first = SessionFairing::new(admins).named::<Admin>();
    let site = Site::of(plain().mount("/", routes![both]).attach(first)).await;
    site.faults.go_down();
    let seen = site.get("/both", "").await;
    assert_eq!(seen.status, 503);
    assert_eq!(seen.set_cookies().len(), 1);
    assert!(seen.cookie().starts_with("admin="));
    assert_eq!(seen.all("cache-control"), ["private"]);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!((memory.len(), site.memory.len()), (1, 0));
}

#[tokio::test]
async fn a_failed_commit_drops_what_the_sessions_after_it_would_write() {
    let down = session_testkit::FaultyStore::new(MemoryStore::new());
    down.go_down();
    let admins = Sessions::new(policy("admin"), down);
    let first = SessionFairing::new(admins).named::<Admin>();
    let site = Site::of(plain().mount("/", routes![both]).attach(first)).await;
    site.get("/both", "").await.is_outage();
    assert_eq!(site.spy.take().total(), 0);
}
