use std::time::Duration;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use super::browser::Answer;
use super::{Faults, Hold};
use crate::Backend;
use crate::sockets::databases::Kind;

/// An application in this process.
pub(super) trait Site {
    /// Sends a GET with a `Cookie` header. Whoever drops the future has gone away.
    fn send<'a>(&'a self, path: &'a str, cookie: &'a str) -> LocalBoxFuture<'a, Answer>;
}

/// What an application is made with.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) backend: Backend,
    /// A session's life without use.
    pub(super) life: Duration,
    pub(super) hold: Hold,
    pub(super) faults: Faults,
}

/// A library, its store, and how both are set up.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) framework: &'static str,
    pub(super) library: &'static str,
    /// The packages whose versions are told.
    pub(super) packages: &'static [&'static str],
    pub(super) store: &'static str,
    pub(super) kind: Kind,
    /// The name of the cookie that has the id.
    pub(super) cookie: &'static str,
    /// Whether the store's calls can be made to fail and to wait.
    pub(super) has_calls: bool,
    /// Whether the server goes on with a request whose client has gone, so that it cannot be cut off.
    pub(super) finishes: bool,
    /// What is not the default.
    pub(super) configuration: &'static str,
    pub(super) make: fn(Setting) -> LocalBoxFuture<'static, Result<Box<dyn Site>>>,
}
