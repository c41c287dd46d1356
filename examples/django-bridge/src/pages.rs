use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use session_axum::{Field, Rejection, Session, SessionHandle, SessionLayer, Sessions};
use session_core::django::{Auth, Check};
use url::form_urlencoded;

use crate::proxy::Proxy;
use crate::users::{User, Users};

/// The list that Django's pages know under the same name.
const CART: Field<Vec<String>> = Field::new("cart");

/// What the pages need.
#[derive(Debug, Clone)]
pub struct Shop {
    pub users: Users,
    pub auth: Auth,
    pub proxy: Proxy,
}

impl Shop {
    /// Returns the session's user; the inner error is the database's.
    ///
    /// A session from before a change of the password is destroyed, as Django does.
    async fn user(&self, session: &Session) -> Result<sqlx::Result<Option<User>>, Rejection> {
        let Some(signed_in) = self.auth.signed_in(session) else {
            return Ok(Ok(None));
        };
        let found = match self.users.find(&signed_in.id).await {
            Ok(Some(user)) => user,
            other => return Ok(other),
        };
        Ok(Ok(match self.auth.check(session, &found.password)? {
            Check::Valid | Check::Renewed => Some(found),
            Check::Anonymous | Check::Ended => None,
        }))
    }
}

/// Mounts the pages that are Rust's already; everything else is Django's.
pub fn router(shop: Shop, sessions: Sessions) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/add", post(add))
        .route("/logout", post(logout))
        // Only what is routed above has a session here.
        .layer(SessionLayer::new(sessions))
        .fallback(async |State(shop): State<Shop>, request: Request| shop.proxy.pass(request).await)
        .with_state(shop)
}

async fn home(State(shop): State<Shop>, session: Session) -> Result<Response, Rejection> {
    let user = match shop.user(&session).await? {
        Ok(user) => user,
        Err(error) => return Ok(unavailable(&error)),
    };
    let visitor = match user {
        Some(user) => format!(
            r#"<p>Hello, <strong id="user">{}</strong>.</p>
<form id="logout-form" method="post" action="/logout"><button>Sign out in Rust</button></form>"#,
            escape(&user.name)
        ),
        None => r#"<p><a id="login" href="/accounts/login/">Sign in</a>, on Django's page.</p>"#
            .to_owned(),
    };
    let cart = CART.get(&session)?.unwrap_or_default();
    let items = cart.iter().map(|item| format!("<li>{}</li>", escape(item)));
    let page = include_str!("page.html")
        .replace("{{visitor}}", &visitor)
        .replace("{{cart}}", &items.collect::<String>());
    Ok(Html(page).into_response())
}

async fn add(session: Session, headers: HeaderMap, body: Bytes) -> Result<Response, Rejection> {
    if is_foreign(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let mut fields = form_urlencoded::parse(&body);
    if let Some((_, item)) = fields.find(|(name, _)| name == "item") {
        let item = item.trim().to_owned();
        // Exact, also if Rust adds two things at once.
        CART.update(&session, move |cart| {
            let mut cart = cart.unwrap_or_default();
            cart.push(item.clone());
            cart
        })?;
    }
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: SessionHandle, headers: HeaderMap) -> Result<Response, Rejection> {
    if is_foreign(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    // Django's row is deleted, so it is a logout there too.
    session.destroy()?;
    Ok(Redirect::to("/").into_response())
}

/// Whether a form came from another origin's page; browsers say so.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

fn unavailable(error: &sqlx::Error) -> Response {
    eprintln!("users: {error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
