//! The glue for Rocket: a fairing for the CSRF guard, the signed-in user as a request guard, and the way to the login page.
//!
//! ```
//! use rocket::response::Redirect;
//! use rocket::{Build, Rocket, get, post, routes};
//! use session_extras::rocket::{CsrfFairing, User, login_catcher};
//! use session_extras::{Csrf, Flash, Known, Users};
//! use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions, StampKey};
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
//! #[get("/orders")]
//! fn orders(user: User<Accounts>) -> String {
//!     format!("{}'s orders", user.0)
//! }
//!
//! #[post("/orders")]
//! fn order(_user: User<Accounts>, session: Session) -> Result<Redirect, Rejection> {
//!     Flash::success("Ordered.").set(&session)?;
//!     Ok(Redirect::to("/orders"))
//! }
//!
//! # let accounts = Accounts(StampKey::new(&[7; 32])?);
//! let sessions = Sessions::new(Policy::default(), MemoryStore::new());
//! let rocket = rocket::build()
//!     .manage(accounts) // an implementation of `Users`
//!     .mount("/", routes![orders, order])
//!     .register("/", login_catcher::<Accounts>()) // a 401 leads people to the login page
//!     .attach(CsrfFairing::new(Csrf::new(["https://shop.example"])?))
//!     .attach(SessionFairing::new(sessions));
//! # drop(rocket);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Rocket's own `FlashMessage` keeps one message in a cookie and needs no session. Where one message is enough, use it.

mod csrf;
mod next;
mod user;

pub use csrf::CsrfFairing;
pub use user::{User, UserRejection, login_catcher};
