//! The adapter, driven through real applications.
#![allow(clippy::unwrap_used)]

mod cost;
mod endings;
mod extraction;
mod guards;
mod headers;
mod inner_errors;
mod places;
mod several;
mod support;
