//! Tests of the adapter through real applications.
#![allow(clippy::unwrap_used)]

mod cost;
mod endings;
mod errors;
mod extraction;
mod guards;
mod headers;
mod inner_errors;
mod several;
mod support;
mod wrapping;
