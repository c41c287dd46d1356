use std::sync::Arc;
use std::time::Duration;

use cookbook::accounts::Accounts;
use cookbook::{sudo, two_step};
use session_core::{ManualClock, Policy, Sessions, time::OffsetDateTime};
use session_testkit::ModelStore;

use crate::browser::{ADA, Browser};

/// Sessions that a manual clock ends.
fn sessions() -> (Arc<ManualClock>, Sessions) {
    let clock = Arc::new(ManualClock::new(OffsetDateTime::UNIX_EPOCH));
    let policy = Policy::builder().insecure().clock(Arc::clone(&clock));
    let sessions = Sessions::new(policy.build().unwrap(), ModelStore::new());
    (clock, sessions)
}

#[tokio::test]
async fn a_sensitive_page_asks_for_the_password_again_and_leads_back() {
    let (clock, sessions) = sessions();
    let mut ada = Browser::new(sudo::router(sessions, Accounts::new().unwrap()));
    assert_eq!(ada.get("/keys").await.location(), "/login?next=%2Fkeys");
    ada.post("/login", ADA).await;
    assert_eq!(ada.get("/keys").await.text, "your keys");

    clock.advance(Duration::from_secs(301));
    let stale = ada.get("/keys?all=1").await;
    assert_eq!(
        (stale.status, stale.location()),
        (303, "/confirm?next=%2Fkeys%3Fall%3D1")
    );
    assert_eq!(ada.post("/account/delete", "").await.status, 403);
    let thief = ada.clone();
    let wrong = ada.post(stale.location(), "password=x").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(ada.get("/keys").await.status, 303);
    let confirmed = ada.post(stale.location(), "password=correct+horse").await;
    assert_eq!(confirmed.location(), "/keys?all=1");
    assert_eq!(ada.get("/keys").await.text, "your keys");
    assert_eq!(
        thief.clone().get("/keys").await.status,
        303,
        "the id from before is not fresh"
    );
    assert_eq!(ada.post("/account/delete", "").await.text, "deleted");
    assert_eq!(ada.get("/keys").await.location(), "/login?next=%2Fkeys");
}

#[tokio::test]
async fn the_return_from_a_provider_counts_once_and_for_who_began() {
    let mut ada = Browser::new(cookbook::oauth::app().unwrap());
    let started = ada.get("/oauth/start").await;
    assert!(started.set_cookie().contains("SameSite=Lax"));
    let state = started
        .location()
        .split_once("state=")
        .unwrap()
        .1
        .to_owned();
    let back = format!("/oauth/callback?state={state}&code=ada");
    let mut victim = ada.other();
    assert_eq!(
        victim.get(&back).await.status,
        400,
        "a login that somebody else has begun"
    );
    assert_eq!(
        ada.get("/oauth/callback?state=x&code=eve").await.status,
        400
    );
    assert_eq!(
        ada.get(&back).await.status,
        400,
        "a wrong state has used it up"
    );

    let state = ada
        .get("/oauth/start")
        .await
        .location()
        .split_once("state=")
        .unwrap()
        .1
        .to_owned();
    let back = format!("/oauth/callback?state={state}&code=ada");
    ada.headers.insert("sec-fetch-site", "cross-site");
    assert_eq!(ada.get(&back).await.location(), "/");
    assert_eq!(ada.get("/").await.text, "ada");
    assert_eq!(ada.get("/").await.text, "ada", "the session has a stamp");
    assert_eq!(ada.get(&back).await.status, 400);
}

#[tokio::test]
async fn a_passkeys_answer_is_good_once() {
    let mut ada = Browser::new(cookbook::passkey::app().unwrap());
    let challenge = ada.send("POST", "/passkey/begin", "", "").await.text;
    let answer = format!(r#"{{"challenge":"{challenge}"}}"#);
    let mut stolen = ada.clone();
    let finish = async |browser: &mut Browser, answer: &str| {
        browser
            .send("POST", "/passkey/finish", "application/json", answer)
            .await
            .status
    };
    assert_eq!(finish(&mut ada.other(), &answer).await, 400);
    assert_eq!(finish(&mut ada, &answer).await, 204);
    assert_eq!(ada.get("/").await.text, "ada");
    assert_eq!(finish(&mut ada, &answer).await, 400, "a replay");
    assert_ne!(
        finish(&mut stolen, &answer).await,
        204,
        "a replay by the id from before"
    );

    let mut bob = ada.other();
    let challenge = bob.send("POST", "/passkey/begin", "", "").await.text;
    assert_eq!(finish(&mut bob, r#"{"challenge":"x"}"#).await, 401);
    assert_eq!(
        finish(&mut bob, &format!(r#"{{"challenge":"{challenge}"}}"#)).await,
        400
    );
}

#[tokio::test]
async fn an_administrator_acts_as_a_user_and_comes_back_by_the_login() {
    let mut root = Browser::new(cookbook::impersonation::app().unwrap());
    let mut ada = root.other();
    ada.post("/login", ADA).await;
    assert_eq!(ada.post("/as/bob", "").await.status, 403);
    assert_eq!(ada.post("/back", "").await.status, 403);

    let login = "name=root&password=correct+horse";
    root.post("/login", login).await;
    assert_eq!(root.post("/password", "").await.status, 204);
    assert_eq!(root.post("/as/root", "").await.status, 403);
    assert_eq!(root.post("/as/nobody", "").await.status, 404);
    let before = root.clone();
    assert_eq!(root.post("/as/ada", "").await.status, 204);
    assert_eq!(root.get("/").await.text, "ada, really root");
    assert_eq!(root.post("/password", "").await.status, 403);
    assert_eq!(before.clone().get("/").await.text, "nobody");
    let mut thief = root.clone();
    assert_eq!(root.post("/back", "").await.location(), "/login");
    for browser in [&mut root, &mut thief] {
        assert_eq!(browser.get("/").await.text, "nobody");
        assert_eq!(browser.post("/back", "").await.status, 403);
    }
    root.post("/login", login).await;
    assert_eq!(root.get("/").await.text, "root");
    assert_eq!(ada.get("/").await.text, "ada");
}

#[tokio::test]
async fn half_a_login_is_none() {
    let (clock, sessions) = sessions();
    let mut ada = Browser::new(two_step::on(sessions, Accounts::new().unwrap()));
    assert_eq!(ada.post("/login/code", "code=123456").await.status, 400);
    assert_eq!(ada.post("/login", "name=ada&password=x").await.status, 401);
    assert_eq!(ada.post("/login", ADA).await.status, 204);
    assert_eq!(ada.get("/").await.location(), "/login");
    let mut thief = ada.clone();
    assert_eq!(ada.post("/login/code", "code=000000").await.status, 401);
    assert_eq!(ada.post("/login/code", "code=123456").await.status, 204);
    assert_eq!(ada.get("/").await.text, "ada");
    assert_eq!(thief.get("/").await.location(), "/login");
    assert_ne!(thief.post("/login/code", "code=123456").await.status, 204);

    let mut late = ada.other();
    late.post("/login", ADA).await;
    clock.advance(Duration::from_secs(301));
    assert_eq!(late.post("/login/code", "code=123456").await.status, 400);
}

#[tokio::test]
async fn the_tries_at_a_code_are_counted_by_account_and_not_by_session() {
    let (clock, sessions) = sessions();
    let mut guesser = Browser::new(two_step::on(sessions, Accounts::new().unwrap()));
    for status in [401, 401, 401, 401, 401, 429] {
        guesser = guesser.other();
        assert_eq!(guesser.post("/login", ADA).await.status, 204);
        let guess = guesser.post("/login/code", "code=000000").await;
        assert_eq!(guess.status, status);
    }
    assert_eq!(guesser.post("/login/code", "code=123456").await.status, 429);
    let mut bob = guesser.other();
    bob.post("/login", "name=bob&password=correct+horse").await;
    assert_eq!(bob.post("/login/code", "code=123456").await.status, 204);
    clock.advance(Duration::from_secs(301));
    guesser.post("/login", ADA).await;
    assert_eq!(guesser.post("/login/code", "code=123456").await.status, 204);
}
