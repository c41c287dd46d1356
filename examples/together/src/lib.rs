//! All showcase servers at once on one store, and the README, whose snippets are this crate's
//! doctests; there are only tests here.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
