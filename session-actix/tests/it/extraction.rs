//! Extraction in handlers and other middleware.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use session_actix::{Rejection, Session, SessionError, SessionExt, SessionHandle};
use session_testkit::Log;

use crate::support::{Kept, Site, serve, visitor, write};

#[actix_web::test]
async fn a_missing_middleware_is_an_opaque_500() {
    let app = App::new()
        .route("/session", web::get().to(async |_: Session| "unreachable"))
        .route(
            "/handle",
            web::get().to(async |_: SessionHandle| "unreachable"),
        );
    let app = serve(app).await;
    for path in ["/session", "/handle"] {
        let seen = app.get(path, "").await;
        assert_eq!(seen.status, 500);
        assert_eq!(seen.body, r#"{"error":"internal server error"}"#);
    }
}

#[actix_web::test]
async fn a_missing_middleware_is_named_in_the_log() {
    struct Admin;
    let app = App::new().route("/", web::get().to(async |_: Session<Admin>| ""));
    let app = serve(app).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    app.get("/", "").await;
    drop(guard);
    let log = log.take();
    assert!(log.contains("ERROR"), "{log}");
    assert!(log.contains("Admin"), "{log}");
    assert!(
        log.contains("no session layer, middleware or fairing"),
        "{log}"
    );
}

#[actix_web::test]
async fn an_optional_session_is_none_without_a_middleware() {
    let handler = async |session: Option<Session>| session.is_some().to_string();
    let app = App::new().route("/", web::get().to(handler));
    assert_eq!(serve(app).await.get("/", "").await.body, "false");
    let site = Site::new(|routes| {
        routes.route("/", web::get().to(handler));
    });
    assert_eq!(site.await.get("/", "").await.body, "true");
}

#[actix_web::test]
async fn an_outage_keeps_the_handler_from_running_and_the_cookie_alone() {
    let ran = Rc::new(Cell::new(false));
    let mark = Rc::clone(&ran);
    let plain = move |_: Session| {
        mark.set(true);
        async { "" }
    };
    let site = Site::new(|routes| {
        routes
            .route("/write", web::post().to(write))
            .route("/plain", web::get().to(plain));
    })
    .await;
    let cookie = site.visitor().await;
    site.kept.faults.go_down();
    site.get("/plain", &cookie).await.is_outage();
    assert!(!ran.get());
    site.kept.faults.come_up();
    let seen = site.get("/plain", &cookie).await;
    assert_eq!(seen.status, 200);
    assert!(ran.get());
}

#[actix_web::test]
async fn a_result_tells_an_outage_from_a_missing_middleware() {
    let handler = async |session: Result<Session, Rejection>| match session {
        Ok(_) => "open",
        Err(Rejection(SessionError::NotAttached { .. })) => "missing",
        Err(_) => "down",
    };
    let app = App::new().route("/", web::get().to(handler));
    assert_eq!(serve(app).await.get("/", "").await.body, "missing");
    let site = Site::new(|routes| {
        routes
            .route("/write", web::post().to(write))
            .route("/", web::get().to(handler));
    })
    .await;
    let cookie = site.visitor().await;
    assert_eq!(site.get("/", &cookie).await.body, "open");
    site.kept.faults.go_down();
    let seen = site.get("/", &cookie).await;
    assert_eq!(seen.body, "down");
    assert_eq!(seen.set_cookies(), [""; 0]);
}

#[actix_web::test]
async fn extractors_and_middleware_share_one_load() {
    async fn middleware<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let handle = request.session_handle().unwrap();
        let session = handle.load().await.map_err(Rejection::from)?;
        session.insert("outer", 1).unwrap();
        let response = next.call(request).await?;
        // After the handler it is still there, and still open.
        let session = response.request().session_handle().unwrap().peek().unwrap();
        session.insert("last", 3).unwrap();
        Ok(response)
    }
    async fn handler(
        one: Session,
        handle: SessionHandle,
        request: HttpRequest,
        other: Session,
    ) -> String {
        assert!(handle.peek().is_some());
        assert!(request.session_handle().unwrap().peek().is_some());
        other.insert("inner", 2).unwrap();
        one.keys().join(",")
    }
    let kept = Kept::new();
    let app = App::new()
        .route("/", web::get().to(handler))
        .route("/write", web::post().to(write))
        .wrap(from_fn(middleware))
        .wrap(kept.middleware());
    let app = serve(app).await;
    let cookie = visitor(&app, &kept).await;
    let seen = app.get("/", &cookie).await;
    assert_eq!(seen.body, "outer,hits,last,inner");
    let calls = kept.spy.take();
    assert_eq!((calls.load, calls.replace), (1, 1));
}

#[actix_web::test]
async fn an_extractor_after_a_new_id_writes_to_the_new_session() {
    async fn middleware<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let handle = request.session_handle().unwrap();
        let session = handle.load().await.map_err(Rejection::from)?;
        session.sign_in("ada").unwrap();
        next.call(request).await
    }
    let late = async |session: Session| {
        session.insert("late", 1).unwrap();
        ""
    };
    let keys = async |session: Session| session.keys().join(",");
    let site = Site::new(|routes| {
        routes
            .service(
                web::resource("/")
                    .route(web::get().to(late))
                    .wrap(from_fn(middleware)),
            )
            .route("/write", web::post().to(write))
            .route("/keys", web::get().to(keys));
    })
    .await;
    let before = site.visitor().await;
    let after = site.get("/", &before).await.cookie();
    assert_eq!(site.get("/keys", &after).await.body, "hits,late");
    assert_eq!(site.get("/keys", &before).await.body, "hits");
}

#[actix_web::test]
async fn an_early_return_of_inner_middleware_commits() {
    async fn doorman(
        request: ServiceRequest,
        _: Next<impl MessageBody>,
    ) -> Result<ServiceResponse, Error> {
        let handle = request.session_handle().unwrap();
        let session = handle.load().await.map_err(Rejection::from)?;
        session.insert("turned", "away").unwrap();
        Ok(request.into_response(HttpResponse::Forbidden()))
    }
    let kept = Kept::new();
    let app = App::new()
        .route("/", web::get().to(async || "unreachable"))
        .wrap(from_fn(doorman))
        .wrap(kept.middleware());
    let seen = serve(app).await.get("/", "").await;
    assert_eq!(seen.status, 403);
    seen.cookie();
    assert_eq!(kept.memory.len(), 1);
}

#[actix_web::test]
async fn a_handlers_rejection_keeps_its_status_and_hides_its_cause() {
    let site = Site::new(|routes| {
        let handler = async |session: Session| -> Result<&str, Rejection> {
            session.insert("secret-key", "x".repeat(2 << 20))?;
            Ok("unreachable")
        };
        routes.route("/", web::get().to(handler));
    })
    .await;
    let seen = site.get("/", "").await;
    assert_eq!(seen.status, 413);
    assert_eq!(seen.body, r#"{"error":"the session would be too large"}"#);
    assert_eq!(seen.set_cookies(), [""; 0]);
}

#[actix_web::test]
async fn a_session_may_go_to_another_thread() {
    struct Local(#[allow(dead_code)] Rc<()>);
    fn is_send(_: impl Send + Sync + 'static) {}
    let site = Site::new(|routes| {
        let handler = async |session: Session, handle: SessionHandle| {
            let task = session.clone();
            let written = std::thread::spawn(move || task.insert("there", 1).is_ok());
            is_send(handle);
            is_send(Session::<Local>::from(session.clone().into_inner()));
            format!("{} {}", written.join().unwrap(), session.keys().join(","))
        };
        routes.route("/", web::get().to(handler));
    });
    assert_eq!(site.await.get("/", "").await.body, "true there");
}

#[actix_web::test]
async fn framework_free_code_takes_the_extractor() {
    fn shared(session: &session_core::Session) -> usize {
        session.len()
    }
    let site = Site::new(|routes| {
        let handler = async |session: Session| {
            let kept = session.clone().into_inner();
            kept.insert("a", 1).unwrap();
            format!("{} {session:?}", shared(&session))
        };
        routes.route("/", web::get().to(handler));
    });
    let seen = site.await.get("/", "").await;
    assert!(seen.body.starts_with("1 Session"), "{}", seen.body);
}
