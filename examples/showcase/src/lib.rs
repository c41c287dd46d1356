//! The showcase: one small application, written once against the framework-free session, that a
//! server of every framework mounts.
//!
//! [`run`] reads the command line, opens the store and hands an [`App`] to a server, which
//! turns its framework's requests into [`App::respond`] and the [`Answer`] into its responses.
//! [`run_blocking`] does so for a server without async.

mod answer;
mod api;
mod app;
mod args;
mod blocking;
mod endpoint;
mod forms;
mod loose;
mod page;
mod refusal;
mod request;
mod route;
mod run;
mod storage;
mod visit;

pub use answer::{Answer, Body};
pub use app::App;
pub use blocking::{StopFlag, run_blocking};
pub use endpoint::Endpoint;
pub use request::Request;
pub use run::{Stop, prepare, run, run_unbound};
pub use visit::Visit;
