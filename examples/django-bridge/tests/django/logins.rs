//! Logins, logouts and changes of the password, on Django's side and on every framework's.

use std::sync::Arc;

use serde_json::{Value, json};
use session_testkit::http::{App, Client};

use crate::crossing::{login, put, session};
use crate::rust::Rust;
use crate::scene::{Scene, key_of};
use crate::servers::{Accounts, actix, axum, rocket};

pub async fn a_login_and_a_logout_count_on_both_sides_of_every_framework(scene: &Scene) {
    let users = Accounts::now(&scene.keys(), &mut scene.oracle());
    let rust = Rust::open(scene).await;
    for (name, app) in servers(&rust, &users).await {
        let django = Client::new(scene.django());
        let rust = django.tab(app);
        // In Django, of an anonymous cart's owner.
        put(&django, "data/cart", "[1]").await;
        login(&django, "ada").await;
        assert_eq!(known(&rust).await, "ada", "{name}");
        let thief = django.copy();
        assert_eq!(known(&rust.copy()).await, "ada", "{name}");
        leave(&rust).await;
        assert_eq!(key_of(&django), None, "{name} left the cookie");
        assert_eq!(user(&thief).await, Value::Null, "{name}: a logout in Rust");

        // And in Rust.
        put(&django, "data/cart", "[2]").await;
        let anonymous = django.copy();
        enter(&rust, "ada").await;
        let seen = session(&django).await;
        assert_eq!(
            (&seen["owner"], &seen["data"]["cart"]),
            (&json!("ada"), &json!([2])),
            "{name}"
        );
        assert_eq!(
            user(&anonymous).await,
            Value::Null,
            "{name}: a fixed key signs in"
        );
        // The same user again, and another one, whose session has nothing of the first one's.
        enter(&rust, "ada").await;
        assert_eq!(user(&django).await, "ada", "{name}");
        enter(&rust, "bob").await;
        let seen = session(&django).await;
        assert_eq!(
            (&seen["owner"], seen["data"].get("cart")),
            (&json!("bob"), None),
            "{name}"
        );
        let thief = rust.copy();
        assert_eq!(django.post("/api/logout", "").await.unwrap().status(), 204);
        assert_eq!(
            known(&thief).await,
            Value::Null,
            "{name}: a logout in Django"
        );
    }
    rust.close().await;
}

/// Of carl, who does nothing else: other proofs go on beside this one.
pub async fn a_change_of_the_password_ends_the_other_sessions_on_both_sides(scene: &Scene) {
    let mut oracle = scene.oracle();
    let old = Accounts::now(&scene.keys(), &mut oracle);
    let rust = Rust::open(scene).await;
    let app = axum(rust.sessions().clone(), old);
    let here = Client::new(scene.django());
    let (there, elsewhere) = (here.stranger(), here.stranger());
    login(&here, "carl").await;
    login(&there, "carl").await;
    enter(&elsewhere.tab(Arc::clone(&app)), "carl").await;
    for side in [&here, &there, &elsewhere] {
        assert_eq!(user(side).await, "carl");
        assert_eq!(known(&side.tab(Arc::clone(&app))).await, "carl");
    }
    let before = here.copy();
    put_password(&here, "another password").await;
    let new = Accounts::now(&scene.keys(), &mut oracle);
    let app = axum(rust.sessions().clone(), new);
    assert_eq!(user(&here).await, "carl");
    assert_eq!(known(&here.tab(Arc::clone(&app))).await, "carl");
    for side in [&before, &there, &elsewhere] {
        // Rust first: Django deletes the row when it sees the wrong hash.
        assert_eq!(known(&side.tab(Arc::clone(&app))).await, Value::Null);
        assert_eq!(user(side).await, Value::Null);
    }

    // And by a page in Rust, which keeps its own session.
    let (there, elsewhere) = (here.stranger(), here.stranger());
    login(&there, "carl").await;
    enter(&elsewhere.tab(Arc::clone(&app)), "carl").await;
    let set = json!({ "user": "carl", "password": "a third password" });
    oracle.ask("set_password", set).unwrap();
    let account = oracle.ask("account", json!({ "user": "carl" })).unwrap();
    let password = account["password"].as_str().unwrap();
    let auth = session_core::django::Auth::new(&scene.keys());
    let key = key_of(&here).unwrap();
    let update = |session: &session_core::Session| auth.update(session, password).unwrap();
    let ((), new) = rust.request(Some(&key), update).await;
    let new = new.expect("a new key");
    for side in [&here, &there, &elsewhere] {
        assert_eq!(user(&side.copy()).await, Value::Null);
    }
    let kept = oracle.ask("user_of", json!({ "key": new })).unwrap();
    assert_eq!(kept["user"], "carl");
    rust.close().await;
}

/// By their names or ids, as the site's own table has them.
pub async fn the_showcase_signs_in_the_sites_users(scene: &Scene) {
    let bob = scene
        .oracle()
        .ask("account", json!({ "user": "bob" }))
        .unwrap();
    let rust = Client::new(scene.showcase().await);
    let django = rust.tab(scene.django());
    for (name, known) in [("ada", "ada"), (bob["id"].as_str().unwrap(), "bob")] {
        login(&rust, name).await;
        assert_eq!(user(&django).await, known, "{name}");
    }
    for name in ["nobody", "0", "99999999999999999999"] {
        let body = json!({ "user": name }).to_string();
        let answer = rust.post("/api/login", &body).await.unwrap();
        assert_eq!(answer.status(), 401, "{name}: {}", answer.text());
    }
    assert_eq!(user(&django).await, "bob");
}

/// A client of the showcase chooses the names; those of the session's own fields are the client's error.
pub async fn a_name_that_django_reserves_is_refused_to_clients(scene: &Scene) {
    let rust = Client::new(scene.showcase().await);
    let django = rust.tab(scene.django());
    login(&rust, "ada").await;
    for name in ["_auth_user_id", "_session_expiry", "_session"] {
        let path = format!("/api/data/{name}");
        let answer = rust.put(&path, "\"2\"").await.unwrap();
        assert_eq!(answer.status(), 400, "{name}");
        assert!(answer.text().contains(name), "{}", answer.text());
        let answer = rust.post(&format!("{path}/increment"), "").await.unwrap();
        assert_eq!(answer.status(), 400, "{name}");
        assert_eq!(rust.get(&path).await.unwrap().status(), 404, "{name}");
        assert_eq!(rust.delete(&path).await.unwrap().status(), 204, "{name}");
    }
    assert_eq!(user(&django).await, "ada");
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert!(rust.put("/api/data/deep", &deep).await.unwrap().status() < 500);
}

async fn servers(rust: &Rust, users: &Accounts) -> Vec<(&'static str, Arc<dyn App>)> {
    let (sessions, users) = (|| rust.sessions().clone(), || users.clone());
    vec![
        ("axum", axum(sessions(), users())),
        ("actix", actix(sessions(), users())),
        ("rocket", rocket(sessions(), users()).await),
    ]
}

/// Returns the user whom Django knows.
async fn user(client: &Client) -> Value {
    session(client).await["owner"].clone()
}

/// Returns the user whom Rust knows.
async fn known(client: &Client) -> Value {
    get(client, "/whoami").await["user"].clone()
}

async fn enter(client: &Client, user: &str) {
    get(client, &format!("/login/{user}")).await;
}

async fn leave(client: &Client) {
    get(client, "/logout").await;
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

async fn put_password(client: &Client, password: &str) {
    let body = json!({ "password": password }).to_string();
    let answer = client.post("/api/password", &body).await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text());
}
