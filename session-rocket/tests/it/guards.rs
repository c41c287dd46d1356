//! Guards in handlers.

use rocket::http::{Cookie, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, async_trait, get, routes};
use session_rocket::{Rejection, Session, SessionFairing, SessionHandle, Sessions};
use session_store::MemoryStore;

use crate::support::{Site, plain, policy, usual};

/// A guard on top of ours, as applications write them.
struct User(String);

#[async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        request.guard::<Session>().await.and_then(|session| {
            session.insert("outer", 1).unwrap();
            match session.owner() {
                Some(owner) => Outcome::Success(Self(owner.to_string())),
                None => Outcome::Forward(Status::Unauthorized),
            }
        })
    }
}

#[get("/")]
fn known(_first: Session, user: User, _last: Session) -> String {
    user.0
}

#[get("/", rank = 2)]
fn unknown(one: Session, handle: SessionHandle, other: Session) -> String {
    assert!(handle.peek().is_some());
    other.insert("inner", 2).unwrap();
    one.keys().join(",")
}

fn shared() -> Vec<Route> {
    [routes![known, unknown], usual()].concat()
}

#[tokio::test]
async fn guards_and_forwarded_routes_share_one_load() {
    let site = Site::new(shared()).await;
    let cookie = site.visitor().await;
    assert_eq!(site.get("/", &cookie).await.body, "hits,outer,inner");
    let calls = site.spy.take();
    assert_eq!((calls.load, calls.replace), (1, 1));

    let cookie = site.post("/sign-in", &cookie).await.cookie();
    let _ = site.spy.take();
    assert_eq!(site.get("/", &cookie).await.body, "ada");
    assert_eq!(site.spy.take().load, 1);
}

/// A guard that signs the visitor in.
struct Signed;

#[async_trait]
impl<'r> FromRequest<'r> for Signed {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        let session = request.guard::<Session>().await;
        session.map(|session| {
            session.sign_in("ada").unwrap();
            Self
        })
    }
}

#[get("/late")]
fn late(before: Session, _signed: Signed, after: Session) {
    before.insert("early", 1).unwrap();
    after.insert("late", 1).unwrap();
}

#[tokio::test]
async fn a_guard_after_a_new_id_writes_to_the_new_session() {
    let site = Site::new([routes![late], usual()].concat()).await;
    let before = site.visitor().await;
    let after = site.get("/late", &before).await.cookie();
    assert_eq!(site.get("/keys", &after).await.body, "hits,early,late");
    assert_eq!(site.get("/keys", &before).await.body, "hits");
}

#[get("/found")]
fn never(_session: Session) -> Option<()> {
    None
}

#[tokio::test]
async fn reading_is_told_to_caches_when_nothing_is_found() {
    let site = Site::new(routes![never]).await;
    let seen = site.get("/found", "").await;
    assert_eq!((seen.status, seen.all("vary")), (404, vec!["Cookie"]));
}

#[tokio::test]
async fn framework_free_code_takes_the_guard() {
    fn count(session: &session_core::Session) -> usize {
        session.len()
    }
    #[get("/")]
    fn handler(session: Session, handle: SessionHandle) -> String {
        let kept = session.clone().into_inner();
        kept.insert("a", 1).unwrap();
        let handle = handle.clone().into_inner();
        format!("{} {session:?} {handle:?}", count(&session))
    }
    let seen = Site::new(routes![handler]).await.get("/", "").await;
    assert!(seen.body.starts_with("1 Session"), "{}", seen.body);
    assert!(seen.body.ends_with(" Handle(open)"), "{}", seen.body);
}

#[tokio::test]
async fn the_tracked_client_of_rocket_is_a_browser() {
    let sessions = Sessions::new(policy("session"), MemoryStore::new());
    let rocket = plain()
        .mount("/", usual())
        .attach(SessionFairing::new(sessions));
    let client = Client::tracked(rocket).await.unwrap();
    let read = async || client.get("/read").dispatch().await.into_string().await;
    assert_eq!(read().await.unwrap(), "0");
    assert!(client.cookies().get("session").is_none());
    client.post("/write").dispatch().await;
    client.post("/write").dispatch().await;
    client.post("/sign-in").dispatch().await;
    assert_eq!(read().await.unwrap(), "2");
    assert!(client.cookies().get("session").is_some());
    client.post("/logout").dispatch().await;
    assert!(client.cookies().get("session").is_none());
    assert_eq!(read().await.unwrap(), "0");
}

#[tokio::test]
async fn a_cookie_of_the_local_client_is_read() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    let cookie = Cookie::parse(cookie).unwrap();
    let request = site.client.get("/read").cookie(cookie);
    let response = request.dispatch().await;
    assert_eq!(response.into_string().await.unwrap(), "1");
}

#[tokio::test]
async fn several_cookie_headers_are_one_list() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    let header = |value: String| rocket::http::Header::new("Cookie", value);
    let request = site
        .client
        .get("/read")
        .header(header("theme=dark; session=broken".into()))
        .header(header(format!("x; {cookie}; =")));
    let response = request.dispatch().await;
    assert_eq!(response.into_string().await.unwrap(), "1");
}
