//! The basics of a shop on actix-web: login, flash, CSRF guard. An admin area: `admin_actix.rs`.

use actix_web::web::{self, Data, Form, Html, Query, Redirect, ServiceConfig};
use actix_web::{Either, HttpResponse, Responder, get, post};
use serde::Deserialize;
use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions};
use session_extras::actix::{CsrfMiddleware, User};
use session_extras::{Csrf, CsrfToken, Flash, Next};
use session_store::MemoryStore;

use crate::accounts::{Accounts, Login};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) next: Next,
}

#[get("/login")]
async fn form(session: Session) -> Result<Html, Rejection> {
    let token = CsrfToken::issue(&session).await?.field();
    Ok(Html::new(format!(
        r#"<form method="post">{token}<input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

#[post("/login")]
pub(crate) async fn login(
    accounts: Data<Accounts>,
    session: Session,
    Form(Login { name, password, .. }): Form<Login>,
    Query(Wanted { next }): Query<Wanted>,
) -> Result<impl Responder, Rejection> {
    let Some(sign_in) = accounts.check(&name, password).await else {
        let refused = HttpResponse::Unauthorized().body("wrong name or password");
        return Ok(Either::Left(refused));
    };
    session.sign_in(sign_in)?;
    Flash::success(format!("Welcome, {name}.")).set(&session)?;
    Ok(Either::Right(
        Redirect::to(next.as_str().to_owned()).see_other(),
    ))
}

#[get("/orders")]
async fn orders(user: User<Accounts>, session: Session) -> Result<String, Rejection> {
    let messages = Flash::take(&session).await?;
    let said: String = messages.into_iter().map(|flash| flash.text + " ").collect();
    Ok(format!("{said}{}'s orders", user.0))
}

/// What every worker's application has; made once, outside of the server's closure.
#[derive(Clone)]
pub struct Shop(Data<Accounts>, Sessions, Csrf);

pub fn shop() -> Result<Shop, axum::BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    let csrf = Csrf::new(["http://127.0.0.1:3000"])?;
    Ok(Shop(Data::new(Accounts::new()?), sessions, csrf))
}

impl Shop {
    /// For `App::new().configure(…)`.
    pub fn routes(self, config: &mut ServiceConfig) {
        let Self(accounts, sessions, csrf) = self;
        let pages = web::scope("").service((form, login, orders));
        let guarded = pages.wrap(CsrfMiddleware::new(csrf));
        let guarded = guarded.wrap(SessionMiddleware::new(sessions)); // the last is the outermost
        config.app_data(accounts).service(guarded);
    }
}
