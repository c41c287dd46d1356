//! The headers for browsers and caches.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use axum::response::AppendHeaders;
use axum::routing::get;
use session_axum::{Policy, SameSite, Session, SessionHandle, SessionLayer, Sessions};
use session_store::MemoryStore;

use crate::support::{Site, send, write};

#[tokio::test]
async fn the_default_cookie_has_every_attribute_and_comes_back() {
    let sessions = Sessions::new(Policy::default(), MemoryStore::new());
    let app = Router::new()
        .route("/write/deep", get(write))
        .route(
            "/read",
            get(async |session: Session| session.len().to_string()),
        )
        .route(
            "/log/out",
            get(async |session: Session| session.destroy().unwrap()),
        )
        .layer(SessionLayer::new(sessions));
    let seen = send(&app, "GET", "/write/deep", "").await;
    let cookie = seen.cookie();
    let removed = send(&app, "GET", "/log/out", &cookie).await;
    for (seen, start) in [
        (&seen, format!("{cookie}; Max-Age=1209600; ")),
        (&removed, "__Host-session=; Max-Age=0; ".into()),
    ] {
        let [text] = seen.set_cookies()[..] else {
            panic!("one cookie: {seen:?}");
        };
        let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert!(
            text.starts_with(&start) && text.ends_with(attributes),
            "{text}"
        );
    }
    assert!(cookie.starts_with("__Host-session="));
    let kept = send(&app, "GET", "/write/deep", "").await.cookie();
    for (cookie, values) in [(kept, "1"), (cookie, "0")] {
        assert_eq!(send(&app, "GET", "/read", &cookie).await.body, values);
    }
}

#[tokio::test]
async fn vary_is_merged() {
    let routes = Router::new()
        .route("/none", get(async |_: Session| ()))
        .route(
            "/other",
            get(async |_: Session| AppendHeaders([(VARY, "Accept"), (VARY, "Origin")])),
        )
        .route("/same", get(async |_: Session| [(VARY, "accept, COOKIE")]))
        .route("/star", get(async |_: Session| [(VARY, "*")]));
    let site = Site::new(routes);
    for (path, expected) in [
        ("/none", "Cookie"),
        ("/other", "Accept, Origin, Cookie"),
        ("/same", "accept, COOKIE"),
        ("/star", "*"),
    ] {
        assert_eq!(site.get(path, "").await.all("vary"), [expected], "{path}");
    }
}

#[tokio::test]
async fn a_response_with_our_cookie_is_private() {
    let write = async |control: &'static str, session: Session| {
        session.insert("a", 1).unwrap();
        [(CACHE_CONTROL, control)]
    };
    let routes = Router::new()
        .route(
            "/public",
            get(move |session| write("public, max-age=60", session)),
        )
        .route("/shared", get(move |session| write("s-maxage=60", session)))
        .route("/none", get(move |session| write("no-store", session)))
        .route("/read", get(async |_: Session| [(CACHE_CONTROL, "public")]));
    let site = Site::new(routes);
    for (path, expected) in [
        ("/public", "max-age=60, private"),
        ("/shared", "private"),
        ("/none", "no-store"),
        ("/read", "public"),
    ] {
        let seen = site.get(path, "").await;
        assert_eq!(seen.all("cache-control"), [expected], "{path}");
    }
}

#[tokio::test]
async fn cookies_of_the_application_stay() {
    let routes = Router::new().route(
        "/",
        get(async |session: Session| {
            session.insert("a", 1).unwrap();
            AppendHeaders([(SET_COOKIE, "theme=dark"), (SET_COOKIE, "lang=en")])
        }),
    );
    let seen = Site::new(routes).get("/", "").await;
    let cookies = seen.set_cookies();
    assert_eq!(cookies[..2], ["theme=dark", "lang=en"]);
    assert!(cookies[2].starts_with("session="));
    assert_eq!(cookies.len(), 3);
}

#[tokio::test]
async fn the_removal_repeats_every_identity_attribute() {
    let policy = Policy::builder()
        .cookie_name("__Secure-id")
        .domain("example.org")
        .path("/app")
        .same_site(SameSite::None)
        .partitioned();
    let sessions = Sessions::new(policy.build().unwrap(), MemoryStore::new());
    let app = Router::new()
        .route(
            "/set",
            get(async |session: Session| session.insert("a", 1).unwrap()),
        )
        .route(
            "/remove",
            get(async |session: SessionHandle| session.destroy().unwrap()),
        )
        .layer(SessionLayer::new(sessions));
    let set = send(&app, "GET", "/set", "").await;
    let removed = send(&app, "GET", "/remove", &set.cookie()).await;
    let identity = "; Path=/app; Domain=example.org; Secure; HttpOnly; SameSite=None; Partitioned";
    assert!(set.set_cookies()[0].ends_with(identity));
    assert_eq!(
        removed.set_cookies(),
        [format!(
            "__Secure-id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{identity}"
        )]
    );
}

#[tokio::test]
async fn no_log_of_a_responses_headers_shows_the_id() {
    let seen = Site::usual().post("/write", "").await;
    assert!(seen.headers[SET_COOKIE].is_sensitive());
    assert!(!format!("{:?}", seen.headers).contains("session="));
}
