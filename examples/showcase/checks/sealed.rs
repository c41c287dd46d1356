//! Checks of the showcase's program on every framework without a store: its sessions are sealed in their cookies.

use std::path::{Path, PathBuf};

use pollster::block_on;
use serde_json::json;
use session_testkit::http::{Client, Request};

use super::program::{Running, refused};

const OLD: &str = "an old key of 32 characters, or of more";
const NEW: &str = "a new key of 32 characters, or of more";

/// Writes a file of keys, one a line.
fn keys(folder: &Path, name: &str, lines: &[&str]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn start(path: &Path, more: &[&str]) -> Running {
    let path = path.to_str().unwrap();
    let flags = ["--store", "sealed:", "--secret-key-file", path];
    Running::start(&[&flags, more].concat(), "warn")
}

/// Returns what `GET /api/session` says to a browser with this cookie.
fn shown(server: &Running, cookie: &str) -> serde_json::Value {
    let request = Request::new("GET", "/api/session").header("cookie", cookie);
    let answer = block_on(server.client().send_without_cookies(request)).unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text()).unwrap()
}

fn sign_in(client: &Client) -> String {
    let put = block_on(client.put("/api/data/k", "1")).unwrap();
    assert_eq!(put.status(), 204);
    let login = block_on(client.post("/api/login", r#"{"user":"ada"}"#)).unwrap();
    assert_eq!((login.status(), login.set_cookies().len()), (204, 1));
    client.cookie_header()
}

#[test]
fn sealed_sessions_outlive_restarts_and_changes_of_keys_and_end_with_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let steps: [(&str, &[&str]); 4] = [
        ("old", &[OLD]),
        ("both", &[OLD, NEW]),
        ("front", &[NEW, OLD]),
        ("new", &[NEW]),
    ];
    let [old, both, front, new] = steps.map(|(name, lines)| keys(folder.path(), name, lines));
    let cookie = sign_in(&start(&old, &[]).client());
    for path in [&old, &both] {
        assert_eq!(shown(&start(path, &[]), &cookie)["owner"], "ada");
    }
    let server = start(&front, &[]);
    let state = shown(&server, &cookie);
    assert_eq!(
        (&state["owner"], &state["data"]),
        (&json!("ada"), &json!({ "k": 1 }))
    );
    let later = sign_in(&server.client());
    let server = start(&new, &[]);
    assert_eq!(shown(&server, &cookie)["exists"], false);
    assert_eq!(shown(&server, &later)["owner"], "ada");
}

#[test]
fn a_changed_cookie_is_no_session_and_what_needs_a_store_is_not_implemented() {
    let folder = tempfile::tempdir().unwrap();
    let path = keys(folder.path(), "keys", &[NEW]);
    let server = start(&path, &[]);
    let client = server.client();
    let cookie = sign_in(&client);
    let start_of_value = cookie.find('=').unwrap() + 1;
    for place in (start_of_value..cookie.len()).step_by(7) {
        let other = if cookie.as_bytes()[place] == b'A' {
            "B"
        } else {
            "A"
        };
        let changed = [&cookie[..place], other, &cookie[place + 1..]].concat();
        assert_eq!(shown(&server, &changed)["exists"], false, "{place}");
        assert_eq!(shown(&server, &cookie[..place])["exists"], false, "{place}");
    }
    let renamed = start(&path, &["--cookie-name", "other"]);
    let value = &cookie[start_of_value..];
    assert_eq!(shown(&renamed, &format!("other={value}"))["exists"], false);
    let handle = "a".repeat(32);
    for (method, target) in [
        ("GET", "/api/devices"),
        ("GET", "/api/ended"),
        ("DELETE", "/api/devices"),
        ("DELETE", &*format!("/api/devices/{handle}")),
    ] {
        let answer = block_on(client.send(Request::new(method, target))).unwrap();
        assert_eq!(
            (answer.status(), answer.set_cookies().len()),
            (501, 0),
            "{target}"
        );
    }
    // The page has no list, and lets its visitor sign out.
    let page = block_on(client.get("/")).unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("logout-form") && !page.text().contains(r#"id="devices""#));
    // More than browsers keep is refused, and the cookie stays.
    let large = format!("\"{}\"", "x".repeat(4_000));
    let answer = block_on(client.put("/api/data/large", &large)).unwrap();
    assert_eq!((answer.status(), answer.set_cookies().len()), (413, 0));
    assert_eq!(shown(&server, &client.cookie_header())["owner"], "ada");
    let health = block_on(client.get("/healthz")).unwrap();
    assert_eq!(health.status(), 200);
}

#[test]
fn flags_that_sealed_sessions_have_no_use_for_give_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = keys(folder.path(), "keys", &[NEW]);
    let weak = keys(folder.path(), "weak", &["short"]);
    let (path, weak) = (path.to_str().unwrap(), weak.to_str().unwrap());
    let rows: [(&[&str], &str); 7] = [
        (
            &["--secret-key-file", path, "--carrier", "both"],
            "--carrier",
        ),
        (
            &["--secret-key-file", path, "--carrier", "bearer"],
            "--carrier",
        ),
        (
            &["--secret-key-file", path, "--rotate-every", "60"],
            "--rotate-every",
        ),
        (
            &["--secret-key-file", path, "--max-devices", "2"],
            "--max-devices",
        ),
        (&["--secret-key-file", weak], "--secret-key-file"),
        (&["--secret-key-file", "/nowhere"], "--secret-key-file"),
        (&[], "--secret-key-file"),
    ];
    for (flags, names) in rows {
        let all = [&["--store", "sealed:"], flags].concat();
        let line = refused(&all, 2);
        assert!(line.contains(names), "{flags:?}: {line}");
        assert!(!line.contains("short"), "{line}");
    }
}

#[test]
fn the_panel_says_that_no_store_is_asked_and_shows_nothing_of_the_cookie() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&keys(folder.path(), "keys", &[NEW]), &[]);
    let client = server.client();
    for (form, body, says) in [
        ("visit", "", "no store is asked"),
        ("login", "user=ada", "no store is asked"),
        ("logout", "", "A copy of it would still open"),
    ] {
        let post = Request::new("POST", format!("/form/{form}")).json(body);
        let next = block_on(client.send(post))
            .unwrap()
            .values("location")
            .remove(0);
        let page = block_on(client.get(&next)).unwrap().text();
        assert!(
            page.contains(says) && page.contains(r#"<p id="calls">None.</p>"#),
            "{page}"
        );
        let has = if form == "logout" { "none" } else { "…" };
        assert!(page.contains(&format!("<td>{has}</td></tr>")), "{page}");
        let cookie = client.cookie_header();
        assert_eq!(cookie.is_empty(), form == "logout");
        let value = cookie
            .split_once('=')
            .map_or("none", |(_, value)| &value[..4]);
        assert!(!page.contains(&format!("<td>{value}…</td>")), "{page}");
    }
}
