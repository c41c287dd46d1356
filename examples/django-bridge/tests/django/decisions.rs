//! Django's table of decisions (what a cookie and a handler lead to), a row each, and what we do in the same place.

use serde_json::{Value, json};
use session_core::Policy;
use session_core::django::Settings;
use session_servers::DjangoOracle;
use session_testkit::http::{App, Client, Request};

use crate::decider::decider;
use crate::rust::Rust;
use crate::scene::{SESSIONID, Scene};
use Sends::{Expired, Nothing, Short, Unknown, Valid};

struct Row(Sends, &'static str, u16, &'static str, Ours);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sends {
    Nothing,
    Short,
    Unknown,
    Expired,
    Valid,
}

/// What we do in the same place.
#[derive(Debug, Clone, Copy)]
enum Ours {
    Same,
    /// Something else, for a reason.
    Better(&'static str, &'static str),
    /// We have no such call.
    Without,
}
use Ours::{Better, Same, Without};

// The cookie that is sent, the handler, the status; Django's answer, and ours.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(Nothing, "untouched", 200, "", Same),
    Row(Nothing, "session", 200, "vary", Same),
    Row(Nothing, "write", 200, "new insert vary", Same),
    Row(Nothing, "flush", 200, "vary", Same),
    Row(Nothing, "flush_write", 200, "new insert vary", Same),
    Row(Nothing, "cycle", 200, "new insert vary", Better("vary", EMPTY)),
    Row(Nothing, "remove", 200, "vary", Same),
    Row(Nothing, "write", 500, "vary", Same),
    Row(Short, "untouched", 200, "removal vary", Better("", LATE)),
    Row(Short, "session", 200, "removal vary", Better("vary", LATE)),
    Row(Short, "write", 200, "new insert vary", Same),
    Row(Short, "flush", 200, "removal vary", Better("vary", LATE)),
    Row(Short, "flush_write", 200, "new insert vary", Same),
    Row(Short, "cycle", 200, "new insert vary", Better("vary", EMPTY)),
    Row(Short, "remove", 200, "removal vary", Better("vary", LATE)),
    Row(Unknown, "untouched", 200, "", Same),
    Row(Unknown, "session", 200, "removal vary", Better("vary", LATE)),
    Row(Unknown, "write", 200, "new insert vary", Same),
    Row(Unknown, "flush", 200, "removal vary", Better("vary", LATE)),
    Row(Unknown, "flush_write", 200, "new insert vary", Same),
    Row(Unknown, "cycle", 200, "new insert vary", Better("vary", EMPTY)),
    Row(Unknown, "remove", 200, "removal vary", Better("vary", LATE)),
    Row(Expired, "untouched", 200, "", Same),
    Row(Expired, "session", 200, "removal vary", Better("delete vary", LATE)),
    Row(Expired, "write", 200, "new insert vary", Better("new insert delete vary", OVER)),
    Row(Expired, "flush", 200, "removal delete vary", Same),
    Row(Expired, "flush_write", 200, "new insert delete vary", Same),
    Row(Expired, "cycle", 200, "new insert vary", Better("delete vary", EMPTY)),
    Row(Expired, "remove", 200, "removal vary", Better("delete vary", LATE)),
    Row(Expired, "clear", 200, "same update vary", Better("delete vary", REVIVAL)),
    Row(Valid, "untouched", 200, "", Same),
    Row(Valid, "session", 200, "vary", Same),
    Row(Valid, "write", 200, "same update vary", Better("update vary", FRESH)),
    Row(Valid, "write", 404, "same update vary", Better("update vary", FRESH)),
    Row(Valid, "write", 500, "vary", Same),
    Row(Valid, "flush", 200, "removal delete vary", Same),
    Row(Valid, "flush", 500, "removal delete vary", Same),
    Row(Valid, "flush_write", 200, "new insert delete vary", Same),
    Row(Valid, "cycle", 200, "new insert delete vary", Same),
    Row(Valid, "cycle", 500, "delete vary", Better("vary", ERROR)),
    Row(Valid, "remove", 200, "same update vary", Better("update vary", FRESH)),
    Row(Valid, "gone", 200, "400 delete", Better("delete vary", GONE)),
];

/// Rows of `SESSION_SAVE_EVERY_REQUEST`. Django 4.2 never got the repair of CVE-2026-35192, so `newer-vary` is not one of
/// its headers.
#[rustfmt::skip]
const EVERY: &[Row] = &[
    Row(Nothing, "untouched", 200, "", Same),
    Row(Unknown, "untouched", 200, "new insert newer-vary", Better("", UNASKED)),
    Row(Unknown, "touch", 200, "new insert newer-vary", Without),
    Row(Unknown, "session", 200, "removal vary", Better("vary", LATE)),
    Row(Expired, "untouched", 200, "new insert newer-vary", Better("", UNASKED)),
    Row(Valid, "untouched", 200, "same update newer-vary", Better("", UNASKED)),
    Row(Valid, "session", 200, "same update vary", Same),
    Row(Valid, "untouched", 500, "", Same),
];

const EMPTY: &str = "a session that has nothing in it needs no row";
const LATE: &str = "a removal in an answer that is late would take the cookie of a newer login";
const OVER: &str = "a session that is long over is removed when it is seen";
const REVIVAL: &str = "a session that is over does not come back under its old key";
const FRESH: &str = "a cookie is sent again when a tenth of its age has passed";
const ERROR: &str = "an error leaves the browser with the key that it has, so that key lives on";
const GONE: &str =
    "the write is dropped; whoever wants an error in place of the answer sets `refuse_when_gone`";
const UNASKED: &str =
    "a request that does not ask for its session costs no store call, and is no use of it";

pub async fn django_decides_as_its_table_says(scene: &Scene) {
    check(scene, ROWS, |row| row.3.to_owned()).await;
}

pub async fn django_that_saves_at_every_request_decides_as_its_table_says(scene: &Scene) {
    let scene = scene.with("DJANGO_SESSION_SAVE_EVERY_REQUEST", "True");
    let is_old = scene.site.django().release() == "4.2";
    let expected = |row: &Row| {
        let newer = if is_old { "" } else { " vary" };
        row.3.replace(" newer-vary", newer)
    };
    check(&scene, EVERY, expected).await;
}

pub async fn rust_decides_as_django_or_better(scene: &Scene) {
    let rust = Rust::open(scene).await;
    check_ours(scene, rust, ROWS).await;
}

pub async fn rust_that_extends_at_every_request_decides_as_django_or_better(scene: &Scene) {
    let settings = Settings::default().session_save_every_request(true);
    let policy = Policy::from_django_settings(&settings).unwrap();
    let rust = Rust::open_with(scene, policy).await;
    check_ours(scene, rust, EVERY).await;
}

async fn check(scene: &Scene, rows: &[Row], expected: impl Fn(&Row) -> String) {
    let mut oracle = scene.oracle();
    for row in rows {
        let seen = answer(&scene.django(), &mut oracle, row).await;
        assert_eq!(seen, expected(row), "{:?}, {}, {}", row.0, row.1, row.2);
    }
}

async fn check_ours(scene: &Scene, rust: Rust, rows: &[Row]) {
    let mut oracle = scene.oracle();
    let app = decider(rust.sessions().clone());
    let mut wrong = Vec::new();
    for row in rows {
        let Row(sends, act, status, django, ours) = row;
        let expected = match ours {
            Same => django.replace("newer-vary", "vary"),
            Better(ours, why) => {
                assert_ne!(ours, django, "{why}");
                (*ours).to_owned()
            }
            Without => continue,
        };
        let seen = answer(&app, &mut oracle, row).await;
        if seen != expected {
            wrong.push(format!(
                "{sends:?}, {act}, {status}: {seen:?} and not {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rust.close().await;
}

/// Sends one request, and says what came of it.
async fn answer(app: &std::sync::Arc<dyn App>, oracle: &mut DjangoOracle, row: &Row) -> String {
    let Row(sends, act, status, ..) = row;
    let key = match sends {
        Nothing => None,
        Short => Some("short".to_owned()),
        Unknown => Some("0123456789abcdefghijklmnopqrstuv".to_owned()),
        Expired | Valid => {
            let made = oracle
                .ask("write", json!({ "key": null, "members": { "k": "1" } }))
                .unwrap();
            Some(made.as_str().unwrap().to_owned())
        }
    };
    if *sends == Expired {
        oracle
            .ask(
                "set_row_end",
                json!({ "key": key, "seconds_from_now": -1000 }),
            )
            .unwrap();
    }
    let mut look = |key: &Option<String>| oracle.ask("row", json!({ "key": key })).unwrap();
    let before = look(&key);

    let (method, path, body) = match *act {
        "untouched" | "session" => ("GET", format!("/api/{act}"), ""),
        "write" => ("PUT", "/api/data/new".to_owned(), "1"),
        "remove" => ("DELETE", "/api/data/k".to_owned(), ""),
        _ => ("POST", format!("/api/{act}"), ""),
    };
    let presented = key.as_deref().unwrap_or_default();
    let mut request = Request::new(method, format!("{path}?status={status}&key={presented}"));
    if let Some(key) = &key {
        request = request.header("cookie", format!("{SESSIONID}={key}"));
    }
    if !body.is_empty() {
        request = request.json(body);
    }
    let client = Client::new(std::sync::Arc::clone(app));
    let answer = client.send_without_cookies(request).await.unwrap();

    let mut seen = Vec::new();
    if answer.status() != *status {
        seen.push(answer.status().to_string());
    }
    let cookies = answer
        .set_cookies()
        .iter()
        .filter(|cookie| cookie.name() == SESSIONID);
    let mut new = None;
    for cookie in cookies {
        if cookie.is_removal() {
            seen.push("removal".into());
        } else if Some(cookie.value()) == key.as_deref() {
            seen.push("same".into());
        } else {
            seen.push("new".into());
            new = Some(cookie.value().to_owned());
        }
    }
    if new.is_some() && look(&new) != Value::Null {
        seen.push("insert".into());
    }
    match (before, look(&key)) {
        (Value::Null, _) => {}
        (_, Value::Null) => seen.push("delete".into()),
        (before, after) if before != after => seen.push("update".into()),
        _ => {}
    }
    if answer
        .list("vary")
        .iter()
        .any(|name| name.eq_ignore_ascii_case("cookie"))
    {
        seen.push("vary".into());
    }
    seen.join(" ")
}
