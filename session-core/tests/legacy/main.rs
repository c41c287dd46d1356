//! Sessions of another library, as requests with its cookie have them adopted.

#![allow(clippy::unwrap_used)]

mod adoption;
mod cookie;
mod site;
