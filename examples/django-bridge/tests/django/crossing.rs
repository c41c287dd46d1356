//! What one side does holds on the other, through HTTP on both: Django's server and the showcase on one table.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use session_core::time::OffsetDateTime;
use session_core::time::format_description::well_known::Rfc3339;
use session_servers::DjangoOracle;
use session_testkit::http::{Client, Request};

use crate::scene::{Scene, key_of};

/// A browser whose tabs are on both sides.
struct Visitor {
    from: Client,
    to: Client,
}

pub async fn what_one_side_does_holds_on_the_other(scene: &Scene) {
    let (django, rust) = (scene.django(), scene.showcase().await);
    let mut oracle = scene.oracle();
    for (from, to) in [(&django, &rust), (&rust, &django)] {
        let visitor = || {
            let from = Client::new(Arc::clone(from));
            let to = from.tab(Arc::clone(to));
            Visitor { from, to }
        };
        values_cross(visitor()).await;
        lifetimes_cross(visitor()).await;
        an_expired_session_is_over_on_both(visitor(), &mut oracle).await;
        an_end_is_one_on_both(visitor(), "/api/logout").await;
        a_new_key_leaves_the_old_one_dead(visitor()).await;
        an_emptied_session_is_empty_on_both(visitor()).await;
    }
    let browser = Client::new(Arc::clone(&django));
    let visitor = || {
        let from = browser.stranger();
        let to = from.tab(Arc::clone(&rust));
        Visitor { from, to }
    };
    an_end_is_one_on_both(visitor(), "/api/flush").await;
    a_login_in_django_is_known_in_rust(visitor(), &mut oracle).await;
    a_message_waits_while_rust_writes(visitor()).await;
}

async fn values_cross(visitor: Visitor) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "[1,\"é\"]").await;
    put(&to, "data/b", "{\"x\":null}").await;
    for side in [&from, &to] {
        assert_eq!(
            session(side).await["data"],
            json!({ "a": [1, "é"], "b": { "x": null } })
        );
    }
    assert_eq!(from.delete("/api/data/a").await.unwrap().status(), 204);
    assert_eq!(session(&to).await["data"], json!({ "b": { "x": null } }));
}

async fn lifetimes_cross(visitor: Visitor) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "1").await;
    let at = OffsetDateTime::now_utc() + Duration::from_secs(7200);
    let at = at.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
    for (lifetime, seconds, until_close) in [
        (json!({ "seconds": 300 }), 300, false),
        (json!({ "browser_close": true }), 1_209_600, true),
        (json!({ "at": at }), 7200, false),
        (json!({ "default": true }), 1_209_600, false),
    ] {
        put(&from, "lifetime", &lifetime.to_string()).await;
        let seen = session(&to).await;
        assert_eq!(seen["browser_close"], until_close, "{lifetime}");
        if let Some(left) = seen["expires_in"].as_i64() {
            assert!(
                (seconds - 30..=seconds).contains(&left),
                "{lifetime}: {left}"
            );
        } else {
            assert!(until_close, "{lifetime}: no end");
        }
        // It holds, and stays, when the other side saves.
        put(&to, "data/b", &seconds.to_string()).await;
        assert_eq!(
            session(&from).await["browser_close"],
            until_close,
            "{lifetime}"
        );
    }
}

async fn an_expired_session_is_over_on_both(visitor: Visitor, oracle: &mut DjangoOracle) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "1").await;
    let key = key_of(&from).unwrap();
    for side in [&from, &to] {
        assert_eq!(session(&side.copy()).await["exists"], true);
    }
    let moved = oracle
        .ask("set_row_end", json!({ "key": key, "seconds_from_now": -1 }))
        .unwrap();
    assert_eq!(moved, 1);
    for side in [&from, &to] {
        assert_eq!(session(&side.copy()).await["exists"], false);
    }
    put(&to, "data/b", "2").await;
    assert_ne!(key_of(&to).unwrap(), key);
    assert_eq!(session(&from).await["data"], json!({ "b": 2 }));
}

async fn an_end_is_one_on_both(visitor: Visitor, path: &str) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "1").await;
    let (here, there) = (from.copy(), to.copy());
    let out = from.post(path, "").await.unwrap();
    assert_eq!(out.status(), 204);
    assert_eq!(key_of(&from), None, "{path} left the cookie");
    for side in [&here, &there] {
        assert_eq!(session(&side.copy()).await["exists"], false, "{path}");
    }
    // A write with the old cookie begins another session, on either side.
    let old = key_of(&there);
    put(&there, "data/b", "2").await;
    assert_ne!(key_of(&there), old);
    assert_eq!(session(&there).await["data"], json!({ "b": 2 }));
}

async fn a_new_key_leaves_the_old_one_dead(visitor: Visitor) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "1").await;
    let (here, there) = (from.copy(), to.copy());
    let old = key_of(&from);
    assert_eq!(from.post("/api/cycle", "").await.unwrap().status(), 204);
    assert_ne!(key_of(&from), old);
    for side in [&from, &to] {
        assert_eq!(session(side).await["data"], json!({ "a": 1 }));
    }
    for side in [here, there] {
        assert_eq!(session(&side).await["exists"], false);
    }
}

async fn an_emptied_session_is_empty_on_both(visitor: Visitor) {
    let Visitor { from, to } = visitor;
    put(&from, "data/a", "1").await;
    assert_eq!(from.post("/api/clear", "").await.unwrap().status(), 204);
    for side in [from, to] {
        let seen = session(&side).await;
        assert_eq!((&seen["exists"], &seen["data"]), (&json!(true), &json!({})));
    }
}

async fn a_login_in_django_is_known_in_rust(visitor: Visitor, oracle: &mut DjangoOracle) {
    let Visitor {
        from: django,
        to: rust,
    } = visitor;
    put(&rust, "data/cart", "[1]").await;
    let anonymous = key_of(&rust);
    login(&django, "ada").await;
    assert_ne!(key_of(&django), anonymous);
    let ada = oracle.ask("account", json!({ "user": "ada" })).unwrap();
    let seen = session(&rust).await;
    assert_eq!(
        (&seen["owner"], &seen["data"]["cart"]),
        (&ada["id"], &json!([1]))
    );

    // The same user again: Django keeps key and values.
    let key = key_of(&django);
    login(&django, "ada").await;
    assert_eq!(key_of(&django), key);
    // Another user: nothing is carried along.
    login(&django, "bob").await;
    let bob = oracle.ask("account", json!({ "user": "bob" })).unwrap();
    let seen = session(&rust).await;
    assert_eq!(
        (&seen["owner"], seen["data"].get("cart")),
        (&bob["id"], None)
    );

    // A logout in Rust is one in Django, also for a copied cookie.
    let thief = django.copy();
    assert_eq!(rust.post("/api/logout", "").await.unwrap().status(), 204);
    for side in [&django, &thief, &rust] {
        assert_eq!(session(side).await["owner"], Value::Null);
    }
}

async fn a_message_waits_while_rust_writes(visitor: Visitor) {
    let Visitor {
        from: django,
        to: rust,
    } = visitor;
    for text in ["saved", "é <b>"] {
        let sent = django
            .post("/api/message", &json!(text).to_string())
            .await
            .unwrap();
        assert_eq!(sent.status(), 204);
        put(&rust, "data/x", &json!(text).to_string()).await;
    }
    let shown = django.get("/api/message").await.unwrap();
    assert_eq!(json_of(&shown.text()), json!(["saved", "é <b>"]));
    put(&rust, "data/x", "3").await;
    let shown = django.get("/api/message").await.unwrap();
    assert_eq!(json_of(&shown.text()), json!([]));
}

/// With `CSRF_USE_SESSIONS` the token is a value of the session.
pub async fn djangos_csrf_token_survives_a_write_in_rust(scene: &Scene) {
    let scene = scene.with("DJANGO_CSRF_USE_SESSIONS", "True");
    let django = Client::new(scene.django());
    let rust = django.tab(scene.showcase().await);
    let form = django.get("/accounts/login/").await.unwrap().text();
    let (_, token) = form
        .split_once("name=\"csrfmiddlewaretoken\" value=\"")
        .unwrap();
    let (token, _) = token.split_once('"').unwrap();
    put(&rust, "data/x", "1").await;
    let fields = format!(
        "csrfmiddlewaretoken={token}&username=ada&password={}",
        crate::rig::PASSWORD.replace(' ', "+")
    );
    let mut login = Request::new("POST", "/accounts/login/");
    login = login.header("content-type", "application/x-www-form-urlencoded");
    login.body = fields.into_bytes();
    let answer = django.send(login).await.unwrap();
    assert_eq!(answer.status(), 302, "{}", answer.text());
    assert_eq!(session(&django).await["owner"], "ada");
    assert_eq!(session(&rust).await["data"]["x"], 1);
}

/// Both remove what is over, and nothing else, also at the same time.
pub async fn the_sweep_removes_what_clearsessions_would(scene: &Scene) {
    let mut oracle = scene.oracle();
    let make = |oracle: &mut DjangoOracle, seconds: i64| {
        let members = json!({ "a": "1" });
        let key = oracle
            .ask("write", json!({ "key": null, "members": members }))
            .unwrap();
        let moved = json!({ "key": key, "seconds_from_now": seconds });
        assert_eq!(oracle.ask("set_row_end", moved).unwrap(), 1);
        key
    };
    let ends = [-1_000_000, -4000, -3600, 60, 4000, 1_000_000];
    for (in_rust, in_django, times) in [(true, false, 1), (false, true, 1), (true, true, 30)] {
        let ends = ends.repeat(times);
        let keys: Vec<Value> = ends.iter().map(|end| make(&mut oracle, *end)).collect();
        let rust = crate::rust::Rust::open(scene).await;
        let store = Arc::clone(rust.sessions().store());
        let sweeping = tokio::spawn(async move {
            let now = OffsetDateTime::now_utc();
            while in_rust && store.sweep(now.into(), 3).await.unwrap() > 0 {}
        });
        if in_django {
            let clear = || oracle.ask("command", json!({ "args": ["clearsessions"] }));
            let done = tokio::task::block_in_place(clear).unwrap();
            assert_eq!(done["status"], 0, "{done}");
        }
        sweeping.await.unwrap();
        rust.close().await;
        for (key, end) in keys.iter().zip(ends) {
            let row = oracle.ask("row", json!({ "key": key })).unwrap();
            assert_eq!(row.is_null(), end < 0, "{in_rust} {in_django}, {end} s");
        }
    }
}

pub async fn put(client: &Client, path: &str, json: &str) {
    let answer = client.put(&format!("/api/{path}"), json).await.unwrap();
    assert_eq!(answer.status(), 204, "{path}: {}", answer.text());
}

pub async fn login(client: &Client, user: &str) {
    let body = json!({ "user": user }).to_string();
    let answer = client.post("/api/login", &body).await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text());
}

/// Returns what a side shows of its session.
pub async fn session(client: &Client) -> Value {
    let answer = client.get("/api/session").await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    json_of(&answer.text())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
