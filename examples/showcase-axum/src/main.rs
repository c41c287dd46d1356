//! The showcase on axum, as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    showcase::run("axum", showcase_axum::serve)
}
