//! The program passes the HTTP suite, over real sockets, on the built-in stores.
#![allow(clippy::unwrap_used)]

#[path = "../../showcase/checks/suite.rs"]
mod suite;

use suite::passes;

const PROGRAM: &str = env!("CARGO_BIN_EXE_showcase-blocking");
const NAME: &str = "blocking";
const IMPOSSIBLE: &[(&str, &str)] = &[];
const IMPOSSIBLE_IN_ANY_CARRIER: &[(&str, &str)] = &[];

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
