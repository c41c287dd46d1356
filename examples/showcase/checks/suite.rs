//! Checks of the showcase's program on every framework: it passes the HTTP suite, over real sockets.
//!
//! A server's package includes this file with `#[path]` and defines [`PROGRAM`], its [`NAME`] in reports, and the cases that
//! are [`IMPOSSIBLE`] for cookies in its framework, and [`IMPOSSIBLE_IN_ANY_CARRIER`].

use session_testkit::http::{Bearers, NEED_COOKIES, Program, Server, http_suite_but};

use super::{IMPOSSIBLE, IMPOSSIBLE_IN_ANY_CARRIER, NAME, PROGRAM};

fn program(flags: &[&str]) -> Program {
    let flags = ["--listen", "127.0.0.1:0", "--insecure"]
        .iter()
        .chain(flags);
    Program::new(PROGRAM, flags.copied())
}

fn judge(name: &str, server: &dyn Server, impossible: &[(&str, &str)]) {
    let outcome = pollster::block_on(http_suite_but(name, server, impossible));
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}

/// Runs the suite on a store.
pub(crate) fn passes(name: &str, store: &str) {
    judge(name, &program(&["--store", store]), IMPOSSIBLE);
}

#[test]
fn the_server_passes_the_http_suite_for_bearers() {
    let program = program(&["--store", "memory", "--carrier", "bearer"]);
    let impossible = [&NEED_COOKIES[..], IMPOSSIBLE_IN_ANY_CARRIER].concat();
    judge(
        &format!("{NAME}, bearers"),
        &Bearers::new(program),
        &impossible,
    );
}

#[cfg(feature = "sealed")]
#[test]
fn the_server_passes_the_http_suite_without_a_store() {
    use session_testkit::http::NEED_A_STORE;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    std::fs::write(&path, "a key of 32 characters or of more\n").unwrap();
    let keys = ["--secret-key-file", path.to_str().unwrap()];
    let program = program(&[&["--store", "sealed:"], &keys[..]].concat());
    let impossible = [&NEED_A_STORE[..], IMPOSSIBLE].concat();
    judge(&format!("{NAME}, sealed"), &program, &impossible);
}
