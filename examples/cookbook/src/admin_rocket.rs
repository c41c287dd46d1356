//! An admin area on Rocket, with a cookie, a login and a CSRF guard of its own; see `admin_area.rs` and `admins.rs`.

use axum::BoxError;
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Build, Rocket, State, get, post, routes};
use session_extras::rocket::{CsrfFairing, User, login_catcher};
use session_extras::{Csrf, CsrfToken};
use session_rocket::{Rejection, Session, SessionFairing, Sessions};

use crate::admins::{Admin, Admins};
use crate::shop_rocket::Login;

#[get("/login")]
async fn form(admin: Session<Admin>) -> Result<RawHtml<String>, Rejection> {
    let token = CsrfToken::issue(&admin).await?.field(); // of the session whose guard asks for it
    Ok(RawHtml(format!(
        r#"<form method="post">{token}<input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

#[post("/login", data = "<form>")]
async fn login(
    admins: &State<Admins>,
    admin: Session<Admin>,
    form: Form<Login>,
) -> Result<Result<Redirect, (Status, &'static str)>, Rejection> {
    let Login { name, password } = form.into_inner();
    let Some(sign_in) = admins.check(&name, password).await else {
        // A bare `Status::Unauthorized` would go to the catcher, which leads to the form without a word.
        return Ok(Err((Status::Unauthorized, "wrong name or password")));
    };
    admin.sign_in(sign_in)?;
    Ok(Ok(Redirect::to("/admin/report")))
}

// Without an administrator: 401, and the catcher leads to `Admins::LOGIN`.
#[get("/report")]
fn report(admin: User<Admins>) -> String {
    format!("{} may see this", admin.0)
}

#[get("/form")]
async fn visitors_form(session: Session) -> Result<RawHtml<String>, Rejection> {
    let token = CsrfToken::issue(&session).await?.field();
    Ok(RawHtml(format!(
        r#"<form method="post" action="/order">{token}<button>Order</button></form>"#
    )))
}

#[post("/order")]
fn order(session: Session) -> Result<String, Rejection> {
    let orders = session.update("orders", |orders: Option<u32>| orders.unwrap_or(0) + 1)?;
    Ok(format!("{orders} orders"))
}

pub fn rocket(
    (visitors, admins): (Sessions, Sessions),
    users: Admins,
) -> Result<Rocket<Build>, BoxError> {
    let csrf = Csrf::new(["http://127.0.0.1:3000"])?;
    Ok(rocket::build()
        .manage(users)
        .mount("/", routes![visitors_form, order])
        .mount("/admin", routes![form, login, report])
        .register("/admin", login_catcher::<Admins>()) // the shop's would be at `/`
        // Fairings see every request; of several guards the one with the longest path decides.
        .attach(CsrfFairing::new(csrf.clone()))
        .attach(CsrfFairing::new(csrf).named::<Admin>().under("/admin"))
        .attach(SessionFairing::new(admins).named::<Admin>())
        .attach(SessionFairing::new(visitors)))
}
