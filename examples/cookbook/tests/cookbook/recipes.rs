use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use cookbook::accounts::Accounts;
use cookbook::admin_area;
use cookbook::admins::{self, Admins};
use session_core::{Revoke, Store};
use session_testkit::app::TestSessions;
use session_testkit::{FaultyStore, ModelStore, store_suite};
use tower::ServiceExt;

use crate::browser::{ADA, Browser};

#[tokio::test]
async fn a_guests_cart_is_merged_into_the_users_however_often_the_login_is_repeated() {
    let store = FaultyStore::new(ModelStore::new());
    let mut phone = Browser::new(cookbook::guest_cart::app(store.clone()).unwrap());
    for path in ["/add/tea", "/login", "/add/milk"] {
        assert!(phone.post(path, ADA).await.status < 300);
    }
    let mut laptop = phone.other();
    for path in ["/add/tea", "/add/tea", "/add/honey"] {
        laptop.post(path, "").await;
    }
    assert_eq!(laptop.get("/").await.text, r#"{"honey": 1, "tea": 2}"#);
    let mut second_click = laptop.clone();
    laptop.post("/login", ADA).await;
    second_click.post("/login", ADA).await;
    let all = r#"{"honey": 1, "milk": 1, "tea": 2}"#;
    assert_eq!(laptop.get("/").await.text, all);
    assert_eq!(phone.get("/").await.text, all);
    let bob = "name=bob&password=correct+horse";
    laptop.post("/login", bob).await;
    assert_eq!(
        laptop.get("/").await.text,
        "{}",
        "another user's cart is another one"
    );

    let mut tablet = laptop.other();
    tablet.post("/add/pot", "").await;
    // Of the load and the write: the login is stored, and nobody learns of it.
    store.lose_answer(store.calls() + 2);
    assert_eq!(tablet.post("/login", bob).await.status, 503);
    tablet.post("/login", bob).await;
    assert_eq!(tablet.get("/").await.text, r#"{"pot": 1}"#);
}

#[tokio::test]
async fn a_message_is_shown_once_after_the_redirect() {
    let mut visitor = Browser::new(cookbook::flash::app().unwrap());
    let done = visitor.post("/address", "street=Elm+%3Cb%3E").await;
    assert_eq!((done.status, done.location()), (303, "/"));
    visitor.post("/address", "street=").await;
    let shown = visitor.get("/").await.text;
    assert_eq!(
        shown,
        "<p class=\"success\">Your address in Elm &lt;b> was saved.</p>\n\
         <p class=\"error\">A street is missing; nothing was saved.</p>\n"
    );
    assert_eq!(visitor.get("/").await.text, "");
}

#[tokio::test]
async fn a_forged_order_is_refused_and_an_applications_is_not() {
    let mut visitor = Browser::new(cookbook::csrf::app().unwrap());
    assert_eq!(visitor.post("/order", "").await.text, "1 orders");
    for foreign in [
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("accept", "*/*"),
    ] {
        visitor.headers = [foreign].into();
        assert_eq!(visitor.post("/order", "").await.status, 403, "{foreign:?}");
    }
    visitor.headers = [("origin", "https://shop.example")].into();
    assert_eq!(visitor.post("/order", "").await.text, "2 orders");
    visitor.headers.clear();
    let token = visitor.get("/").await.token();
    assert_eq!(
        visitor
            .post("/order", &format!("csrf_token={token}"))
            .await
            .text,
        "3 orders"
    );
    visitor.headers = [
        ("authorization", "Bearer new"),
        ("sec-fetch-site", "cross-site"),
    ]
    .into();
    assert_eq!(visitor.post("/order", "").await.text, "1 orders");
}

#[tokio::test]
async fn an_administrators_cookie_is_apart_from_the_visitors() {
    let mut root = Browser::new(cookbook::admin_area::app().unwrap());
    root.get("/").await;
    let asked = root.get("/admin/report").await;
    assert_eq!(asked.location(), "/admin/login?next=%2Fadmin%2Freport");
    let mut forger = root.clone();
    forger.headers.insert("sec-fetch-site", "cross-site");
    for path in ["/admin/login", "/admin/logout"] {
        assert_eq!(forger.post(path, "").await.status, 403);
    }
    let wrong = root.post("/admin/login", "name=root&password=x").await;
    assert_eq!(wrong.status, 401);
    let right = "name=root&password=correct+horse";
    let set = root.post("/admin/login", right).await;
    let set = set.set_cookie();
    assert!(
        set.starts_with("admin=") && set.contains("SameSite=Strict") && !set.contains("Max-Age"),
        "{set}"
    );
    assert_eq!(root.cookies.len(), 2);
    assert_eq!(root.get("/admin/report").await.text, "root may see this");
    assert_eq!(root.get("/").await.text, "a visitor");

    let mut thief = root.other();
    thief
        .cookies
        .insert("admin".into(), root.cookies["session"].clone());
    thief
        .cookies
        .insert("session".into(), root.cookies["admin"].clone());
    assert_eq!(thief.get("/admin/report").await.status, 303);
    assert_eq!(thief.get("/").await.text, "a visitor");
    root.post("/admin/logout", "").await;
    assert_eq!(root.get("/admin/report").await.status, 303);
}

#[tokio::test]
async fn a_visitor_with_an_administrators_name_neither_sees_nor_ends_the_administrators_sessions() {
    let test = TestSessions::new();
    let admins = test.beside(admins::policy());
    let users = Admins::new().unwrap();
    let app = admin_area::on((test.sessions(), admins.sessions()), users.clone()).unwrap();
    let root = admins.signed_in(users.sign_in_of("root").unwrap());
    let accounts = Accounts::new().unwrap();
    let _visitor = test.signed_in(accounts.sign_in_of("root").unwrap());
    let visitors = test.sessions();
    assert_eq!(visitors.devices("root").await.unwrap().len(), 1);
    assert_eq!(visitors.revoke("root", Revoke::All).await.unwrap(), 1);
    let request = Request::get("/admin/report").header("cookie", root.cookie());
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test]
async fn behind_a_proxy_the_cookie_is_secure_and_the_origin_is_the_visitors() {
    let mut ada = Browser::new(cookbook::tls_proxy::app().unwrap());
    ada.headers = [
        ("host", "10.0.0.7:8080"),
        ("origin", "https://shop.example"),
        ("x-forwarded-for", "198.51.100.1, 203.0.113.77"),
    ]
    .into();
    let done = ada.post("/login", ADA).await;
    assert!(done.set_cookie().starts_with("__Host-session="), "{done:?}");
    assert!(done.set_cookie().contains("Secure"));
    assert_eq!(ada.get("/networks").await.text, "203.0.113.0/24");
    ada.headers.insert("origin", "http://10.0.0.7:8080");
    assert_eq!(ada.post("/login", ADA).await.status, 403);
}

#[tokio::test]
async fn an_error_of_your_own_holds_the_sessions_and_an_outage_is_a_page() {
    let store = FaultyStore::new(ModelStore::new());
    let mut visitor = Browser::new(cookbook::own_error::on(store.clone()).unwrap());
    let missing = visitor.get("/").await;
    assert_eq!((missing.status, &*missing.text), (404, "no such item"));
    visitor.post("/choose", "").await;
    assert_eq!(visitor.get("/").await.text, "tea");
    store.go_down();
    let outage = visitor.get("/").await;
    assert_eq!(outage.status, 503);
    assert!(outage.text.starts_with("<h1>"), "{}", outage.text);
    visitor.headers.insert("accept", "application/json");
    assert_eq!(
        visitor.get("/").await.text,
        r#"{"error":"session store unavailable"}"#
    );
    store.come_up();
    assert_eq!(visitor.get("/").await.text, "tea");
}

#[tokio::test]
async fn your_own_store_passes_the_suite_and_serves() {
    let make = async || Arc::new(cookbook::own_store::OwnStore::default()) as Arc<dyn Store>;
    store_suite("own, cookbook", make).await;
    let app = cookbook::own_error::on(cookbook::own_store::OwnStore::default());
    let mut visitor = Browser::new(app.unwrap());
    visitor.post("/choose", "").await;
    assert_eq!(visitor.get("/").await.text, "tea");
}
