//! The cost of a request, in store calls and allocations.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, fn_service};
use actix_web::{Error, HttpMessage, HttpResponse};
use session_testkit::Calls;

use crate::support::{Kept, Site, request};

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

#[actix_web::test]
async fn an_untouched_session_costs_nothing() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    for cookie in ["", &cookie] {
        let seen = site.get("/untouched", cookie).await;
        assert_eq!(seen.body, "nothing");
        for header in ["set-cookie", "vary", "cache-control"] {
            assert_eq!(seen.all(header), [""; 0]);
        }
    }
    assert_eq!(site.kept.spy.take(), NONE);
}

#[actix_web::test]
async fn reading_costs_one_load() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    let seen = site.get("/read", &cookie).await;
    assert_eq!(seen.body, "1");
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(site.kept.spy.take(), Calls { load: 1, ..NONE });
}

#[actix_web::test]
async fn reading_without_a_cookie_costs_nothing() {
    let site = Site::usual().await;
    site.get("/read", "").await;
    assert_eq!(site.kept.spy.take(), NONE);
}

#[actix_web::test]
async fn an_unknown_cookie_costs_one_load_and_leaves_no_row() {
    let site = Site::usual().await;
    let unknown = format!("session={}", "a".repeat(48));
    let seen = site.get("/read", &unknown).await;
    assert_eq!(seen.set_cookies(), [""; 0]);
    assert_eq!(site.kept.spy.take(), Calls { load: 1, ..NONE });
    assert!(site.kept.memory.is_empty());
}

#[actix_web::test]
async fn creating_costs_one_insert() {
    let site = Site::usual().await;
    site.post("/write", "").await.cookie();
    assert_eq!(site.kept.spy.take(), Calls { insert: 1, ..NONE });
}

#[actix_web::test]
async fn writing_costs_a_load_and_a_replace() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    site.post("/write", &cookie).await;
    let expected = Calls {
        load: 1,
        replace: 1,
        ..NONE
    };
    assert_eq!(site.kept.spy.take(), expected);
}

#[actix_web::test]
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
    assert_eq!(site.kept.spy.take(), expected);
}

#[actix_web::test]
async fn logging_out_costs_one_delete() {
    let site = Site::usual().await;
    let cookie = site.visitor().await;
    site.post("/logout", &cookie).await;
    assert_eq!(site.kept.spy.take(), Calls { delete: 1, ..NONE });
    assert!(site.kept.memory.is_empty());
}

#[actix_web::test]
async fn an_untouched_session_allocates_its_handle_and_its_slot_only() {
    let request = request("GET", "/", &format!("session={}", "a".repeat(48))).to_srv_request();
    // Other entries are there already, so the map's own allocation does not count.
    request.extensions_mut().insert(());
    let response = Rc::new(Cell::new(Some(HttpResponse::Ok().finish())));
    let answer = move |request: ServiceRequest| -> Ready<Result<ServiceResponse, Error>> {
        ready(Ok(request.into_response(response.take().unwrap())))
    };
    let middleware = Kept::new().middleware();
    let service = middleware.new_transform(fn_service(answer)).await.unwrap();
    let mut request = Some(request);
    let counted = allocation_counter::measure(|| {
        let mut future = pin!(service.call(request.take().unwrap()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(
            future.as_mut().poll(&mut context),
            Poll::Ready(Ok(_))
        ));
    });
    assert_eq!(counted.count_total, 2);
}
