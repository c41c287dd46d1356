//! A Django site and a Rust service behind one address: `django-bridge`.

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn a_visitor_signs_in_at_djangos_form_and_is_known_in_rust(stage: &Stage) {
    let (server, profile) = (stage.bridge(), stage.profile("one"));
    let visitor = stage.visit(&server, &profile).await;
    assert_eq!(
        visitor.text("#side").await,
        "This page is Rust's. Django's cart"
    );
    assert!(!visitor.shows("#user").await);
    // What an anonymous visitor put into the cart is kept at the login.
    add(&visitor, "tea").await;
    sign_in(&visitor).await;
    assert_eq!(
        user_and_cart(&visitor).await,
        ("demo".into(), vec!["tea".into()])
    );

    // Each side adds to what the other has.
    visitor.press("a[href='/cart/']").await;
    assert!(
        visitor
            .text("#side")
            .await
            .starts_with("This page is Django's.")
    );
    add(&visitor, "milk").await;
    assert_eq!(visitor.texts("#messages li").await, ["milk is in the cart"]);
    visitor.go_home().await;
    add(&visitor, "bread").await;
    visitor.press("a[href='/cart/']").await;
    let cart = ["tea", "milk", "bread"].map(str::to_owned).to_vec();
    assert_eq!(user_and_cart(&visitor).await, ("demo".into(), cart));
}

pub async fn a_logout_in_rust_is_one_in_django(stage: &Stage) {
    let (server, profile) = (stage.bridge(), stage.profile("one"));
    let visitor = stage.visit(&server, &profile).await;
    sign_in(&visitor).await;
    visitor.press("#logout-form button").await;
    assert!(!visitor.shows("#user").await);
    visitor.press("a[href='/cart/']").await;
    assert!(
        visitor
            .text("#side")
            .await
            .starts_with("This page is Django's.")
    );
    assert!(!visitor.shows("#user").await);
}

pub async fn a_logout_in_django_is_one_in_rust(stage: &Stage) {
    let (server, profile) = (stage.bridge(), stage.profile("one"));
    let visitor = stage.visit(&server, &profile).await;
    sign_in(&visitor).await;
    visitor.press("a[href='/cart/']").await;
    visitor.press("#logout-form button").await;
    assert_eq!(
        visitor.text("#side").await,
        "This page is Rust's. Django's cart"
    );
    assert!(!visitor.shows("#user").await);
}

pub async fn a_message_of_django_waits_while_rust_changes_the_session(stage: &Stage) {
    let (server, profile) = (stage.bridge(), stage.profile("one"));
    let visitor = stage.visit(&server, &profile).await;
    sign_in(&visitor).await;
    visitor.press("a[href='/cart/']").await;
    // The page after this is the one that shows the message, so it is fetched after a change in Rust.
    let item = "fetch('/cart/add/', { method: 'POST', redirect: 'manual', body: new FormData(arguments[0]) })";
    visitor.enter("#item", "milk").await;
    let send = format!(
        "arguments[0] = document.querySelector('#add-form'); return {item}.then(() => true)"
    );
    visitor.script(&send).await;
    visitor.go_home().await;
    add(&visitor, "bread").await;
    visitor.press("a[href='/cart/']").await;
    assert_eq!(visitor.texts("#messages li").await, ["milk is in the cart"]);
    visitor.reload().await;
    assert_eq!(visitor.count("#messages li").await, 0);
}

async fn sign_in(visitor: &Visitor) {
    visitor.press("#login").await;
    visitor.enter("#id_username", "demo").await;
    visitor.enter("#id_password", "demo-password").await;
    visitor.press("#login-form button").await;
}

async fn add(visitor: &Visitor, item: &str) {
    visitor.enter("#item", item).await;
    visitor.press("#add-form button").await;
}

async fn user_and_cart(visitor: &Visitor) -> (String, Vec<String>) {
    (visitor.text("#user").await, visitor.texts("#cart li").await)
}
