//! Errors in handlers: `?` in the framework's own type, their log, and their pages.

use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, FromRequest, HttpRequest, web};
use session_actix::session_core::{ErrorPage, Event, Observer, Reason};
use session_actix::{
    Policy, Rejection, Revoke, Session, SessionError, SessionHandle, SessionMiddleware, Sessions,
};
use session_store::MemoryStore;
use session_testkit::FaultyStore;

use crate::support::{Site, serve};

fn helper(session: &session_core::Session) -> Result<(), SessionError> {
    session.insert("helped", true)
}

async fn every_operation(session: Session) -> Result<String, Error> {
    session.insert("k", 1)?;
    session.extend([("a", 1), ("b", 2)])?;
    session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    let _: Option<u32> = session.get("k")?;
    let _: Option<u32> = session.take("k")?;
    session.remove("a")?;
    session.with(helper)?;
    session.save().await?;
    session.sign_in("ada")?;
    session.devices().await?;
    session.revoke(Revoke::All).await?;
    session.destroy()?;
    Ok("done".into())
}

async fn by_handle(handle: SessionHandle) -> Result<&'static str, Error> {
    handle.load().await?.insert("k", 1)?;
    handle.destroy()?;
    Ok("done")
}

async fn refused(session: Session) -> Result<&'static str, Error> {
    session.reauthenticate()?;
    Ok("done")
}

/// An extractor of the application's own.
struct User(Option<String>);

impl FromRequest for User {
    type Error = Rejection;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = Session::extract(request);
        Box::pin(async move {
            let owner = session.await?.owner();
            Ok(Self(owner.map(|owner| owner.to_string())))
        })
    }
}

#[actix_web::test]
async fn the_question_mark_works_in_the_frameworks_own_error_type() {
    let site = Site::new(|routes| {
        let user = async |User(name): User| name.unwrap_or_default();
        routes
            .route("/all", web::get().to(every_operation))
            .route("/handle", web::get().to(by_handle))
            .route("/refused", web::get().to(refused))
            .route("/user", web::get().to(user));
    })
    .await;
    assert_eq!(site.get("/all", "").await.body, "done");
    assert_eq!(site.get("/handle", "").await.body, "done");
    assert_eq!(site.get("/user", "").await.status, 200);
    let seen = site.get("/refused", "").await;
    assert_eq!(seen.status, 401);
    assert_eq!(seen.body, r#"{"error":"nobody is signed in"}"#);
}

#[derive(Debug, Clone, Default)]
struct Failures(Arc<Mutex<Vec<u16>>>);

impl Observer for Failures {
    fn on(&self, event: &Event<'_>) {
        match event.reason {
            Some(Reason::Failure(failure)) => self.0.lock().unwrap().push(failure.status()),
            Some(Reason::Error(error)) => self.0.lock().unwrap().push(error.status()),
            _ => {}
        }
    }
}

impl Failures {
    fn take(&self) -> Vec<u16> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn inner(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.path() == "/inner" {
        return Err(Rejection(SessionError::NotSignedIn).into());
    }
    next.call(request).await
}

#[actix_web::test]
async fn a_failure_is_told_once_and_rendered() {
    for preloads in [false, true] {
        let failures = Failures::default();
        let store = FaultyStore::new(MemoryStore::new());
        let policy = Policy::builder().insecure().observer(failures.clone());
        let policy = policy.error_page(|failure, accept| {
            ErrorPage::html(format!("<p>{accept}{}", failure.reason()))
        });
        let sessions = Sessions::new(policy.build().unwrap(), store.clone());
        let middleware = SessionMiddleware::new(sessions);
        let middleware = if preloads {
            middleware.preload()
        } else {
            middleware
        };
        let write = async |session: Session| session.insert("k", 1).map(|()| "").unwrap();
        let app = App::new()
            .route("/write", web::get().to(write))
            .route("/refused", web::get().to(refused))
            .wrap(from_fn(inner))
            .wrap(middleware);
        let app = serve(app).await;
        let cookie = format!("session={}", "a".repeat(48));
        store.go_down();
        for path in ["/write", "/refused"] {
            let seen = app.get(path, &cookie).await;
            assert_eq!(seen.status, 503, "{path}");
            assert_eq!(seen.body, "<p>session store unavailable", "{path}");
            assert_eq!(seen.all("cache-control"), ["no-store"], "{path}");
            assert_eq!(seen.all("vary"), ["Accept, Cookie"], "{path}");
            assert_eq!(failures.take(), [503], "{path}");
        }
        store.come_up();
        // The load works, the commit fails.
        store.fail(store.calls() + 2);
        let seen = app.get("/write", &cookie).await;
        assert_eq!((seen.status, seen.set_cookies().len()), (503, 0));
        assert_eq!(seen.body, "<p>session store unavailable");
        assert_eq!(failures.take(), [503]);
        for path in ["/refused", "/inner"] {
            let seen = app.get(path, "").await;
            assert_eq!(seen.status, 401, "{path}");
            assert_eq!(seen.body, "<p>nobody is signed in", "{path}");
            assert_eq!(failures.take(), [401], "{path}");
        }
    }
}
