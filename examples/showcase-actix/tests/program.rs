//! The program behaves as its command line says.
#![allow(clippy::unwrap_used)]

const PROGRAM: &str = env!("CARGO_BIN_EXE_showcase-actix");

#[path = "../../showcase/checks/program.rs"]
mod program;
