//! Sudo mode on actix-web: a sensitive page asks for the password again, unless that was a short while ago; see `sudo.rs`.

use actix_web::web::{self, Data, Form, Html, Query, Redirect, ServiceConfig};
use actix_web::{Either, HttpRequest, HttpResponse, Responder, get, post};
use serde::Deserialize;
use session_actix::{Fresh, Rejection, Session, SessionMiddleware, Sessions};
use session_extras::Next;
use session_extras::actix::User;

use crate::accounts::Accounts;
use crate::shop_actix::{Wanted, login};

const FIVE_MINUTES: u64 = 300;

/// A page: `Fresh` refuses, and the visitor is led to the form and back.
#[get("/keys")]
async fn keys(
    _: User<Accounts>,
    fresh: Result<Fresh<FIVE_MINUTES>, Rejection>,
    request: HttpRequest,
) -> Result<impl Responder, Rejection> {
    match fresh {
        Ok(_) => Ok(Either::Left("your keys")),
        Err(Rejection(error)) if error.status() == 403 => {
            let next = Next::from_untrusted(&request.uri().to_string());
            Ok(Either::Right(
                Redirect::to(next.after("/confirm")).see_other(),
            ))
        }
        Err(other) => Err(other), // 401, or an outage
    }
}

/// A route for programs: 401 or 403 by itself.
#[post("/account/delete")]
async fn delete_account(
    _: User<Accounts>,
    Fresh(session): Fresh<FIVE_MINUTES>,
) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("deleted")
}

#[get("/confirm")]
async fn form() -> Html {
    Html::new(
        r#"<form method="post"><input name="password" type="password"><button>Go on</button></form>"#,
    )
}

#[derive(Deserialize)]
struct Again {
    password: String,
}

#[post("/confirm")]
async fn confirm(
    accounts: Data<Accounts>,
    User(name): User<Accounts>,
    session: Session,
    Query(Wanted { next }): Query<Wanted>,
    Form(Again { password }): Form<Again>,
) -> Result<impl Responder, Rejection> {
    if accounts.check(&name, password).await.is_none() {
        let refused = HttpResponse::Unauthorized().body("wrong password");
        return Ok(Either::Left(refused));
    }
    session.reauthenticate()?; // a new id: a stolen one does not become fresh
    Ok(Either::Right(
        Redirect::to(next.as_str().to_owned()).see_other(),
    ))
}

pub fn routes(sessions: Sessions, accounts: Data<Accounts>, config: &mut ServiceConfig) {
    let pages = web::scope("").service((login, keys, delete_account, form, confirm));
    let pages = pages.app_data(accounts);
    config.service(pages.wrap(SessionMiddleware::new(sessions)));
}
