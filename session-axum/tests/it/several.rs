//! Several sessions on one application.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::FutureExt;
use session_axum::{Session, SessionHandle, SessionLayer, Sessions, handle, handle_named};
use session_store::MemoryStore;
use session_testkit::FaultyStore;

use crate::support::{policy, send};

struct Admin;

fn layer(cookie: &str, store: &MemoryStore) -> SessionLayer {
    SessionLayer::new(Sessions::new(policy(cookie), store.clone()))
}

fn show(session: &session_core::Session) -> String {
    session.get::<String>("who").unwrap().unwrap_or_default()
}

/// Builds an application with two sessions, in one store or two, in either order.
fn both(visitors: &MemoryStore, admins: &MemoryStore, admin_outside: bool) -> Router {
    let routes = Router::new()
        .route(
            "/write",
            get(async |visitor: Session, admin: Session<Admin>| {
                visitor.insert("who", "visitor").unwrap();
                admin.insert("who", "admin").unwrap();
            }),
        )
        .route(
            "/read",
            get(async |visitor: Session, admin: Session<Admin>| {
                format!("{} {}", show(&visitor), show(&admin))
            }),
        )
        .route(
            "/logout",
            get(async |admin: SessionHandle<Admin>| admin.destroy().unwrap()),
        );
    let (visitor, admin) = (layer("visitor", visitors), layer("admin", admins));
    if admin_outside {
        routes.layer(visitor).layer(admin.named::<Admin>())
    } else {
        routes.layer(admin.named::<Admin>()).layer(visitor)
    }
}

#[tokio::test]
async fn two_sessions_of_one_request_are_apart() {
    for admin_outside in [false, true] {
        let (visitors, admins) = (MemoryStore::new(), MemoryStore::new());
        let app = both(&visitors, &admins, admin_outside);
        let seen = send(&app, "GET", "/write", "").await;
        let cookies = seen.set_cookies();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert_eq!((visitors.len(), admins.len()), (1, 1));
        assert_eq!(seen.all("vary"), ["Cookie"]);

        let cookie = seen.cookie();
        let read = send(&app, "GET", "/read", &cookie).await;
        assert_eq!(read.body, "visitor admin");

        let logout = send(&app, "GET", "/logout", &cookie).await;
        assert_eq!(logout.set_cookies().len(), 1);
        assert!(logout.set_cookies()[0].starts_with("admin=;"));
        let read = send(&app, "GET", "/read", &cookie).await;
        assert_eq!(read.body, "visitor ");
    }
}

#[tokio::test]
async fn an_id_under_the_other_cookies_name_opens_nothing_across_stores() {
    let app = both(&MemoryStore::new(), &MemoryStore::new(), false);
    let seen = send(&app, "GET", "/write", "").await;
    let swapped: String = seen
        .cookie()
        .replace("visitor=", "x=")
        .replace("admin=", "visitor=")
        .replace("x=", "admin=");
    let read = send(&app, "GET", "/read", &swapped).await;
    assert_eq!(read.body, " ");
}

#[tokio::test]
async fn of_two_layers_of_one_name_the_inner_one_counts() {
    let (outer, inner) = (MemoryStore::new(), MemoryStore::new());
    let write = async |session: Session| session.insert("a", 1).unwrap();
    let shop = Router::new()
        .route("/write", get(write))
        .layer(layer("shop", &inner));
    let app = Router::new()
        .nest("/shop", shop)
        .route("/write", get(write))
        .layer(layer("site", &outer));
    let seen = send(&app, "GET", "/shop/write", "").await;
    assert!(seen.cookie().starts_with("shop="));
    assert_eq!((outer.len(), inner.len()), (0, 1));
    let seen = send(&app, "GET", "/write", "").await;
    assert!(seen.cookie().starts_with("site="));
    assert_eq!((outer.len(), inner.len()), (1, 1));
}

#[tokio::test]
async fn a_named_layer_serves_no_plain_extractor() {
    let app = Router::new()
        .route("/plain", get(async |_: Session| ()))
        .route("/named", get(async |_: Session<Admin>| ()))
        .route(
            "/handles",
            get(async |request: axum::extract::Request| {
                let extensions = request.extensions();
                assert!(handle(extensions).is_none());
                assert!(handle_named::<Admin>(extensions).is_some());
            }),
        )
        .layer(layer("admin", &MemoryStore::new()).named::<Admin>());
    assert_eq!(send(&app, "GET", "/plain", "").await.status, 500);
    assert_eq!(send(&app, "GET", "/named", "").await.status, 200);
    assert_eq!(send(&app, "GET", "/handles", "").await.status, 200);
}

/// Two layers over stores that fail on request, the admin's outside or inside.
fn failing(admin_outside: bool) -> (Router, FaultyStore, FaultyStore) {
    let stores = [(), ()].map(|()| FaultyStore::new(MemoryStore::new()));
    let [outer, inner] = &stores;
    let layer = |cookie, store: &FaultyStore| {
        SessionLayer::new(Sessions::new(policy(cookie), store.clone()))
    };
    let write = async |visitor: Session, admin: Session<Admin>| {
        visitor.sign_in("ada").unwrap();
        admin.sign_in("ada").unwrap();
    };
    let saves = async |visitor: Session, admin: Session<Admin>| -> () {
        visitor.insert("k", 1).unwrap();
        admin.insert("k", 1).unwrap();
        visitor.save().await.unwrap();
        admin.save().await.unwrap();
        panic!("as asked");
    };
    let caught = async |request: axum::extract::Request, next: axum::middleware::Next| {
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    };
    let routes = Router::new()
        .route("/write", get(write))
        .route("/panic", get(saves));
    let (first, second) = ("first", "second");
    let app = if admin_outside {
        routes
            .layer(layer(first, inner))
            .layer(axum::middleware::from_fn(caught))
            .layer(layer(second, outer).named::<Admin>())
    } else {
        routes
            .layer(layer(first, inner).named::<Admin>())
            .layer(axum::middleware::from_fn(caught))
            .layer(layer(second, outer))
    };
    let [outer, inner] = stores;
    (app, outer, inner)
}

#[tokio::test]
async fn an_outer_failure_keeps_the_inner_sessions_cookie() {
    for admin_outside in [false, true] {
        let (app, outer, inner) = failing(admin_outside);
        outer.go_down();
        let seen = send(&app, "GET", "/write", "").await;
        seen.is_unavailable();
        assert_eq!(seen.set_cookies().len(), 1);
        assert!(seen.cookie().starts_with("first="));
        assert_eq!(seen.all("cache-control"), ["private"]);
        inner.go_down();
        send(&app, "GET", "/write", "").await.is_outage();
        // The inner one alone fails: the outer commits nothing on its 503.
        outer.come_up();
        send(&app, "GET", "/write", "").await.is_outage();
    }
}

#[tokio::test]
async fn a_panic_keeps_what_both_sessions_have_saved() {
    for admin_outside in [false, true] {
        let (app, _, _) = failing(admin_outside);
        let seen = send(&app, "GET", "/panic", "").await;
        assert_eq!(seen.status, 500);
        assert_eq!(seen.set_cookies().len(), 2, "{seen:?}");
        assert_eq!(seen.all("vary"), ["Cookie"]);
    }
}
