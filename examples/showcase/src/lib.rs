//! The showcase: one small application, written once against the framework-free session, that a
//! server of every framework mounts.
//!
//! [`run`] reads the command line, opens the store and hands an [`App`] to a server, which
//! turns its framework's requests into [`App::respond`] and the [`Answer`] into its responses.

mod answer;
mod api;
mod app;
mod args;
mod forms;
mod page;
mod refusal;
mod request;
mod run;
mod storage;
mod visit;

pub use answer::{Answer, Body};
pub use app::App;
pub use request::Request;
pub use run::{Stop, prepare, run};
pub use visit::Visit;
