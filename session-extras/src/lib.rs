//! What an application with sessions needs next: a CSRF guard, flash messages, the signed-in user, safe redirects.
//!
//! ```text
//! headers, session ──▶ Csrf::judge, CsrfToken ──▶ goes on, or 403
//!                      Users::of, SignInFirst ──▶ the user, or the login page, which leads back by Next
//!                      Flash                  ──▶ shown once, after the redirect
//! ```
//!
//! The decisions depend on no framework. The features `axum`, `actix` and `rocket` add the glue for one each: a layer,
//! middleware or fairing for the guard, and `User` in a handler's arguments.
//!
//! # What this crate does not do
//!
//! It starts no thread but that of a [`Queued`] observer. It checks no password and renders no page. `examples/cookbook` of the repository shows both.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
mod csrf;
mod csrf_token;
mod flash;
mod next;
mod queued;
#[cfg(feature = "rocket")]
pub mod rocket;
mod users;

pub use csrf::{Csrf, OriginError, Verdict};
pub use csrf_token::CsrfToken;
pub use flash::{Flash, Level};
pub use next::Next;
pub use queued::Queued;
pub use users::{Known, SignInFirst, Users};

#[cfg(any(feature = "actix", feature = "axum", feature = "rocket"))]
const UNAUTHORIZED: &str = "nobody is signed in\n";

/// The snippets of the package's front page.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
mod readme {}
