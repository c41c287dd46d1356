//! Tests of an application's handlers, and test suites for session stores and framework adapters.
//!
//! An application is tested with [`app`]: a signed-in browser in one line, a clock that the test moves, a store that fails.
//!
//! A store is correct if it passes [`store_suite`]: one test per store, on the store's own runtime,
//! with a fresh store for each case. [`ModelStore`] is the reference that other stores are compared
//! with. For tests of code above a store, [`SpyStore`] counts calls, and [`FaultyStore`] makes them
//! fail, lose their answers or wait; [`Log`] keeps what is logged, and [`HeaderList`] a response's headers.
//!
//! An adapter is correct if it passes [`http::http_suite`], which tests a whole application from
//! outside.
//!
//! With `SESSION_TESTKIT_REPORT=FILE` in the environment the suites append the result of each case
//! to the file.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod app;
pub mod http;

mod around;
mod faulty;
mod gate;
mod header_list;
mod log;
mod model;
mod plain_keys;
mod report;
mod spy;
mod store_delete;
mod store_end;
mod store_fixture;
mod store_insert;
mod store_move;
mod store_owners;
mod store_races;
mod store_random;
mod store_records;
mod store_refusals;
mod store_replace;
mod store_suite;
mod store_tags;
mod store_touch;
mod store_walk;

pub use around::{Around, Wrapped};
pub use faulty::FaultyStore;
pub use gate::Gate;
pub use header_list::HeaderList;
pub use log::Log;
pub use model::ModelStore;
pub use spy::{Calls, SpyStore};
pub use store_fixture::{digest_of, key_of, moment_at, record_of};
pub use store_suite::{StoreCase, store_cases, store_suite};
