//! The program passes the HTTP suite, over real sockets.
#![allow(clippy::unwrap_used)]

#[path = "../../showcase/checks/suite.rs"]
mod suite;

mod known;

use suite::passes;

const PROGRAM: &str = env!("CARGO_BIN_EXE_showcase-rocket");
const NAME: &str = "rocket";
const IMPOSSIBLE: &[(&str, &str)] = &known::OF_THE_FRAMEWORK;
const IMPOSSIBLE_IN_ANY_CARRIER: &[(&str, &str)] = &known::IN_ANY_CARRIER;

#[test]
fn the_server_passes_the_http_suite() {
    passes("rocket", "memory");
}
