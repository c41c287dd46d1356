//! One small application in Rust on the site's sessions, on every framework: login, logout, and who is signed in.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use serde_json::{Value, json};
use session_core::django::{Auth, Check, SecretKeys, User, session_auth_hash};
use session_core::{Session, SessionError, Sessions};
use session_servers::DjangoOracle;
use session_testkit::http::{App, Socket};
use tokio::sync::oneshot;

/// Django's users by their names, and their logins.
#[derive(Debug, Clone)]
pub struct Accounts {
    auth: Auth,
    users: BTreeMap<String, Account>,
}

/// The columns of a user that a login needs.
#[derive(Debug, Clone)]
struct Account {
    id: String,
    password: String,
}

impl Accounts {
    /// Asks Django for its users as they are now.
    pub fn now(keys: &SecretKeys, oracle: &mut DjangoOracle) -> Self {
        let mut of = |user: &str| {
            let account = oracle.ask("account", json!({ "user": user })).unwrap();
            let text = |name: &str| account[name].as_str().unwrap().to_owned();
            let password = text("password");
            assert_eq!(session_auth_hash(&password, keys), text("hash"));
            Account {
                id: text("id"),
                password,
            }
        };
        Self {
            auth: Auth::new(keys),
            users: ["ada", "bob", "carl"]
                .map(|user| (user.to_owned(), of(user)))
                .into(),
        }
    }

    /// Does what a request's path says, and returns the answer.
    fn act(&self, path: &str, session: &Session) -> Result<Value, SessionError> {
        if let Some(user) = path.strip_prefix("/login/") {
            let account = &self.users[user];
            let user = User::new(&account.id, &account.password);
            self.auth.login(session, &user)?;
        } else if path == "/logout" {
            session.destroy()?;
        }
        let Some(signed_in) = self.auth.signed_in(session) else {
            return Ok(json!({ "user": null }));
        };
        let mut users = self.users.iter();
        let (name, account) = users
            .find(|(_, account)| *account.id == *signed_in.id)
            .unwrap();
        let known = match self.auth.check(session, &account.password)? {
            Check::Valid | Check::Renewed => Some(name),
            Check::Anonymous | Check::Ended => None,
        };
        Ok(json!({ "user": known }))
    }
}

/// Starts the application on axum.
pub fn axum(sessions: Sessions, accounts: Accounts) -> Arc<dyn App> {
    use axum::extract::{Path, State};
    use session_axum::{Rejection, SessionLayer};

    async fn serve(
        State(accounts): State<Accounts>,
        Path(path): Path<String>,
        session: session_axum::Session,
    ) -> Result<String, Rejection> {
        Ok(accounts.act(&format!("/{path}"), &session)?.to_string())
    }
    let router = axum::Router::new()
        .route("/{*path}", axum::routing::any(serve))
        .layer(SessionLayer::new(sessions))
        .with_state(accounts);
    self::serve(router)
}

/// Serves a router of axum on a free port, as long as the runtime runs.
pub fn serve(router: axum::Router) -> Arc<dyn App> {
    let (listener, app) = listen();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    app
}

/// Starts the application on actix-web, whose workers have threads of their own.
pub fn actix(sessions: Sessions, accounts: Accounts) -> Arc<dyn App> {
    use actix_web::web::Data;
    use actix_web::{App, HttpRequest, HttpServer};
    use session_actix::SessionMiddleware;

    async fn serve(
        accounts: Data<Accounts>,
        request: HttpRequest,
        session: session_actix::Session,
    ) -> Result<String, actix_web::Error> {
        let answer = accounts.act(request.path(), &session);
        Ok(answer.map_err(session_actix::Rejection::from)?.to_string())
    }
    let (listener, app) = listen();
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(accounts.clone()))
                .default_service(actix_web::web::to(serve))
                .wrap(SessionMiddleware::new(sessions.clone()))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap();
        actix_web::rt::System::new().block_on(server.run())
    });
    app
}

/// Starts the application on Rocket.
pub async fn rocket(sessions: Sessions, accounts: Accounts) -> Arc<dyn App> {
    use rocket::fairing::AdHoc;
    use rocket::http::uri::Origin;
    use rocket::{Config, State};
    use session_rocket::SessionFairing;

    #[allow(clippy::needless_pass_by_value, reason = "a guard is passed by value")]
    #[rocket::get("/<_..>")]
    fn serve(
        accounts: &State<Accounts>,
        path: &Origin<'_>,
        session: session_rocket::Session,
    ) -> Result<String, session_rocket::Rejection> {
        Ok(accounts.act(path.path().as_str(), &session)?.to_string())
    }
    let (tell, told) = oneshot::channel();
    let config = Config {
        port: 0,
        log_level: rocket::config::LogLevel::Off,
        ..Config::default()
    };
    let liftoff = AdHoc::on_liftoff("port", |rocket| {
        let port = rocket.config().port;
        Box::pin(async move {
            let _ = tell.send(port);
        })
    });
    let rocket = rocket::custom(config)
        .manage(accounts)
        .mount("/", rocket::routes![serve])
        .attach(SessionFairing::new(sessions))
        .attach(liftoff);
    tokio::spawn(rocket.launch());
    socket(told.await.unwrap())
}

fn listen() -> (TcpListener, Arc<dyn App>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, socket(port))
}

fn socket(port: u16) -> Arc<dyn App> {
    Arc::new(Socket::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}
