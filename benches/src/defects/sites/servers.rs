use std::rc::Rc;

use actix_http::Request as ActixRequest;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use axum::Router;
use axum::body::{Body, to_bytes as axum_bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::get;
use futures_util::future::LocalBoxFuture;
use rocket::http::Cookie;
use rocket::local::asynchronous::Client;
use tower::ServiceExt;

use crate::defects::browser::Answer;
use crate::defects::session::perform;
use crate::defects::{Hold, Session, Site};

/// The routes of an application on axum, without a session layer.
pub(super) fn axum_routes<S>(hold: Hold) -> Router
where
    S: Session + FromRequestParts<()> + Send + Sync + 'static,
{
    let handler = move |Path((act, key)): Path<(String, String)>, mut session: S| {
        let hold = hold.clone();
        async move {
            let (status, body) = perform(&mut session, &act, &key, &hold).await;
            (StatusCode::from_u16(status).unwrap_or_default(), body)
        }
    };
    Router::new().route("/{act}/{key}", get(handler))
}

/// An application on axum.
pub(super) struct AxumSite(pub(super) Router);

impl Site for AxumSite {
    fn send<'a>(&'a self, path: &'a str, cookie: &'a str) -> LocalBoxFuture<'a, Answer> {
        Box::pin(async move {
            let mut request = Request::builder().uri(path);
            if !cookie.is_empty() {
                request = request.header(header::COOKIE, cookie);
            }
            let Ok(request) = request.body(Body::empty()) else {
                return nothing();
            };
            let Ok(response) = self.0.clone().oneshot(request).await;
            let (head, body) = response.into_parts();
            let body = axum_bytes(body, usize::MAX).await.unwrap_or_default();
            Answer {
                status: head.status.as_u16(),
                set_cookies: set_cookies(&head.headers),
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        })
    }
}

fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::SET_COOKIE).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.map(str::to_owned).collect()
}

/// Sets the routes of an application on actix-web.
pub(super) fn actix_routes<S>(hold: Hold) -> impl FnOnce(&mut web::ServiceConfig)
where
    S: Session + actix_web::FromRequest + 'static,
{
    let handler = move |path: web::Path<(String, String)>, mut session: S| {
        let hold = hold.clone();
        async move {
            let (act, key) = path.into_inner();
            let (status, body) = perform(&mut session, &act, &key, &hold).await;
            let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
            (body, status)
        }
    };
    |routes| {
        routes.route("/{act}/{key}", web::get().to(handler));
    }
}

/// An application on actix-web, on this thread.
struct ActixSite<S>(Rc<S>);

/// Makes an application whose middleware is there already.
pub(super) async fn actix_site<T, B>(app: App<T>) -> Box<dyn Site>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    Box::new(ActixSite(Rc::new(init_service(app).await)))
}

impl<S, B> Site for ActixSite<S>
where
    S: actix_web::dev::Service<
            ActixRequest,
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
        > + 'static,
    B: MessageBody + 'static,
{
    fn send<'a>(&'a self, path: &'a str, cookie: &'a str) -> LocalBoxFuture<'a, Answer> {
        Box::pin(async move {
            let mut request = TestRequest::with_uri(path);
            if !cookie.is_empty() {
                request = request.insert_header((actix_web::http::header::COOKIE, cookie));
            }
            // As a server does with an error.
            let (head, body) = match self.0.call(request.to_request()).await {
                Ok(response) => {
                    let (head, body) = response.into_parts().1.into_parts();
                    (head, to_bytes(body).await.unwrap_or_default())
                }
                Err(error) => {
                    let (head, body) = error.error_response().into_parts();
                    (head, to_bytes(body).await.unwrap_or_default())
                }
            };
            let cookies = head.headers().get_all(actix_web::http::header::SET_COOKIE);
            let texts = cookies.filter_map(|value| value.to_str().ok());
            Answer {
                status: head.status().as_u16(),
                set_cookies: texts.map(str::to_owned).collect(),
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        })
    }
}

/// An application on Rocket.
pub(super) struct RocketSite(pub(super) Client);

impl Site for RocketSite {
    fn send<'a>(&'a self, path: &'a str, cookie: &'a str) -> LocalBoxFuture<'a, Answer> {
        Box::pin(async move {
            // The local client does not parse a header.
            let pairs = cookie.split("; ").filter_map(|pair| pair.split_once('='));
            let cookies = pairs.map(|(name, value)| Cookie::new(name.to_owned(), value.to_owned()));
            let response = self.0.get(path).cookies(cookies).dispatch().await;
            let cookies = response.headers().get("Set-Cookie").map(str::to_owned);
            Answer {
                status: response.status().code,
                set_cookies: cookies.collect(),
                body: response.into_string().await.unwrap_or_default(),
            }
        })
    }
}

fn nothing() -> Answer {
    Answer {
        status: 0,
        set_cookies: Vec::new(),
        body: "no request".into(),
    }
}
