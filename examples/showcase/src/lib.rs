//! The showcase: one small application, written once against the framework-independent session and
//! mounted by a server of every framework.
//!
//! [`run`] reads the command line, opens the store and passes an [`App`] to a server. The server
//! passes its framework's requests to [`App::respond`], and converts each [`Answer`] to a
//! response. [`run_blocking`] does the same for a server without async.

mod access;
mod answer;
mod api;
mod app;
mod args;
#[cfg(feature = "django")]
mod auth_user;
mod blocking;
mod devices;
mod ending;
mod endpoint;
mod forms;
#[cfg(feature = "django")]
mod keys;
mod loose;
mod origin;
mod outage;
mod page;
mod panel;
mod refusal;
mod request;
mod route;
mod run;
#[cfg(feature = "sealed")]
mod seals;
mod show;
mod storage;
mod tape;
mod traced;
mod users;

pub use access::Access;
pub use answer::{Answer, Body};
pub use app::App;
pub use blocking::{StopFlag, run_blocking};
pub use ending::{Ending, Watching};
pub use endpoint::Endpoint;
pub use request::Request;
pub use run::{Stop, prepare, run, run_unbound};
