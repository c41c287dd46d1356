use std::fmt;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts, OriginalUri};
use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use session_axum::{Rejection, Session};

use crate::{SignInFirst, Users};

/// The user who is signed in; without one the handler does not run.
///
/// Visitors are led to [`Users::LOGIN`] by a 303 whose `next` leads back; a request that does not accept HTML gets a 401. `Option<User<U>>` is
/// `None` instead. A session without the stamp of its [`Users`] counts as nobody's, and ends. The users are the router's state, or a part of it by `FromRef`; an `Arc` of them will do.
#[allow(clippy::exhaustive_structs, reason = "handlers take it apart")]
pub struct User<U: Users>(pub U::User);

impl<U, S> FromRequestParts<S> for User<U>
where
    U: Users + FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let found = find::<U, S>(parts, state).await;
        found
            .map_err(IntoResponse::into_response)?
            .ok_or_else(|| sign_in_first(parts, U::LOGIN))
    }
}

impl<U, S> OptionalFromRequestParts<S> for User<U>
where
    U: Users + FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        find::<U, S>(parts, state).await
    }
}

impl<U: Users> fmt::Debug for User<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(…)")
    }
}

async fn find<U, S>(parts: &mut Parts, state: &S) -> Result<Option<User<U>>, Rejection>
where
    U: Users + FromRef<S>,
    S: Send + Sync,
{
    let session =
        <Session<U::Session> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
    Ok(U::from_ref(state).of(&session).await?.map(User))
}

fn sign_in_first(parts: &Parts, login: &str) -> Response {
    let accept = parts.headers.get_all(ACCEPT).iter();
    let accepts = accept.filter_map(|value| value.to_str().ok());
    // In a nested router, `uri` lacks the beginning.
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match SignInFirst::at(
        login,
        parts.method.as_str(),
        path,
        &accepts.collect::<String>(),
    ) {
        SignInFirst::Redirect(to) => Redirect::to(&to).into_response(),
        SignInFirst::Unauthorized => {
            (StatusCode::UNAUTHORIZED, crate::UNAUTHORIZED).into_response()
        }
    }
}
