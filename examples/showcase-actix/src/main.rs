//! The showcase on actix-web, as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    showcase::run("actix", showcase_actix::serve)
}
