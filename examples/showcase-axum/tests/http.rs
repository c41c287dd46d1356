//! The program passes the HTTP suite, over real sockets, on the built-in stores.
#![allow(clippy::unwrap_used)]

use session_testkit::http::{Program, http_suite};

fn passes(name: &str, url: &str) {
    let arguments = ["--listen", "127.0.0.1:0", "--store", url, "--insecure"];
    let program = Program::new(env!("CARGO_BIN_EXE_showcase-axum"), arguments);
    let outcome = pollster::block_on(http_suite(name, &program));
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}

#[test]
fn the_server_passes_the_http_suite_in_memory() {
    passes("axum, memory", "memory");
}

#[test]
fn the_server_passes_the_http_suite_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    passes("axum, sqlite", &format!("sqlite:{}", path.display()));
}
