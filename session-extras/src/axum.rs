//! The glue for axum: a layer for the CSRF guard, and the signed-in user in a handler's arguments.
//!
//! ```
//! use axum::extract::FromRef;
//! use axum::response::Redirect;
//! use axum::routing::{get, post};
//! use axum::{Router, http::StatusCode};
//! use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions, StampKey};
//! use session_extras::axum::{CsrfLayer, User};
//! use session_extras::{Csrf, Flash, Known, Users};
//! use session_store::MemoryStore;
//!
//! # #[derive(Clone)]
//! # struct Accounts(StampKey);
//! # impl Users for Accounts {
//! #     type User = String;
//! #     type Session = ();
//! #     type Error = std::io::Error;
//! #     async fn find(&self, owner: &str) -> Result<Option<Known<String>>, Self::Error> {
//! #         Ok(Some(Known::new(owner.to_owned(), self.0.stamp(owner, b"hash"))))
//! #     }
//! # }
//! // Without a user: the login page, or a 401 for who does not accept HTML.
//! async fn orders(User(name): User<Accounts>) -> String {
//!     format!("{name}'s orders")
//! }
//!
//! async fn order(User(_): User<Accounts>, session: Session) -> Result<Redirect, Rejection> {
//!     Flash::success("Ordered.").set(&session)?;
//!     Ok(Redirect::to("/orders"))
//! }
//!
//! # let accounts = Accounts(StampKey::new(&[7; 32])?);
//! let sessions = Sessions::new(Policy::default(), MemoryStore::new());
//! let app: Router = Router::new()
//!     .route("/orders", get(orders).post(order))
//!     .with_state(accounts) // an implementation of `Users`, or a state that has one by `FromRef`
//!     .layer(CsrfLayer::new(Csrf::new(["https://shop.example"])?))
//!     .layer(SessionLayer::new(sessions)); // around the guard
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! tower-http's `csrf` compares the same two headers. It passes requests that have neither, and where `Origin` is not one
//! of yours, it goes by `Host`; so it needs no session. Where that is enough, use it.

mod csrf;
mod user;

pub use csrf::{CsrfLayer, CsrfService};
pub use user::User;
