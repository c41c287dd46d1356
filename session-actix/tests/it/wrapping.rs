//! Wrapping applications, scopes and resources.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::middleware::{Compat, Condition, ErrorHandlerResponse, ErrorHandlers};
use actix_web::{App, HttpResponse, web};
use session_actix::Session;

use crate::support::{Kept, read, serve, visitor, write};

#[actix_web::test]
async fn a_scope_serves_its_routes_only() {
    let kept = Kept::new();
    let inside = web::scope("/inside")
        .route("", web::get().to(async |_: Session| ""))
        .wrap(kept.middleware());
    let app = App::new()
        .service(inside)
        .route("/outside", web::get().to(async |_: Session| ""));
    let app = serve(app).await;
    assert_eq!(app.get("/inside", "").await.status, 200);
    assert_eq!(app.get("/outside", "").await.status, 500);
}

#[actix_web::test]
async fn a_resource_serves_its_routes_only() {
    let kept = Kept::new();
    let resource = web::resource("/write")
        .route(web::post().to(write))
        .route(web::get().to(read))
        .wrap(kept.middleware());
    let app = App::new()
        .service(resource)
        .route("/outside", web::get().to(async |_: Session| ""));
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    assert_eq!(app.get("/write", &cookie).await.body, "1");
    assert_eq!(app.get("/outside", &cookie).await.status, 500);
}

/// Routing needs exclusive access to the request, at each level.
#[actix_web::test]
async fn nested_scopes_see_the_session_of_the_outer_one() {
    async fn shown(path: web::Path<(u8, u8)>, of: web::Data<&str>, session: Session) -> String {
        let (one, two) = path.into_inner();
        format!("{one} {two} {} {}", of.get_ref(), session.len())
    }
    let kept = Kept::new();
    let inner = web::scope("/{two}")
        .app_data(web::Data::new("inner"))
        .route("/write", web::post().to(write))
        .route("/shown", web::get().to(shown));
    let outer = web::scope("/{one}")
        .app_data(web::Data::new("outer"))
        .service(inner);
    let app = App::new()
        .app_data(web::Data::new("root"))
        .service(outer)
        .default_service(web::to(async |session: Session| session.len().to_string()))
        .wrap(kept.middleware());
    let app = serve(app).await;
    let seen = app.send("POST", "/1/2/write", "").await;
    let cookie = seen.cookie();
    let seen = app.get("/1/2/shown", &cookie).await;
    assert_eq!(seen.body, "1 2 inner 1");
    assert_eq!(app.get("/elsewhere", &cookie).await.body, "1");
}

#[actix_web::test]
async fn an_unknown_path_passes() {
    let kept = Kept::new();
    let app = App::new()
        .route("/write", web::post().to(write))
        .wrap(kept.middleware());
    let app = serve(app).await;
    assert_eq!(app.get("/unknown", "").await.status, 404);
    assert_eq!(app.get("/write", "").await.status, 404);
}

#[actix_web::test]
async fn the_frameworks_wrappers_accept_the_middleware() {
    let kept = Kept::new();
    let app = App::new()
        .route("/write", web::post().to(write))
        .route("/read", web::get().to(read))
        .wrap(Compat::new(kept.middleware()))
        .wrap(Condition::new(false, kept.middleware()));
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    assert_eq!(app.get("/read", &cookie).await.body, "1");
}

#[actix_web::test]
async fn error_handlers_inside_may_replace_the_response() {
    let handlers = ErrorHandlers::new().handler(StatusCode::NOT_FOUND, |response| {
        let (request, _) = response.into_parts();
        let page = HttpResponse::Gone().body("nothing here");
        let response = ServiceResponse::new(request, page);
        Ok(ErrorHandlerResponse::Response(
            response.map_into_right_body(),
        ))
    });
    let kept = Kept::new();
    let handler = async |session: Session| {
        session.insert("looked", true).unwrap();
        HttpResponse::NotFound().finish()
    };
    let app = App::new()
        .route("/", web::get().to(handler))
        .wrap(handlers)
        .wrap(kept.middleware());
    let seen = serve(app).await.get("/", "").await;
    assert_eq!((seen.status, &*seen.body), (410, "nothing here"));
    seen.cookie();
}
