//! Several sessions on one application.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorUnauthorized;
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpRequest, web};
use session_actix::{Session, SessionExt, SessionHandle, SessionMiddleware, Sessions};
use session_store::MemoryStore;
use session_testkit::FaultyStore;

use crate::support::{Served, policy, serve};

struct Admin;

fn middleware(cookie: &str, store: &MemoryStore) -> SessionMiddleware {
    SessionMiddleware::new(Sessions::new(policy(cookie), store.clone()))
}

fn show(session: &session_core::Session) -> String {
    session.get::<String>("who").unwrap().unwrap_or_default()
}

async fn write(session: Session) -> &'static str {
    session.insert("a", 1).unwrap();
    ""
}

fn routes(routes: &mut ServiceConfig) {
    let write = async |visitor: Session, admin: Session<Admin>| {
        visitor.insert("who", "visitor").unwrap();
        admin.insert("who", "admin").unwrap();
        ""
    };
    let read = async |visitor: Session, admin: Session<Admin>| {
        format!("{} {}", show(&visitor), show(&admin))
    };
    let logout = async |admin: SessionHandle<Admin>| admin.destroy().map(|()| "").unwrap();
    routes
        .route("/write", web::get().to(write))
        .route("/read", web::get().to(read))
        .route("/logout", web::get().to(logout));
}

/// Builds an application with two sessions, in one store or two, in either order.
async fn both(visitors: &MemoryStore, admins: &MemoryStore, admin_outside: bool) -> Served {
    let visitor = middleware("visitor", visitors);
    let admin = middleware("admin", admins).named::<Admin>();
    let app = App::new()
        .configure(routes)
        .wrap(Condition::new(!admin_outside, admin.clone()))
        .wrap(visitor)
        .wrap(Condition::new(admin_outside, admin));
    serve(app).await
}

#[actix_web::test]
async fn two_sessions_of_one_request_are_apart() {
    for admin_outside in [false, true] {
        let (visitors, admins) = (MemoryStore::new(), MemoryStore::new());
        let app = both(&visitors, &admins, admin_outside).await;
        let seen = app.get("/write", "").await;
        let cookies = seen.set_cookies();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert_eq!((visitors.len(), admins.len()), (1, 1));
        assert_eq!(seen.all("vary"), ["Cookie"]);

        let cookie = seen.cookie();
        let read = app.get("/read", &cookie).await;
        assert_eq!(read.body, "visitor admin");

        let logout = app.get("/logout", &cookie).await;
        assert_eq!(logout.set_cookies().len(), 1);
        assert!(logout.set_cookies()[0].starts_with("admin=;"));
        let read = app.get("/read", &cookie).await;
        assert_eq!(read.body, "visitor ");
    }
}

#[actix_web::test]
async fn an_id_under_the_other_cookies_name_opens_nothing_across_stores() {
    let app = both(&MemoryStore::new(), &MemoryStore::new(), false).await;
    let seen = app.get("/write", "").await;
    let swapped: String = seen
        .cookie()
        .replace("visitor=", "x=")
        .replace("admin=", "visitor=")
        .replace("x=", "admin=");
    let read = app.get("/read", &swapped).await;
    assert_eq!(read.body, " ");
}

#[actix_web::test]
async fn of_two_middlewares_of_one_name_the_inner_one_counts() {
    let (outer, inner) = (MemoryStore::new(), MemoryStore::new());
    let shop = web::scope("/shop")
        .route("/write", web::get().to(write))
        .wrap(middleware("shop", &inner));
    let app = App::new()
        .service(shop)
        .route("/write", web::get().to(write))
        .wrap(middleware("site", &outer));
    let app = serve(app).await;
    let seen = app.get("/shop/write", "").await;
    assert!(seen.cookie().starts_with("shop="));
    assert_eq!((outer.len(), inner.len()), (0, 1));
    let seen = app.get("/write", "").await;
    assert!(seen.cookie().starts_with("site="));
    assert_eq!((outer.len(), inner.len()), (1, 1));
}

#[actix_web::test]
async fn a_named_middleware_serves_no_plain_extractor() {
    let handles = async |request: HttpRequest| {
        assert!(request.session_handle().is_none());
        assert!(request.session_handle_named::<Admin>().is_some());
        ""
    };
    let app = App::new()
        .route("/plain", web::get().to(async |_: Session| ""))
        .route("/named", web::get().to(async |_: Session<Admin>| ""))
        .route("/handles", web::get().to(handles))
        .wrap(middleware("admin", &MemoryStore::new()).named::<Admin>());
    let app = serve(app).await;
    assert_eq!(app.get("/plain", "").await.status, 500);
    assert_eq!(app.get("/named", "").await.status, 200);
    assert_eq!(app.get("/handles", "").await.status, 200);
}

/// A failing middleware between two sessions, by the path.
async fn between(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let fails = request.path() == "/sign-in/fail";
    let answer = next.call(request).await?.map_into_boxed_body();
    if fails {
        let request = answer.request().clone();
        drop(answer);
        let error = ErrorUnauthorized("no");
        return Ok(ServiceResponse::from_err(error, request));
    }
    Ok(answer)
}

/// Fails inside of both sessions, with what they have changed.
async fn inside(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    if request.path() != "/inner" {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let visitor = request.session_handle().unwrap();
    let admin = request.session_handle_named::<Admin>().unwrap();
    visitor.load().await.unwrap().sign_in("ada").unwrap();
    admin.load().await.unwrap().sign_in("ada").unwrap();
    Err(ErrorUnauthorized("no"))
}

/// Two middlewares over stores that fail on request, the admin's outside or inside.
async fn failing(admin_outside: bool) -> (Served, FaultyStore, FaultyStore) {
    let [outer, inner] = [(), ()].map(|()| FaultyStore::new(MemoryStore::new()));
    let middleware = |cookie, store: &FaultyStore| {
        SessionMiddleware::new(Sessions::new(policy(cookie), store.clone()))
    };
    let sign_in = async |visitor: Session, admin: Session<Admin>| {
        visitor.sign_in("ada").unwrap();
        admin.sign_in("ada").unwrap();
        ""
    };
    let (visitor, admin) = if admin_outside {
        (middleware("first", &inner), middleware("second", &outer))
    } else {
        (middleware("second", &outer), middleware("first", &inner))
    };
    let admin = admin.named::<Admin>();
    let app = App::new()
        .route("/sign-in", web::get().to(sign_in))
        .route("/sign-in/fail", web::get().to(sign_in))
        .wrap(from_fn(inside))
        .wrap(Condition::new(!admin_outside, admin.clone()))
        .wrap(Condition::new(admin_outside, visitor.clone()))
        .wrap(from_fn(between))
        .wrap(Condition::new(admin_outside, admin))
        .wrap(Condition::new(!admin_outside, visitor));
    (serve(app).await, outer, inner)
}

#[actix_web::test]
async fn an_outer_failure_keeps_the_inner_sessions_cookie() {
    for admin_outside in [false, true] {
        for path in ["/sign-in", "/inner", "/sign-in/fail"] {
            let (app, outer, inner) = failing(admin_outside).await;
            let seen = app.get(path, "").await;
            assert_eq!(seen.set_cookies().len(), 2, "{path}");
            outer.go_down();
            let seen = app.get(path, "").await;
            assert_eq!(seen.status, 503, "{path}");
            assert_eq!(seen.set_cookies().len(), 1, "{path}");
            assert!(seen.set_cookies()[0].starts_with("first="), "{path}");
            assert_eq!(seen.all("vary"), ["Cookie"], "{path}");
            inner.go_down();
            let seen = app.get(path, "").await;
            assert_eq!(seen.set_cookies(), [""; 0], "{path}");
        }
    }
}
