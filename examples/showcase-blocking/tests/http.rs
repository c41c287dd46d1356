//! The program passes the HTTP suite, over real sockets.
#![allow(clippy::unwrap_used)]

use session_testkit::http::{Program, http_suite};

fn passes(name: &str, store: &str) {
    let arguments = ["--listen", "127.0.0.1:0", "--store", store, "--insecure"];
    let program = Program::new(env!("CARGO_BIN_EXE_showcase-blocking"), arguments);
    let outcome = pollster::block_on(http_suite(name, &program));
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}

#[test]
fn the_server_passes_the_http_suite_in_memory() {
    passes("blocking", "memory");
}

#[test]
fn the_server_passes_the_http_suite_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    passes("blocking, sqlite", &format!("sqlite:{}", path.display()));
}
