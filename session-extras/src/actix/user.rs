use std::fmt;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::header::{ACCEPT, LOCATION};
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use session_actix::{Rejection, Session};

use crate::{SignInFirst, Users};

/// The user who is signed in; without one the handler does not run.
///
/// Visitors are led to [`Users::LOGIN`] by a 303 whose `next` leads back; a request that does not accept HTML gets a 401. A session without
/// the stamp of its [`Users`] counts as nobody's, and ends. The users are
/// in the application's data, as `Data<U>`.
///
/// In actix-web every error makes `Option<User<U>>` a `None`, an outage too. A page for everybody that greets its users takes the
/// [`Session`] and calls [`Users::of`].
#[allow(clippy::exhaustive_structs, reason = "handlers take it apart")]
pub struct User<U: Users>(pub U::User);

impl<U: Users> FromRequest for User<U> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = Session::<U::Session>::from_request(request, &mut Payload::None);
        let users = request.app_data::<Data<U>>().cloned();
        let first = sign_in_first(request, U::LOGIN);
        Box::pin(async move {
            let Some(users) = users else {
                return Err(ErrorInternalServerError(
                    "the application's data have no users",
                ));
            };
            match users.of(&*session.await?).await.map_err(Rejection)? {
                Some(user) => Ok(Self(user)),
                None => Err(no_user(first)),
            }
        })
    }
}

impl<U: Users> fmt::Debug for User<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(…)")
    }
}

fn sign_in_first(request: &HttpRequest, login: &str) -> SignInFirst {
    let accept = request.headers().get_all(ACCEPT);
    let accepts: String = accept.filter_map(|value| value.to_str().ok()).collect();
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    SignInFirst::at(login, request.method().as_str(), path, &accepts)
}

fn no_user(first: SignInFirst) -> Error {
    let response = match first {
        SignInFirst::Redirect(to) => HttpResponse::SeeOther()
            .insert_header((LOCATION, to))
            .finish(),
        SignInFirst::Unauthorized => HttpResponse::Unauthorized().body(crate::UNAUTHORIZED),
    };
    InternalError::from_response(crate::UNAUTHORIZED, response).into()
}
