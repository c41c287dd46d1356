use std::fmt;

use anyhow::Result;
use session_costs::{Entry, Family, Role, Subject};

use crate::Backend;

/// A library on a framework, with all that it keeps sessions in. We are one as well.
#[derive(Clone, Copy)]
#[allow(clippy::exhaustive_structs)]
pub struct Peer {
    /// Its name in tables.
    pub name: &'static str,
    /// The framework.
    pub family: Family,
    /// Whether it is a peer, ours, or a framework without sessions.
    pub role: Role,
    /// Makes an application to be called in process, whose sessions are in memory.
    pub subject: fn() -> Result<Box<dyn Subject>>,
    /// Says whether it has a store for the backend, in this process's machine.
    pub has: fn(&Backend) -> bool,
    /// Makes an application that threads share.
    pub share: Option<fn() -> Result<Shared>>,
    /// Serves an application until the process ends; each read extends the session's life if `sliding`.
    pub serve: fn(Served) -> Result<()>,
}

/// Makes subjects of one application, each with a session of its own; threads call it. What they share is what the
/// framework's threads do: the application on axum, the store on actix-web and Rocket.
pub type Shared = Box<dyn Fn() -> Result<Box<dyn Subject>> + Sync>;

/// What to serve.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Served {
    /// Where to listen, once the store is ready.
    pub port: u16,
    /// Where the sessions are kept.
    pub backend: Backend,
    /// Whether each read extends the session's life.
    pub sliding: bool,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Peer {
    /// Returns it as an entry of the measurements in process.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            name: self.name,
            family: self.family,
            role: self.role,
            make: self.subject,
        }
    }
}
