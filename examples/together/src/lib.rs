//! Tests of all showcase servers on one store, and of the README, whose snippets are this crate's
//! doctests.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
