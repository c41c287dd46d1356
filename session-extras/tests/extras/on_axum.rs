use axum::body::Body;
use axum::extract::{Form, Request, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Router, body};
use session_axum::{Rejection, Session, SessionLayer};
use session_extras::Flash;
use session_extras::axum::{CsrfLayer, User};
use tower::ServiceExt;

use crate::shop::{self, Accounts, Answer, Ask, Shop};

async fn orders(User(name): User<Accounts>) -> String {
    format!("{name}'s orders")
}

async fn note(
    session: Session,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Redirect, Rejection> {
    let text = fields
        .into_iter()
        .find(|(name, _)| name == "text")
        .unwrap()
        .1;
    Flash::success(text).set(&session)?;
    Ok(Redirect::to("/"))
}

async fn login(State(accounts): State<Accounts>, session: Session) -> Result<Redirect, Rejection> {
    session.with(|session| accounts.sign_in(session))?;
    Ok(Redirect::to("/"))
}

// With the framework's own error.
async fn page(session: Session) -> axum::response::Result<String> {
    Ok(session.with_async(shop::page(&session)).await?)
}

fn app() -> Router {
    Router::new()
        .route("/", get(page))
        .route(
            "/form",
            get(async |session: Session| Ok::<_, Rejection>(shop::form(&session).await?)),
        )
        .route("/note", post(note))
        .route("/login", post(login))
        .nest("/in", Router::new().route("/orders", get(orders)))
        .with_state(Accounts::new())
        .layer(CsrfLayer::new(shop::csrf()))
        .layer(SessionLayer::new(shop::sessions()))
}

impl Shop for Router {
    async fn send(&self, ask: Ask<'_>) -> Answer {
        let mut request = Request::builder().method(ask.method).uri(ask.path);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let response = self
            .clone()
            .oneshot(request.body(Body::from(ask.body)).unwrap())
            .await
            .unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (status, location, set_cookie) = (
            response.status().as_u16(),
            header("location"),
            header("set-cookie"),
        );
        let token = header("session-token");
        let body = body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer {
            status,
            location,
            set_cookie,
            token,
            body,
        }
    }
}

#[tokio::test]
async fn visitors_of_a_shop_on_axum_see_what_they_must() {
    let app = app();
    shop::check(&app).await;
    shop::check_refusal(&app).await;
}

#[tokio::test]
async fn a_guard_without_a_session_layer_is_a_500_and_not_a_pass() {
    let app = Router::new()
        .route("/", post(async || "done"))
        .layer(CsrfLayer::new(shop::csrf()));
    let request = Request::post("/")
        .header("sec-fetch-site", "same-origin")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 500);
}
