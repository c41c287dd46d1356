//! Tests of the adapter through real routers.
#![allow(clippy::unwrap_used)]

mod cost;
mod cut_off;
mod endings;
mod errors;
mod extraction;
mod headers;
mod several;
mod support;
