//! The suite of all stores, and what Django's table has no form for.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use session_store::DjangoStore;
use session_testkit::store_cases;

/// The cases that do not apply, each with the reason.
const EXCEPT: [(&str, &str); 3] = [
    (
        "data_comes_back_byte_for_byte",
        "Django reads bytes as Latin-1, so that what is not ASCII is stored with escapes",
    ),
    (
        "data_that_is_no_json_comes_back",
        "the values share one JSON object with the owner and the lifetime",
    ),
    (
        "every_expiry_comes_back",
        "Django can't save a lifetime of a million years; here it becomes a thousand",
    ),
];

/// Runs each case on an empty store.
pub async fn passes(name: &str, make: impl AsyncFn() -> DjangoStore) {
    for (except, _) in EXCEPT {
        let is_there = store_cases().iter().any(|case| case.name() == except);
        assert!(is_there, "{except}");
    }
    let mut failed = Vec::new();
    for case in store_cases() {
        let store = make().await;
        let run = AssertUnwindSafe(case.run(Arc::new(store.clone()))).catch_unwind();
        let has_passed = run.await.is_ok();
        let applies = !EXCEPT.iter().any(|(except, _)| *except == case.name());
        if has_passed != applies {
            failed.push(case.name());
        }
        store.close().await;
    }
    assert!(failed.is_empty(), "{name}: {failed:#?}");
}
