//! `SECRET_KEY` moves to `SECRET_KEY_FALLBACKS`, on one side first.

use serde_json::json;
use session_core::Session;
use session_core::django::{Auth, Check, User};

use crate::rust::Rust;
use crate::scene::Scene;

pub async fn a_login_survives_a_new_key_on_either_side(scene: &Scene) {
    let (old, new) = (scene.with_key_lines(1..2), scene.with_key_lines(0..1));
    let mut both = scene.oracle();
    let ada = both.ask("account", json!({ "user": "ada" })).unwrap();
    let (id, password) = (
        ada["id"].as_str().unwrap(),
        ada["password"].as_str().unwrap(),
    );

    // Django signed it with the old key; Rust has the new one, and knows the old.
    let members = json!({ "cart": "[1,NaN]" });
    let key = old
        .oracle()
        .ask("write", json!({ "key": null, "members": members }))
        .unwrap();
    let key = old
        .oracle()
        .ask("login", json!({ "key": key, "user": "ada" }))
        .unwrap();
    let rust = Rust::open(scene).await;
    let auth = Auth::new(&scene.keys());
    let check = |session: &Session| auth.check(session, password).unwrap();
    let (checked, renewed) = rust.request(key.as_str(), check).await;
    assert_eq!(checked, Check::Renewed);
    let renewed = renewed.expect("the key is another one");
    let known = new
        .oracle()
        .ask("user_of", json!({ "key": renewed }))
        .unwrap();
    assert_eq!(
        (&known["user"], &known["key"]),
        (&json!("ada"), &json!(renewed))
    );
    let read = new.oracle().ask("read", json!({ "key": renewed })).unwrap();
    let cart = read["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "cart");
    assert_eq!(cart.unwrap()["json"], "[1,NaN]");
    rust.close().await;

    // Rust signed it with the old key; Django has the new one, and knows the old.
    let rust = Rust::open(&old).await;
    let auth = Auth::new(&old.keys());
    let login = |session: &Session| auth.login(session, &User::new(id, password)).unwrap();
    let key = rust.request(None, login).await.1.unwrap();
    rust.close().await;
    let known = both.ask("user_of", json!({ "key": key })).unwrap();
    assert_eq!(known["user"], "ada");
    assert_ne!(known["key"], json!(key));
    let rust = Rust::open(&new).await;
    let auth = Auth::new(&new.keys());
    let check = |session: &Session| auth.check(session, password).unwrap();
    let (checked, again) = rust.request(known["key"].as_str(), check).await;
    assert_eq!((checked, again), (Check::Valid, None));
    rust.close().await;
}

/// A row whose key is missing is nobody's session, and it is not overwritten.
pub async fn a_row_under_an_unknown_key_is_left_alone(scene: &Scene) {
    let (old, new) = (scene.with_key_lines(1..2), scene.with_key_lines(0..1));
    let members = json!({ "a": "1" });
    let mut oracle = old.oracle();
    let key = oracle
        .ask("write", json!({ "key": null, "members": members }))
        .unwrap();
    let before = oracle.ask("row", json!({ "key": key })).unwrap();
    let rust = Rust::open(&new).await;
    let write = |session: &Session| {
        assert!(!session.exists());
        session.insert("b", 2).unwrap();
    };
    let begun = rust.request(key.as_str(), write).await.1;
    assert!(begun.is_some());
    rust.close().await;
    assert_eq!(oracle.ask("row", json!({ "key": key })).unwrap(), before);
}
