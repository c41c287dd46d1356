use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, Data, Form, Redirect};
use actix_web::{App, Error, Responder};
use session_actix::{Rejection, Session, SessionMiddleware};
use session_extras::Flash;
use session_extras::actix::{CsrfMiddleware, User};

use crate::shop::{self, Accounts, Answer, Ask, Shop};

async fn orders(user: User<Accounts>) -> String {
    format!("{}'s orders", user.0)
}

async fn note(
    session: Session,
    fields: Form<Vec<(String, String)>>,
) -> Result<impl Responder, Rejection> {
    let text = fields
        .into_inner()
        .into_iter()
        .find(|(name, _)| name == "text")
        .unwrap()
        .1;
    Flash::success(text).set(&session)?;
    Ok(Redirect::to("/").see_other())
}

async fn login(accounts: Data<Accounts>, session: Session) -> Result<impl Responder, Rejection> {
    session.with(|session| accounts.sign_in(session))?;
    Ok(Redirect::to("/").see_other())
}

// With the framework's own error.
async fn page(session: Session) -> Result<String, Error> {
    Ok(session.with_async(shop::page(&session)).await?)
}

async fn form(session: Session) -> Result<String, Error> {
    Ok(session.with_async(shop::form(&session)).await?)
}

struct Served<S>(S);

impl<S, B> Shop for Served<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    async fn send(&self, ask: Ask<'_>) -> Answer {
        let mut request = TestRequest::with_uri(ask.path).method(ask.method.parse().unwrap());
        for header in ask.headers {
            request = request.insert_header(header);
        }
        let response = call_service(&self.0, request.set_payload(ask.body).to_request()).await;
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
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        Answer {
            status,
            location,
            set_cookie,
            token,
            body,
        }
    }
}

#[actix_web::test]
async fn visitors_of_a_shop_on_actix_see_what_they_must() {
    let app = App::new()
        .app_data(Data::new(Accounts::new()))
        .route("/", web::get().to(page))
        .route("/form", web::get().to(form))
        .route("/note", web::post().to(note))
        .route("/login", web::post().to(login))
        .service(web::scope("/in").route("/orders", web::get().to(orders)))
        .wrap(CsrfMiddleware::new(shop::csrf()))
        .wrap(SessionMiddleware::new(shop::sessions()));
    let app = Served(init_service(app).await);
    shop::check(&app).await;
    shop::check_refusal(&app).await;
}

#[actix_web::test]
async fn a_guard_without_a_session_middleware_is_a_500_and_not_a_pass() {
    let app = App::new()
        .route("/", web::post().to(async || "done"))
        .wrap(CsrfMiddleware::new(shop::csrf()));
    let app = init_service(app).await;
    let request = TestRequest::post()
        .uri("/")
        .insert_header(("sec-fetch-site", "same-origin"));
    let error = app.call(request.to_request()).await.unwrap_err();
    assert_eq!(error.as_response_error().status_code(), 500);
}
