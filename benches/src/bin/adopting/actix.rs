use std::cell::RefCell;

use actix_http::Request;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::body::{MessageBody, to_bytes};
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};
use anyhow::{Context as _, Result, anyhow};

use super::{Answer, Old};

/// An application on actix-session.
pub(super) struct Actix<S>(RefCell<S>);

impl<S, B> Old for Actix<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    async fn call(&self, path: &str, cookie: &str) -> Result<Answer> {
        let request = TestRequest::get()
            .uri(path)
            .insert_header(("cookie", cookie));
        let answer = self.0.borrow().call(request.to_request());
        let response = answer.await.map_err(|error| anyhow!("{path}: {error}"))?;
        anyhow::ensure!(response.status() == 200, "{path}: {}", response.status());
        let set_cookie = response.headers().get("set-cookie");
        let set_cookie = set_cookie.map(|value| value.to_str().map(str::to_owned));
        let set_cookie = set_cookie.transpose()?;
        let body = to_bytes(response.into_body()).await;
        let body = body.map_err(|_| anyhow!("{path}: no body"))?;
        let body = String::from_utf8(body.to_vec())?;
        Ok(Answer { set_cookie, body })
    }
}

/// Returns an application with a private or a signed cookie, and how its value is read.
pub(super) async fn app(
    url: &str,
    is_signed: bool,
) -> Result<(
    impl Old + use<>,
    impl Fn(&str) -> Option<String> + Send + Sync + use<>,
)> {
    let key = Key::generate();
    let store = RedisSessionStore::new(url).await?;
    let security = if is_signed {
        CookieContentSecurity::Signed
    } else {
        CookieContentSecurity::Private
    };
    let middleware =
        SessionMiddleware::builder(store, key.clone()).cookie_content_security(security);
    let app = App::new()
        .route("/login/{user}", web::get().to(login))
        .route("/hit", web::get().to(hit))
        .wrap(middleware.build());
    let unseal = move |value: &str| {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::parse_encoded(format!("id={value}")).ok()?);
        let cookie = if is_signed {
            jar.signed(&key).get("id")
        } else {
            jar.private(&key).get("id")
        };
        Some(cookie?.value().to_owned())
    };
    Ok((Actix(RefCell::new(init_service(app).await)), unseal))
}

async fn login(user: web::Path<String>, session: Session) -> Result<String, Error> {
    session.renew();
    session.insert("user_id", &*user)?;
    Ok(user.into_inner())
}

async fn hit(session: Session) -> Result<String, Error> {
    let hits = session.get::<u64>("hits")?.unwrap_or(0) + 1;
    session.insert("hits", hits)?;
    Ok(hits.to_string())
}

/// Prints a session's row: its id, which the cookie has under a seal, and its text.
pub(super) async fn print_rows(url: &str) -> Result<()> {
    let (old, unseal) = app(url, true).await?;
    let answer = old.call("/login/ada", "").await?;
    let cookie = answer.set_cookie.context("a cookie")?;
    let cookie = cookie.split(';').next().unwrap_or_default();
    anyhow::ensure!(old.call("/hit", cookie).await?.body == "1");
    let value = cookie.split_once('=').context("a pair")?.1;
    let id = unseal(value).context("its own cookie")?;
    let mut connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    let row: String = redis::cmd("GET")
        .arg(&id)
        .query_async(&mut connection)
        .await?;
    println!("actix-session\nid {id}\n{row}");
    Ok(())
}
