//! The test suites that session stores and framework adapters pass.
//!
//! A store is right when [`store_suite`] says so: one test per store, on the store's own runtime,
//! with a fresh store for each case. [`ModelStore`] is the shortest right store, and the one that
//! others are compared with. [`SpyStore`] counts calls and [`FaultyStore`] makes them fail, lose
//! their answers or wait, for tests of what lies above a store.
//!
//! With `SESSION_TESTKIT_REPORT=FILE` in the environment the suites append to that file how each
//! case went.
//!
//! An adapter is right when [`http::http_suite`] says so, which drives a whole application from
//! outside.

pub mod http;

mod faulty;
mod gate;
mod model;
mod report;
mod spy;
mod store_delete;
mod store_end;
mod store_fixture;
mod store_insert;
mod store_owners;
mod store_races;
mod store_random;
mod store_records;
mod store_refusals;
mod store_replace;
mod store_suite;
mod store_touch;

pub use faulty::FaultyStore;
pub use gate::Gate;
pub use model::ModelStore;
pub use spy::{Calls, SpyStore};
pub use store_fixture::{digest_of, key_of, moment_at, record_of};
pub use store_suite::{StoreCase, store_cases, store_suite};
