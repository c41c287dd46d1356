use std::fmt;
use std::io::Cursor;
use std::marker::PhantomData;

use rocket::catcher::{self, Catcher, Handler};
use rocket::http::Status;
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::FromRequest;
use rocket::{Ignite, Request, Response, Rocket, Sentinel, async_trait};
use session_rocket::{Rejection, Session};
use thiserror::Error;

use crate::{SignInFirst, Users};

/// The user who is signed in; without one the guard fails with a 401.
///
/// [`login_catcher`] leads people to the login page. A session without the stamp of its [`Users`] counts as nobody's, and ends. The users are in the managed state; without them the launch is aborted.
#[allow(clippy::exhaustive_structs, reason = "handlers take it apart")]
pub struct User<U: Users>(pub U::User);

/// Why there is no user.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UserRejection {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The session or the user can't be loaded.
    #[error(transparent)]
    Failed(#[from] Rejection),
}

#[async_trait]
impl<'r, U: Users> FromRequest<'r> for User<U> {
    type Error = UserRejection;

    async fn from_request(
        request: &'r Request<'_>,
    ) -> rocket::request::Outcome<Self, UserRejection> {
        let guard = request.guard::<Session<U::Session>>().await;
        let session = try_outcome!(guard.map_error(|(status, error)| (status, error.into())));
        let Some(users) = request.rocket().state::<U>() else {
            return Outcome::Forward(Status::InternalServerError);
        };
        match users.of(&session).await {
            Ok(Some(user)) => Outcome::Success(Self(user)),
            Ok(None) => Outcome::Error((Status::Unauthorized, UserRejection::NotSignedIn)),
            Err(error) => {
                let status = Status::new(error.opaque().0);
                Outcome::Error((status, Rejection(error).into()))
            }
        }
    }
}

impl<U: Users> Sentinel for User<U> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        let is_missing = rocket.state::<U>().is_none();
        if is_missing {
            tracing::error!("no users are managed: `{}`", std::any::type_name::<U>());
        }
        is_missing || Session::<U::Session>::abort(rocket)
    }
}

impl<U: Users> fmt::Debug for User<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(…)")
    }
}

/// Returns the catcher for 401 that leads people to [`Users::LOGIN`], and back by `next`; programs get the 401.
///
/// It takes every 401 below the path where it is registered that is an error to Rocket, also a handler's bare `Status::Unauthorized` for
/// a wrong password, which then shows the form again without a word: return `(Status::Unauthorized, "wrong password")` there. A second kind of users
/// has its own, registered at its path, such as `/admin`.
#[must_use]
pub fn login_catcher<U: Users>() -> Vec<Catcher> {
    let mut catcher = Catcher::new(401, ToLogin::<U>(PhantomData));
    catcher.name = Some("to the login page".into());
    vec![catcher]
}

struct ToLogin<U>(PhantomData<fn() -> U>);

impl<U> Clone for ToLogin<U> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<U: Users> Handler for ToLogin<U> {
    async fn handle<'r>(&self, _: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        let accepts: String = request.headers().get("Accept").collect();
        let uri = request.uri().to_string();
        let mut response = Response::build();
        match SignInFirst::at(U::LOGIN, request.method().as_str(), &uri, &accepts) {
            SignInFirst::Redirect(to) => {
                response.status(Status::SeeOther).raw_header("Location", to);
            }
            SignInFirst::Unauthorized => {
                let body = crate::UNAUTHORIZED;
                let body = response
                    .status(Status::Unauthorized)
                    .sized_body(body.len(), Cursor::new(body));
                body.raw_header("Content-Type", "text/plain; charset=utf-8");
            }
        }
        Ok(response.finalize())
    }
}
