//! Tests of the adapter through real routers.
#![allow(clippy::unwrap_used)]

mod calm;
mod cost;
mod cut_off;
mod endings;
mod errors;
mod extraction;
mod fresh;
mod headers;
mod own_handlers;
mod several;
mod support;
