//! Applications that are called without sockets, and what a request costs them.
//!
//! ```text
//! Entry ── makes ──▶ Subject: one application; call(Scenario) is one request
//!                      │
//!      time · allocations · instructions: per request, above the bare framework
//! ```
//!
//! The subjects here are ours and the bare frameworks. The workspace in `benches/` adds the peers, and measures all
//! of them with the same functions.

mod actix;
pub mod allocations;
mod axum;
pub mod calls;
mod entry;
pub mod guard;
pub mod instructions;
mod memory;
pub mod ours_actix;
pub mod ours_axum;
pub mod ours_rocket;
mod rocket;
mod scenario;
mod spread;
mod subject;
mod table;
pub mod time;

pub use actix::ActixSubject;
pub use axum::AxumSubject;
pub use entry::{Entry, Family, Role, ours};
pub use rocket::RocketSubject;
pub use scenario::{COUNTER, Content, Scenario, key, read_key, value, values};
pub use spread::Spread;
pub use subject::{Seen, Subject, cookie_header};
pub use table::{Figure, Figures};
