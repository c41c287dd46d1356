//! The server that people run passes the HTTP suite, over real sockets.
#![allow(clippy::unwrap_used)]

use session_testkit::http::{Program, http_suite};

mod known;

#[test]
fn the_server_passes_the_http_suite() {
    let arguments = ["--listen", "127.0.0.1:0", "--store", "memory", "--insecure"];
    let program = Program::new(env!("CARGO_BIN_EXE_showcase-rocket"), arguments);
    let outcome = pollster::block_on(http_suite("rocket", &program));
    known::check(outcome);
}
