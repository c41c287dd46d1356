//! The program passes the HTTP suite, over real sockets.
#![allow(clippy::unwrap_used)]

use session_testkit::http::{Program, http_suite};

#[test]
fn the_server_passes_the_http_suite() {
    let arguments = ["--listen", "127.0.0.1:0", "--store", "memory", "--insecure"];
    let program = Program::new(env!("CARGO_BIN_EXE_showcase-actix"), arguments);
    let outcome = pollster::block_on(http_suite("actix", &program));
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}
