//! The showcase on Rocket, as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    showcase::run_unbound("rocket", showcase_rocket::serve)
}
