//! The glue for actix-web: middleware for the CSRF guard, and the signed-in user in a handler's arguments.
//!
//! ```
//! use actix_web::{App, Responder, web};
//! use actix_web::web::{Data, Redirect};
//! use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions, StampKey};
//! use session_extras::actix::{CsrfMiddleware, User};
//! use session_extras::{Csrf, Flash, Known, Users};
//! use session_store::MemoryStore;
//!
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
//! async fn orders(user: User<Accounts>) -> String {
//!     format!("{}'s orders", user.0)
//! }
//!
//! async fn order(_: User<Accounts>, session: Session) -> Result<impl Responder, Rejection> {
//!     Flash::success("Ordered.").set(&session)?;
//!     Ok(Redirect::to("/orders").see_other())
//! }
//!
//! # let accounts = Accounts(StampKey::new(&[7; 32])?);
//! let sessions = Sessions::new(Policy::default(), MemoryStore::new());
//! let csrf = Csrf::new(["https://shop.example"])?;
//! let app = App::new()
//!     .app_data(Data::new(accounts)) // an implementation of `Users`
//!     .route("/orders", web::get().to(orders))
//!     .route("/orders", web::post().to(order))
//!     .wrap(CsrfMiddleware::new(csrf))
//!     .wrap(SessionMiddleware::new(sessions)); // around the guard
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod csrf;
mod user;

pub use csrf::{CsrfMiddleware, CsrfMiddlewareService};
pub use user::User;
