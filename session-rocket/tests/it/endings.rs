//! The end of a request, and what it commits.

use std::sync::{Arc, Mutex};

use futures_util::stream::{self, Stream};
use rocket::http::{CookieJar, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::response::Redirect;
use rocket::response::stream::TextStream;
use rocket::{Request, State, catch, catchers, get, routes};
use session_rocket::{Rejection, Session, SessionError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::support::{Site, plain, send, usual};

#[get("/status/<status>")]
fn answered(status: u16, session: Session) -> (Status, &'static str) {
    session.insert("status", status).unwrap();
    (Status::new(status), "as asked")
}

#[get("/error/<status>")]
fn refused(status: u16, session: Session, jar: &CookieJar<'_>) -> Result<(), Status> {
    session.insert("status", status).unwrap();
    jar.add(("theme", "dark"));
    Err(Status::new(status))
}

#[get("/redirect")]
fn redirect(session: Session) -> Redirect {
    session.insert("moved", true).unwrap();
    Redirect::to("/elsewhere")
}

#[tokio::test]
async fn errors_of_the_client_commit_and_errors_of_the_server_do_not() {
    let site = Site::new(routes![answered, refused]).await;
    for (way, statuses) in [
        ("status", [200, 204, 304, 498]),
        ("error", [400, 401, 404, 451]),
    ] {
        for status in statuses {
            let seen = site.get(&format!("/{way}/{status}"), "").await;
            assert_eq!(seen.status, status);
            assert_eq!(seen.set_cookies().len(), 1, "{way} {status}");
            assert!(seen.cookie().starts_with("session="));
            assert_eq!(seen.all("vary"), ["Cookie"]);
            assert_eq!(seen.all("cache-control"), ["private"]);
            assert_eq!(site.spy.take().insert, 1, "{way} {status}");
        }
        for status in [500, 503, 599] {
            let seen = site.get(&format!("/{way}/{status}"), "").await;
            assert_eq!(seen.status, status);
            assert_eq!(seen.set_cookies(), [""; 0], "{way} {status}");
            assert_eq!(seen.all("vary"), ["Cookie"]);
            assert_eq!(site.spy.take().total(), 0, "{way} {status}");
        }
    }
}

#[tokio::test]
async fn redirects_and_heads_carry_the_cookie() {
    let site = Site::new(routes![redirect]).await;
    for method in [Method::Get, Method::Head] {
        let seen = send(&site.client, method, "/redirect", "").await;
        assert_eq!(seen.status, 303);
        assert_eq!(seen.all("location"), ["/elsewhere"]);
        assert_eq!(seen.set_cookies().len(), 1, "{method}");
        assert_eq!(site.spy.take().insert, 1, "{method}");
    }
}

#[tokio::test]
async fn a_catcher_writes_into_the_session_that_the_handler_had() {
    #[catch(404)]
    async fn counting(request: &Request<'_>) -> String {
        let session = request.guard::<Session>().await.unwrap();
        session.insert("missed", true).unwrap();
        session.keys().join(",")
    }
    let routes = [routes![refused], usual()].concat();
    let rocket = plain().mount("/", routes);
    let site = Site::of(rocket.register("/", catchers![counting])).await;
    let cookie = site.visitor().await;
    let seen = site.get("/error/404", &cookie).await;
    assert_eq!((seen.status, &*seen.body), (404, "hits,status,missed"));
    let calls = site.spy.take();
    assert_eq!((calls.load, calls.replace), (1, 1));
    // Here only the catcher has asked for it.
    let seen = site.get("/nowhere", "").await;
    assert_eq!((seen.status, seen.set_cookies().len()), (404, 1));
}

#[tokio::test]
async fn the_final_status_counts_and_not_the_one_that_called_the_catcher() {
    #[catch(404)]
    fn worse() -> (Status, &'static str) {
        (Status::InternalServerError, "worse")
    }
    let rocket = plain().mount("/", routes![refused]);
    let site = Site::of(rocket.register("/", catchers![worse])).await;
    let seen = site.get("/error/404", "").await;
    assert_eq!(seen.status, 500);
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(site.spy.take().total(), 0);
}

type Reached = State<UnboundedSender<Session>>;

#[get("/hang")]
async fn hangs(session: Session, reached: &Reached) {
    session.insert("lost", true).unwrap();
    reached.send(session).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_request_that_is_dropped_commits_nothing_and_closes_the_session() {
    let (reached, mut wait) = unbounded_channel::<Session>();
    let site = Site::of(plain().mount("/", routes![hangs]).manage(reached)).await;
    let client: Arc<Client> = Arc::new(site.client);
    let call = tokio::spawn(async move { send(&client, Method::Get, "/hang", "").await });
    let session = wait.recv().await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(matches!(
        session.save().await,
        Err(Rejection(SessionError::Finished))
    ));
    assert_eq!(site.spy.take().total(), 0);
}

#[tokio::test]
async fn a_catcher_without_a_response_fairing_stores_nothing() {
    // Rocket runs no fairing for a target that it can't read.
    type Kept = Arc<Mutex<Option<Session>>>;
    #[catch(400)]
    async fn unreadable(request: &Request<'_>) {
        let session = request.guard::<Session>().await.unwrap();
        session.insert("lost", true).unwrap();
        let kept = request.rocket().state::<Kept>().unwrap();
        *kept.lock().unwrap() = Some(session);
    }
    let kept = Kept::default();
    let rocket = plain().manage(Arc::clone(&kept));
    let site = Site::of(rocket.register("/", catchers![unreadable])).await;
    let seen = site.get("no target", "").await;
    assert_eq!(seen.status, 400);
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(site.spy.take().total(), 0);
    let session = kept.lock().unwrap().take().unwrap();
    assert!(matches!(
        session.save().await,
        Err(Rejection(SessionError::Finished))
    ));
}

#[get("/stream")]
fn streaming(session: Session) -> TextStream<impl Stream<Item = String>> {
    session.insert("before", true).unwrap();
    TextStream(stream::once(async move {
        let late = session.insert("after", true);
        late.unwrap_err().to_string()
    }))
}

#[tokio::test]
async fn a_stream_cannot_write_after_the_head() {
    let routes = [routes![streaming], usual()].concat();
    let site = Site::new(routes).await;
    let seen = site.get("/stream", "").await;
    assert_eq!(seen.body, SessionError::Finished.to_string());
    assert_eq!(site.get("/keys", &seen.cookie()).await.body, "before");
}

#[get("/save")]
async fn saving(session: Session) -> Status {
    session.insert("saved", true).unwrap();
    session.save().await.unwrap();
    session.insert("dropped", true).unwrap();
    Status::InternalServerError
}

#[tokio::test]
async fn an_early_save_is_stored_and_its_cookie_travels_with_the_head() {
    let routes = [routes![saving], usual()].concat();
    let site = Site::new(routes).await;
    let seen = site.get("/save", "").await;
    assert_eq!(seen.status, 500);
    assert_eq!(site.get("/keys", &seen.cookie()).await.body, "saved");
}
