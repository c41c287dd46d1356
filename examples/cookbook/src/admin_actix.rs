//! An admin area on actix-web, with a cookie, a login and a CSRF guard of its own; see `admin_area.rs` and `admins.rs`.

use actix_web::web::{self, Data, Form, Html, Redirect, ServiceConfig};
use actix_web::{Either, HttpResponse, Responder, get, post};
use session_actix::{Rejection, Session, SessionMiddleware, Sessions};
use session_extras::actix::{CsrfMiddleware, User};
use session_extras::{Csrf, CsrfToken};

use crate::accounts::Login;
use crate::admins::{Admin, Admins};

#[get("/login")]
async fn form(admin: Session<Admin>) -> Result<Html, Rejection> {
    let token = CsrfToken::issue(&admin).await?.field(); // of the session whose guard asks for it
    Ok(Html::new(format!(
        r#"<form method="post">{token}<input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

#[post("/login")]
async fn login(
    admins: Data<Admins>,
    admin: Session<Admin>,
    Form(Login { name, password, .. }): Form<Login>,
) -> Result<impl Responder, Rejection> {
    let Some(sign_in) = admins.check(&name, password).await else {
        let refused = HttpResponse::Unauthorized().body("wrong name or password");
        return Ok(Either::Left(refused));
    };
    admin.sign_in(sign_in)?;
    Ok(Either::Right(Redirect::to("/admin/report").see_other()))
}

// Without an administrator: `Admins::LOGIN`.
#[get("/report")]
async fn report(admin: User<Admins>) -> String {
    format!("{} may see this", admin.0)
}

#[get("/form")]
async fn visitors_form(session: Session) -> Result<Html, Rejection> {
    let token = CsrfToken::issue(&session).await?.field();
    Ok(Html::new(format!(
        r#"<form method="post" action="/order">{token}<button>Order</button></form>"#
    )))
}

#[post("/order")]
async fn order(session: Session) -> Result<String, Rejection> {
    let orders = session.update("orders", |orders: Option<u32>| orders.unwrap_or(0) + 1)?;
    Ok(format!("{orders} orders"))
}

/// What every worker's application has; made once, outside of the server's closure.
#[derive(Clone)]
pub struct Area(Data<Admins>, Sessions, Sessions, Csrf);

pub fn area(
    (visitors, admins): (Sessions, Sessions),
    users: Admins,
) -> Result<Area, axum::BoxError> {
    let csrf = Csrf::new(["http://127.0.0.1:3000"])?;
    Ok(Area(Data::new(users), visitors, admins, csrf))
}

impl Area {
    /// A guard for each session that travels by cookie, in the scope that uses it.
    pub fn routes(self, config: &mut ServiceConfig) {
        let Self(users, visitors, admins, csrf) = self;
        let area = web::scope("/admin").service((form, login, report));
        let area = area.wrap(CsrfMiddleware::new(csrf.clone()).named::<Admin>());
        let area = area.wrap(SessionMiddleware::new(admins).named::<Admin>());
        let shop = web::scope("").service((visitors_form, order));
        let shop = shop.wrap(CsrfMiddleware::new(csrf));
        let shop = shop.wrap(SessionMiddleware::new(visitors)); // the last is the outermost
        // `""` takes every path, so it comes last.
        config.app_data(users).service(area).service(shop);
    }
}
