//! The end of a request, and what it commits.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::middleware::{DefaultHeaders, ErrorHandlerResponse, ErrorHandlers, from_fn};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse};
use futures_util::{FutureExt, stream};
use session_actix::{Rejection, Session, SessionError};

use crate::support::{Kept, Site, serve, usual, visitor, watch, write};

#[actix_web::test]
async fn errors_of_the_client_commit_and_errors_of_the_server_do_not() {
    let site = Site::new(|routes| {
        let handler = async |status: web::Path<u16>, session: Session| {
            session.insert("status", *status).unwrap();
            HttpResponse::new(StatusCode::from_u16(*status).unwrap())
        };
        routes.route("/{status}", web::get().to(handler));
    })
    .await;
    for status in [200, 204, 304, 404, 498] {
        let seen = site.get(&format!("/{status}"), "").await;
        assert_eq!(seen.set_cookies().len(), 1, "{status}");
        assert_eq!(site.kept.spy.take().insert, 1, "{status}");
    }
    for status in [408, 499, 500, 503, 599] {
        let seen = site.get(&format!("/{status}"), "").await;
        assert_eq!(seen.status, status);
        assert_eq!(seen.set_cookies(), [""; 0], "{status}");
        assert_eq!(site.kept.spy.take().total(), 0, "{status}");
    }
}

#[actix_web::test]
async fn an_error_of_the_handler_is_judged_by_its_status() {
    let site = Site::new(|routes| {
        let handler = async |status: web::Path<u16>, session: Session| -> actix_web::Result<&str> {
            session.insert("status", *status).unwrap();
            let status = StatusCode::from_u16(*status).unwrap();
            Err(actix_web::error::InternalError::new("as asked", status).into())
        };
        routes.route("/{status}", web::get().to(handler));
    })
    .await;
    assert_eq!(site.get("/422", "").await.set_cookies().len(), 1);
    assert_eq!(site.get("/500", "").await.set_cookies().len(), 0);
    assert_eq!(site.kept.memory.len(), 1);
}

#[actix_web::test]
async fn a_failed_commit_is_an_outage_without_a_cookie() {
    let site = Site::usual().await;
    let faults = &site.kept.faults;
    faults.go_down();
    site.post("/write", "").await.is_outage();
    faults.come_up();
    let cookie = site.visitor().await;
    // The load succeeds, the write fails.
    faults.fail(faults.calls() + 2);
    site.post("/write", &cookie).await.is_outage();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
    faults.go_down();
    site.post("/logout", &cookie).await.is_outage();
    faults.come_up();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
}

#[actix_web::test]
async fn a_failed_commit_after_an_early_save_sets_the_cookie_of_the_saved_session() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    // The load and the sign-in's two writes succeed, the next write fails.
    let faults = &site.kept.faults;
    faults.fail(faults.calls() + 4);
    let seen = site.post("/sign-in-and-on", &cookie).await;
    seen.is_unavailable();
    assert_eq!(seen.all("cache-control"), ["private"]);
    assert_eq!(site.get("/read", &seen.cookie()).await.body, "1");
    let devices = site.kept.sessions.devices("ada").await.unwrap();
    assert_eq!(devices.len(), 1);
}

#[actix_web::test]
async fn a_failed_commit_is_a_response_that_outer_middleware_sees() {
    let handlers = ErrorHandlers::new().handler(StatusCode::SERVICE_UNAVAILABLE, |mut response| {
        let error = response.response().error().map(ToString::to_string);
        let told = error.unwrap().parse().unwrap();
        response.headers_mut().insert("told".parse().unwrap(), told);
        Ok(ErrorHandlerResponse::Response(
            response.map_into_left_body(),
        ))
    });
    let kept = Kept::new();
    let app = App::new()
        .configure(usual)
        .wrap(kept.middleware())
        .wrap(DefaultHeaders::new().add(("outer", "was here")))
        .wrap(handlers)
        .wrap(from_fn(watch));
    let app = serve(app).await;
    kept.faults.go_down();
    let seen = app.send("POST", "/write", "").await;
    seen.is_outage();
    assert_eq!(seen.all("seen"), ["ok 503"]);
    assert_eq!(seen.all("outer"), ["was here"]);
    assert_eq!(seen.all("told"), ["session store unavailable"]);
}

#[actix_web::test]
async fn a_panic_commits_nothing_and_closes_the_session() {
    fn explode() -> &'static str {
        panic!("as asked")
    }
    let leaked: Rc<RefCell<Option<Session>>> = Rc::default();
    let slot = Rc::clone(&leaked);
    let site = Site::new(|routes| {
        let panics = move |session: Session| {
            let slot = Rc::clone(&slot);
            async move {
                session.insert("panicked", true).unwrap();
                session.destroy().unwrap();
                session.insert("panicked", true).unwrap();
                slot.replace(Some(session));
                explode()
            }
        };
        routes
            .route("/panic", web::get().to(panics))
            .route("/write", web::post().to(write));
    })
    .await;
    let cookie = site.visitor().await;
    let call = AssertUnwindSafe(site.app.call("GET", "/panic", &cookie));
    assert!(call.catch_unwind().await.is_err());
    assert_eq!(site.kept.spy.take().writes(), 0);
    assert_eq!(site.kept.memory.len(), 1);
    let leaked = leaked.take().unwrap();
    assert!(matches!(
        leaked.insert("late", 1),
        Err(Rejection(SessionError::Finished))
    ));
    assert!(matches!(
        leaked.save().await,
        Err(Rejection(SessionError::Finished))
    ));
}

#[actix_web::test]
async fn a_client_that_goes_away_commits_nothing() {
    let reached: Rc<Cell<Option<Session>>> = Rc::default();
    let slot = Rc::clone(&reached);
    let site = Site::new(|routes| {
        let hangs = move |session: Session| {
            session.insert("lost", true).unwrap();
            slot.set(Some(session));
            pending::<&str>()
        };
        routes.route("/", web::get().to(hangs));
    })
    .await;
    let mut call = site.app.call("GET", "/", "");
    assert!((&mut call).now_or_never().is_none());
    let session = reached.take().unwrap();
    drop(call);
    assert!(matches!(
        session.save().await,
        Err(Rejection(SessionError::Finished))
    ));
    assert_eq!(site.kept.spy.take().total(), 0);
}

#[actix_web::test]
async fn a_client_that_goes_away_during_the_commit_finds_the_old_session_or_the_new_one() {
    let kept = Kept::new();
    let app = App::new().configure(usual).wrap(kept.middleware());
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    for (after, hits) in [(false, "1"), (true, "2")] {
        let write = kept.faults.calls() + 2;
        let gate = if after {
            kept.faults.pause_after(write)
        } else {
            kept.faults.pause_before(write)
        };
        let mut call = app.call("POST", "/write", &cookie);
        assert!((&mut call).now_or_never().is_none());
        gate.reached().await;
        drop(call);
        assert_eq!(app.get("/read", &cookie).await.body, hits);
    }
}

#[actix_web::test]
async fn a_stream_and_a_task_cannot_write_after_the_head() {
    let kept: Rc<Cell<Option<Session>>> = Rc::default();
    let slot = Rc::clone(&kept);
    let site = Site::new(|routes| {
        let handler = move |session: Session| {
            session.insert("before", true).unwrap();
            slot.set(Some(session.clone()));
            let late = stream::once(async move {
                let late = session.insert("after", true).unwrap_err();
                Ok::<_, Infallible>(Bytes::from(late.to_string()))
            });
            async { HttpResponse::Ok().streaming(late) }
        };
        let keys = async |session: Session| session.keys().join(",");
        routes
            .route("/stream", web::get().to(handler))
            .route("/", web::get().to(keys));
    })
    .await;
    let seen = site.get("/stream", "").await;
    assert_eq!(seen.body, SessionError::Finished.to_string());
    assert_eq!(site.get("/", &seen.cookie()).await.body, "before");
    let task = kept.take().unwrap();
    assert!(matches!(
        task.save().await,
        Err(Rejection(SessionError::Finished))
    ));
    assert_eq!(task.get("before").unwrap(), Some(true));
}

#[actix_web::test]
async fn an_early_save_is_stored_and_its_cookie_travels_with_the_head() {
    let site = Site::new(|routes| {
        let handler = async |session: Session| {
            session.insert("saved", true).unwrap();
            session.save().await.unwrap();
            session.insert("dropped", true).unwrap();
            HttpResponse::InternalServerError().finish()
        };
        let keys = async |session: Session| session.keys().join(",");
        routes
            .route("/save", web::get().to(handler))
            .route("/", web::get().to(keys));
    })
    .await;
    let seen = site.get("/save", "").await;
    assert_eq!(seen.status, 500);
    assert_eq!(site.get("/", &seen.cookie()).await.body, "saved");
}
