//! The headers for browsers and caches.

use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use actix_web::{App, HttpResponse, HttpResponseBuilder, web};
use session_actix::{Policy, SameSite, Session, SessionHandle, SessionMiddleware, Sessions};
use session_store::MemoryStore;

use crate::support::{Site, serve, write};

fn ok() -> HttpResponseBuilder {
    HttpResponse::Ok()
}

#[actix_web::test]
async fn the_default_cookie_has_every_attribute_and_comes_back() {
    let sessions = Sessions::new(Policy::default(), MemoryStore::new());
    let read = async |session: Session| session.len().to_string();
    let logout = async |session: Session| {
        session.destroy().unwrap();
        ""
    };
    let app = App::new()
        .route("/write/deep", web::get().to(write))
        .route("/read", web::get().to(read))
        .route("/log/out", web::get().to(logout))
        .wrap(SessionMiddleware::new(sessions));
    let app = serve(app).await;
    let seen = app.get("/write/deep", "").await;
    let cookie = seen.cookie();
    let removed = app.get("/log/out", &cookie).await;
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
    let kept = app.get("/write/deep", "").await.cookie();
    for (cookie, values) in [(kept, "1"), (cookie, "0")] {
        assert_eq!(app.get("/read", &cookie).await.body, values);
    }
}

#[actix_web::test]
async fn vary_is_merged() {
    let site = Site::new(|routes| {
        let other = async |_: Session| {
            let mut response = ok();
            response.append_header((VARY, "Accept"));
            response.append_header((VARY, "Origin")).finish()
        };
        let same = async |_: Session| ok().append_header((VARY, "accept, COOKIE")).finish();
        let star = async |_: Session| ok().append_header((VARY, "*")).finish();
        routes
            .route("/none", web::get().to(async |_: Session| ""))
            .route("/other", web::get().to(other))
            .route("/same", web::get().to(same))
            .route("/star", web::get().to(star));
    })
    .await;
    for (path, expected) in [
        ("/none", "Cookie"),
        ("/other", "Accept, Origin, Cookie"),
        ("/same", "accept, COOKIE"),
        ("/star", "*"),
    ] {
        assert_eq!(site.get(path, "").await.all("vary"), [expected], "{path}");
    }
}

#[actix_web::test]
async fn a_response_with_our_cookie_is_private() {
    let write = async |control: web::Path<String>, session: Session| {
        session.insert("a", 1).unwrap();
        ok().insert_header((CACHE_CONTROL, control.into_inner()))
            .finish()
    };
    let read = async |_: Session| ok().insert_header((CACHE_CONTROL, "public")).finish();
    let site = Site::new(|routes| {
        routes
            .route("/write/{control}", web::get().to(write))
            .route("/read", web::get().to(read));
    })
    .await;
    for (path, expected) in [
        ("/write/public,%20max-age=60", "max-age=60, private"),
        ("/write/s-maxage=60", "private"),
        ("/write/no-store", "no-store"),
        ("/read", "public"),
    ] {
        let seen = site.get(path, "").await;
        assert_eq!(seen.all("cache-control"), [expected], "{path}");
    }
}

#[actix_web::test]
async fn cookies_of_the_application_stay() {
    let handler = async |session: Session| {
        session.insert("a", 1).unwrap();
        let mut response = ok();
        response.append_header((SET_COOKIE, "theme=dark"));
        response.append_header((SET_COOKIE, "lang=en")).finish()
    };
    let site = Site::new(|routes| {
        routes.route("/", web::get().to(handler));
    })
    .await;
    let seen = site.get("/", "").await;
    let cookies = seen.set_cookies();
    assert_eq!(cookies[..2], ["theme=dark", "lang=en"]);
    assert!(cookies[2].starts_with("session="));
    assert_eq!(cookies.len(), 3);
}

#[actix_web::test]
async fn the_removal_repeats_every_identity_attribute() {
    let policy = Policy::builder()
        .cookie_name("__Secure-id")
        .domain("example.org")
        .path("/app")
        .same_site(SameSite::None)
        .partitioned();
    let sessions = Sessions::new(policy.build().unwrap(), MemoryStore::new());
    let set = async |session: Session| session.insert("a", 1).map(|()| "").unwrap();
    let remove = async |session: SessionHandle| session.destroy().map(|()| "").unwrap();
    let app = App::new()
        .route("/set", web::get().to(set))
        .route("/remove", web::get().to(remove))
        .wrap(SessionMiddleware::new(sessions));
    let app = serve(app).await;
    let set = app.get("/set", "").await;
    let removed = app.get("/remove", &set.cookie()).await;
    let identity = "; Path=/app; Domain=example.org; Secure; HttpOnly; SameSite=None; Partitioned";
    assert!(set.set_cookies()[0].ends_with(identity));
    assert_eq!(
        removed.set_cookies(),
        [format!(
            "__Secure-id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{identity}"
        )]
    );
}

#[actix_web::test]
async fn no_log_of_a_responses_headers_shows_the_id() {
    let site = Site::usual().await;
    let seen = site.post("/write", "").await;
    assert!(seen.headers.get(SET_COOKIE).unwrap().is_sensitive());
    assert!(!format!("{:?}", seen.headers).contains("session="));
}
