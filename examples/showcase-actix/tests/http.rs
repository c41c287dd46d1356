//! The program passes the HTTP suite, over real sockets.
#![allow(clippy::unwrap_used)]

#[path = "../../showcase/checks/suite.rs"]
mod suite;

use suite::passes;

const PROGRAM: &str = env!("CARGO_BIN_EXE_showcase-actix");
const NAME: &str = "actix";
const IMPOSSIBLE: &[(&str, &str)] = &[];
const IMPOSSIBLE_IN_ANY_CARRIER: &[(&str, &str)] = &[];

#[test]
fn the_server_passes_the_http_suite() {
    passes("actix", "memory");
}
