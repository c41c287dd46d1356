//! Tests of the adapter through real applications.
#![allow(clippy::unwrap_used)]

mod calm;
mod cost;
mod endings;
mod errors;
mod extraction;
mod fresh;
mod guards;
mod headers;
mod inner_errors;
mod own_handlers;
mod several;
mod support;
mod wrapping;
