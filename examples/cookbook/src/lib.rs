//! The cookbook: a program for each thing that an application with sessions needs next; README.md is the index.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    clippy::unused_async,
    reason = "each recipe is read from top to bottom, and handlers are like that"
)]

pub mod accounts;
pub mod admin_actix;
pub mod admin_area;
pub mod admin_rocket;
pub mod admins;
pub mod carts;
pub mod changed_type;
pub mod csrf;
pub mod devices_actix;
pub mod devices_rocket;
pub mod everywhere;
pub mod flash;
pub mod guest_actix;
pub mod guest_cart;
pub mod guest_rocket;
pub mod impersonation;
pub mod login;
pub mod new_password;
pub mod oauth;
pub mod own_error;
pub mod own_store;
pub mod passkey;
pub mod remember_me;
pub mod shop_actix;
pub mod shop_rocket;
pub mod stay_signed_in;
pub mod sudo;
pub mod sudo_actix;
pub mod sudo_rocket;
pub mod tls_proxy;
pub mod two_step;

use axum::{BoxError, Router};
use session_store::MemoryStore;

/// A recipe on axum: its name on the command line, and its application.
pub type Recipe = (&'static str, fn() -> Result<Router, BoxError>);

/// What differs on the other frameworks.
pub const OTHERS: &[&str] = &[
    "admin-actix",
    "admin-rocket",
    "devices-actix",
    "devices-rocket",
    "guest-actix",
    "guest-rocket",
    "shop-actix",
    "shop-rocket",
    "sudo-actix",
    "sudo-rocket",
];

/// The recipes on axum.
pub const RECIPES: &[Recipe] = &[
    ("admin-area", admin_area::app),
    ("changed-type", changed_type::app),
    ("csrf", csrf::app),
    ("everywhere", everywhere::app),
    ("flash", flash::app),
    ("guest-cart", || guest_cart::app(MemoryStore::new())),
    ("impersonation", impersonation::app),
    ("login", login::app),
    ("new-password", new_password::app),
    ("oauth", oauth::app),
    ("own-error", own_error::app),
    (
        "own-store",
        || own_error::on(own_store::OwnStore::default()),
    ),
    ("passkey", passkey::app),
    ("remember-me", remember_me::app),
    ("stay-signed-in", stay_signed_in::app),
    ("sudo", sudo::app),
    ("tls-proxy", tls_proxy::app),
    ("two-step", two_step::app),
];
