//! The cost of a request, in store calls.

use rocket::http::Method;
use session_testkit::Calls;

use crate::support::{Site, send};

const NONE: Calls = Calls {
    load: 0,
    insert: 0,
    replace: 0,
    touch: 0,
    delete: 0,
    sweep: 0,
    devices: 0,
    revoke: 0,
    walk: 0,
    check: 0,
};

#[tokio::test]
async fn an_untouched_session_costs_nothing() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    for cookie in ["", &cookie] {
        for (path, status) in [("/untouched", 200), ("/nowhere", 404)] {
            let seen = site.get(path, cookie).await;
            assert_eq!(seen.status, status);
            for header in ["set-cookie", "vary", "cache-control"] {
                assert_eq!(seen.all(header), [""; 0]);
            }
        }
    }
    assert_eq!(site.spy.take(), NONE);
}

#[tokio::test]
async fn reading_costs_one_load() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    for method in [Method::Get, Method::Head] {
        let seen = send(&site.client, method, "/read", &cookie).await;
        assert_eq!(seen.status, 200);
        assert_eq!(seen.set_cookies(), [""; 0]);
        assert_eq!(seen.all("vary"), ["Cookie"]);
        assert_eq!(site.spy.take(), Calls { load: 1, ..NONE }, "{method}");
    }
}

#[tokio::test]
async fn reading_without_a_cookie_costs_nothing() {
    let site = Site::usual().await;
    site.get("/read", "").await;
    assert_eq!(site.spy.take(), NONE);
}

#[tokio::test]
async fn an_unknown_cookie_costs_one_load_and_leaves_no_row() {
    let site = Site::usual().await;
    let unknown = format!("session={}", "a".repeat(48));
    let seen = site.get("/read", &unknown).await;
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(site.spy.take(), Calls { load: 1, ..NONE });
    assert!(site.memory.is_empty());
}

#[tokio::test]
async fn creating_costs_one_insert() {
    let site = Site::usual().await;
    site.post("/write", "").await.cookie();
    assert_eq!(site.spy.take(), Calls { insert: 1, ..NONE });
}

#[tokio::test]
async fn writing_costs_a_load_and_a_replace() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    site.post("/write", &cookie).await;
    let expected = Calls {
        load: 1,
        replace: 1,
        ..NONE
    };
    assert_eq!(site.spy.take(), expected);
}

#[tokio::test]
async fn signing_in_costs_a_load_an_insert_and_a_replace_of_the_old_session() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    assert_ne!(site.post("/sign-in", &cookie).await.cookie(), cookie);
    let expected = Calls {
        load: 1,
        insert: 1,
        replace: 1,
        ..NONE
    };
    assert_eq!(site.spy.take(), expected);
}

#[tokio::test]
async fn logging_out_costs_one_delete() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    site.post("/logout", &cookie).await;
    assert_eq!(site.spy.take(), Calls { delete: 1, ..NONE });
    assert!(site.memory.is_empty());
}
