//! Inner middleware that returns an `Err` instead of a response.

use std::fmt;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized, InternalError};
use actix_web::http::header::VARY;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use session_actix::{Rejection, Session, SessionError, SessionExt};

use crate::support::{Kept, Seen, Served, read, serve, visitor, watch, write};

/// Writes to the session if the path asks for it, and fails.
async fn fail(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let (deed, kind) = match request.path().rsplit_once('/') {
        Some((deed, kind)) if deed.len() > 1 => (deed.to_owned(), kind.to_owned()),
        _ => return Ok(next.call(request).await?.map_into_boxed_body()),
    };
    let handle = request.session_handle().unwrap();
    match &*deed {
        "/nothing" => {}
        "/read" => drop(handle.load().await.map_err(Rejection::from)?),
        "/destroy" => handle.destroy().unwrap(),
        _ => {
            let session = handle.load().await.map_err(Rejection::from)?;
            session.insert("attempts", 1).unwrap();
        }
    }
    Err(match &*kind {
        "401" => ErrorUnauthorized("who are you?"),
        "500" => ErrorInternalServerError("broken"),
        "once" => {
            let page = HttpResponse::Conflict()
                .insert_header((VARY, "Accept"))
                .body("a page");
            InternalError::from_response("a conflict", page).into()
        }
        _ => Reticent.into(),
    })
}

/// An error whose response has another status than `status_code`.
#[derive(Debug)]
struct Reticent;

impl fmt::Display for Reticent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reticent")
    }
}

impl ResponseError for Reticent {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::ImATeapot().finish()
    }
}

async fn site() -> (Served, Kept) {
    let kept = Kept::new();
    let app = App::new()
        .route("/read", web::get().to(read))
        .route("/write", web::post().to(write))
        .route(
            "/keys",
            web::get().to(async |session: Session| session.keys().join(",")),
        )
        .wrap(from_fn(fail))
        .wrap(kept.middleware())
        .wrap(from_fn(watch));
    (serve(app).await, kept)
}

#[actix_web::test]
async fn an_error_of_the_client_commits_and_carries_the_cookie() {
    let (app, kept) = site().await;
    let seen = app.get("/insert/401", "").await;
    assert_eq!((seen.status, &*seen.body), (401, "who are you?"));
    assert_eq!(seen.all("seen"), ["err 401"]);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(seen.all("cache-control"), ["private"]);
    assert_eq!(kept.spy.take().insert, 1);
    assert_eq!(app.get("/keys", &seen.cookie()).await.body, "attempts");
}

#[actix_web::test]
async fn an_error_of_the_server_drops_the_changes() {
    let (app, kept) = site().await;
    let seen = app.get("/insert/500", "").await;
    assert_eq!(seen.status, 500);
    assert_eq!(seen.all("seen"), ["err 500"]);
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(kept.spy.take().total(), 0);
    assert!(kept.memory.is_empty());
}

#[actix_web::test]
async fn an_error_without_changes_costs_no_write() {
    let (app, kept) = site().await;
    let cookie = visitor(&app, &kept).await;
    let seen = app.get("/nothing/401", &cookie).await;
    assert_eq!(seen.status, 401);
    for header in ["set-cookie", "vary", "cache-control"] {
        assert_eq!(seen.all(header), [""; 0]);
    }
    assert_eq!(kept.spy.take().total(), 0);
    let seen = app.get("/read/401", &cookie).await;
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(kept.spy.take().total(), 1);
}

#[actix_web::test]
async fn a_logout_holds_whatever_the_error() {
    for kind in ["401", "500"] {
        let (app, kept) = site().await;
        let cookie = visitor(&app, &kept).await;
        let seen = app.get(&format!("/destroy/{kind}"), &cookie).await;
        assert!(seen.cookie().ends_with("session="), "{kind}");
        assert!(kept.memory.is_empty(), "{kind}");
    }
}

#[actix_web::test]
async fn an_error_that_converts_only_once_is_left_to_the_server() {
    let (app, kept) = site().await;
    let seen = app.get("/insert/once", "").await;
    assert_eq!((seen.status, &*seen.body), (409, "a page"));
    assert_eq!(seen.all("vary"), ["Accept, Cookie"]);
    seen.cookie();
    assert_eq!(kept.memory.len(), 1);
}

#[actix_web::test]
async fn an_error_that_hides_its_status_counts_as_500() {
    let (app, kept) = site().await;
    let seen = app.get("/insert/hidden", "").await;
    assert_eq!(seen.status, 418);
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert!(kept.memory.is_empty());
}

#[actix_web::test]
async fn an_error_converted_twice_carries_one_cookie_each_time() {
    let (app, _kept) = site().await;
    let error = app.call("GET", "/insert/401", "").await.unwrap_err();
    let first = Seen::new(error.error_response()).await;
    let again = Seen::new(error.error_response()).await;
    for seen in [&first, &again] {
        assert_eq!(seen.set_cookies().len(), 1);
        assert_eq!(seen.all("vary"), ["Cookie"]);
    }
    assert_eq!(first.cookie(), again.cookie());
}

#[actix_web::test]
async fn a_commit_that_fails_takes_the_errors_place() {
    let (app, kept) = site().await;
    kept.faults.go_down();
    let seen = app.get("/insert/401", "").await;
    seen.is_outage();
    assert_eq!(seen.all("seen"), ["err 503"]);
    let error = app.call("GET", "/insert/401", "").await.unwrap_err();
    let outage = error.as_error::<Rejection>();
    assert!(matches!(outage, Some(Rejection(SessionError::Store(_)))));
}

#[actix_web::test]
async fn an_error_passes_two_middlewares_and_carries_both_cookies() {
    struct Outer;
    async fn fail_both(
        request: ServiceRequest,
        _: Next<impl MessageBody>,
    ) -> Result<ServiceResponse, Error> {
        let inner = request.session_handle().unwrap();
        let outer = request.session_handle_named::<Outer>().unwrap();
        for handle in [inner, outer] {
            handle.load().await.unwrap().insert("a", 1).unwrap();
        }
        Err(ErrorUnauthorized("no"))
    }
    let (inner, outer) = (Kept::new(), Kept::new());
    let other = session_actix::Sessions::new(crate::support::policy("outer"), outer.spy.clone());
    let app = App::new()
        .wrap(from_fn(fail_both))
        .wrap(inner.middleware())
        .wrap(session_actix::SessionMiddleware::new(other).named::<Outer>());
    let seen = serve(app).await.get("/", "").await;
    let cookies = seen.set_cookies();
    assert!(cookies[0].starts_with("session=") && cookies[1].starts_with("outer="));
    assert_eq!(seen.all("vary"), ["Cookie"]);
}
