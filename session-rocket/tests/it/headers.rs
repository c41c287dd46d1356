//! The headers for browsers and caches.

use rocket::http::{CookieJar, Header, Method};
use rocket::local::asynchronous::Client;
use rocket::response::Responder;
use rocket::{Request, Response, get, response, routes};
use session_rocket::{Policy, SameSite, Session, SessionFairing, SessionHandle, Sessions};
use session_store::MemoryStore;

use crate::support::{Site, plain, send};

/// A response with these values of one header.
struct With(&'static str, &'static [&'static str]);

impl<'r> Responder<'r, 'static> for With {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        for value in self.1 {
            response.adjoin_header(Header::new(self.0, *value));
        }
        Ok(response)
    }
}

#[get("/log/out")]
fn log_out(session: Session) {
    session.destroy().unwrap();
}

#[get("/write/deep")]
fn write(session: Session) {
    session.insert("a", 1).unwrap();
}

#[get("/read")]
fn read(session: Session) -> String {
    session.len().to_string()
}

#[tokio::test]
async fn the_default_cookie_has_every_attribute_and_comes_back() {
    let sessions = Sessions::new(Policy::default(), MemoryStore::new());
    let rocket = plain().mount("/", routes![log_out, write, read]);
    let rocket = rocket.attach(SessionFairing::new(sessions));
    let client = Client::untracked(rocket).await.unwrap();
    let get = async |path, cookie: &str| send(&client, Method::Get, path, cookie).await;
    let seen = get("/write/deep", "").await;
    let cookie = seen.cookie();
    let removed = get("/log/out", &cookie).await;
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
    let kept = get("/write/deep", "").await.cookie();
    for (cookie, values) in [(kept, "1"), (cookie, "0")] {
        assert_eq!(get("/read", &cookie).await.body, values);
    }
}

#[get("/vary/<case>")]
fn vary(case: &str, _session: Session) -> With {
    let values: &[&str] = match case {
        "other" => &["Accept", "Origin"],
        "same" => &["accept, COOKIE"],
        "star" => &["*"],
        _ => &[],
    };
    With("Vary", values)
}

#[tokio::test]
async fn vary_is_merged() {
    let site = Site::new(routes![vary]).await;
    for (case, expected) in [
        ("none", "Cookie"),
        ("other", "Accept, Origin, Cookie"),
        ("same", "accept, COOKIE"),
        ("star", "*"),
    ] {
        let seen = site.get(&format!("/vary/{case}"), "").await;
        assert_eq!(seen.all("vary"), [expected], "{case}");
    }
}

#[get("/cache/<case>")]
fn cache(case: &str, session: Session) -> With {
    if case != "read" {
        session.insert("a", 1).unwrap();
    }
    let values: &[&str] = match case {
        "public" => &["public, max-age=60"],
        "shared" => &["s-maxage=60"],
        "none" => &["no-store"],
        _ => &["public"],
    };
    With("Cache-Control", values)
}

#[tokio::test]
async fn a_response_with_our_cookie_is_private() {
    let site = Site::new(routes![cache]).await;
    for (case, expected) in [
        ("public", "max-age=60, private"),
        ("shared", "private"),
        ("none", "no-store"),
        ("read", "public"),
    ] {
        let seen = site.get(&format!("/cache/{case}"), "").await;
        assert_eq!(seen.all("cache-control"), [expected], "{case}");
    }
}

#[get("/cookies")]
fn cookies(session: Session, jar: &CookieJar<'_>) -> With {
    session.insert("a", 1).unwrap();
    jar.add(("theme", "dark"));
    With("Set-Cookie", &["lang=en"])
}

#[tokio::test]
async fn cookies_of_the_application_stay() {
    let seen = Site::new(routes![cookies]).await.get("/cookies", "").await;
    let set = seen.set_cookies();
    assert_eq!(set.len(), 3);
    assert_eq!(set[0], "lang=en");
    assert!(set[1].starts_with("theme=dark"));
    assert!(set[2].starts_with("session="));
}

#[get("/set")]
fn set(session: Session) {
    session.insert("a", 1).unwrap();
}

#[get("/remove")]
fn remove(session: SessionHandle) {
    session.destroy().unwrap();
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
    let rocket = plain().mount("/", routes![set, remove]);
    let rocket = rocket.attach(SessionFairing::new(sessions));
    let client = Client::untracked(rocket).await.unwrap();
    let set = send(&client, Method::Get, "/set", "").await;
    let removed = send(&client, Method::Get, "/remove", &set.cookie()).await;
    let identity = "; Path=/app; Domain=example.org; Secure; HttpOnly; SameSite=None; Partitioned";
    assert!(set.set_cookies()[0].ends_with(identity));
    assert_eq!(
        removed.set_cookies(),
        [format!(
            "__Secure-id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{identity}"
        )]
    );
}
