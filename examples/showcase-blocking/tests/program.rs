//! The program behaves as its command line says.
#![allow(clippy::unwrap_used)]

const PROGRAM: &str = env!("CARGO_BIN_EXE_showcase-blocking");

#[path = "../../showcase/checks/program.rs"]
mod program;

#[path = "../../showcase/checks/signals.rs"]
mod signals;

#[path = "../../showcase/checks/page.rs"]
mod page;

#[path = "../../showcase/checks/panel.rs"]
mod panel;

#[cfg(feature = "sealed")]
#[path = "../../showcase/checks/sealed.rs"]
mod sealed;
