//! Route guards, which cannot wait.

use actix_web::guard::GuardContext;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse};
use futures_util::FutureExt;
use futures_util::future::join;
use session_actix::{Session, SessionExt};
use session_testkit::Calls;

use crate::support::{Kept, Site, serve, usual, visitor, watch};

fn is_signed_in(context: &GuardContext<'_>) -> bool {
    let session = context.session_handle().and_then(|handle| handle.peek());
    session.is_some_and(|session| session.owner().is_some())
}

fn guarded(routes: &mut ServiceConfig) {
    usual(routes);
    routes
        .route(
            "/",
            web::get().guard(is_signed_in).to(async || "welcome back"),
        )
        .route("/", web::get().to(HttpResponse::Unauthorized));
}

#[actix_web::test]
async fn a_guard_sees_the_session_that_was_preloaded() {
    let kept = Kept::new();
    let app = App::new()
        .configure(guarded)
        .wrap(kept.middleware().preload());
    let app = serve(app).await;
    assert_eq!(app.get("/", "").await.status, 401);
    let visitor = visitor(&app, &kept).await;
    assert_eq!(app.get("/", &visitor).await.status, 401);
    let ada = app.send("POST", "/sign-in", &visitor).await.cookie();
    let seen = app.get("/", &ada).await;
    assert_eq!((seen.status, &*seen.body), (200, "welcome back"));
}

#[actix_web::test]
async fn without_a_preload_a_guard_sees_a_handle_only() {
    let site = Site::new(guarded).await;
    let ada = site.post("/sign-in", "").await.cookie();
    assert_eq!(site.get("/", &ada).await.status, 401);
}

#[actix_web::test]
async fn a_guard_finds_a_named_session() {
    struct Admin;
    fn any(context: &GuardContext<'_>) -> bool {
        context.session_handle().is_none() && context.session_handle_named::<Admin>().is_some()
    }
    let kept = Kept::new();
    let app = App::new()
        .route("/", web::get().guard(any).to(async || ""))
        .wrap(kept.middleware().preload().named::<Admin>());
    assert_eq!(serve(app).await.get("/", "").await.status, 200);
}

#[actix_web::test]
async fn a_preload_is_the_requests_one_load() {
    let kept = Kept::new();
    let app = App::new()
        .configure(guarded)
        .wrap(kept.middleware().preload());
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    let one_load = Calls {
        load: 1,
        ..Calls::default()
    };
    for path in ["/untouched", "/read"] {
        let seen = app.get(path, &cookie).await;
        // Routing by the session makes the response depend on it.
        assert_eq!(seen.all("vary"), ["Cookie"], "{path}");
        assert_eq!(kept.spy.take(), one_load, "{path}");
    }
    app.get("/untouched", "").await;
    assert_eq!(kept.spy.take(), Calls::default());
}

#[actix_web::test]
async fn a_preload_that_fails_is_an_outage_that_outer_middleware_sees() {
    let kept = Kept::new();
    let app = App::new()
        .configure(guarded)
        .wrap(kept.middleware().preload())
        .wrap(DefaultHeaders::new().add(("outer", "was here")))
        .wrap(from_fn(watch));
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    kept.faults.go_down();
    let seen = app.get("/untouched", &cookie).await;
    seen.is_outage();
    assert_eq!(seen.all("seen"), ["ok 503"]);
    assert_eq!(seen.all("outer"), ["was here"]);
    kept.faults.come_up();
    assert_eq!(app.get("/read", &cookie).await.body, "1");
}

#[actix_web::test]
async fn requests_wait_for_their_preloads_side_by_side() {
    let kept = Kept::new();
    let app = App::new()
        .route(
            "/",
            web::get().to(async |session: Session| session.len().to_string()),
        )
        .configure(usual)
        .wrap(kept.middleware().preload());
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    let gate = kept.faults.pause_before(kept.faults.calls() + 1);
    let mut slow = Box::pin(app.get("/", &cookie));
    assert!((&mut slow).now_or_never().is_none());
    assert_eq!(app.get("/", &cookie).await.body, "1");
    // A client that goes away while its session is being loaded does no harm.
    let gone = kept.faults.pause_before(kept.faults.calls() + 1);
    let mut left = Box::pin(app.get("/", &cookie));
    assert!((&mut left).now_or_never().is_none());
    drop(left);
    gone.open();
    let (seen, ()) = join(slow, async { gate.open() }).await;
    assert_eq!(seen.body, "1");
}
