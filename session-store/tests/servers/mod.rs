//! Tests that every store on a database server has to pass.
//!
//! The crate that includes them names the store (`SqlStore`, `Options`), its server (`Server`) and
//! the SQL that differs.

mod browser;
mod connections;
pub mod costs;
mod estimates;
mod limits;
mod outages;
mod pools;
mod processes;
mod races;
mod rights;
mod rows;
mod suite;
mod tables;
mod upkeep;
mod versions;
mod workers;

use std::sync::LazyLock;

use session_servers::skips;

pub use self::suite::passes;
use crate::{Server, SqlStore};

/// The server of all tests that leave it running.
pub static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().unwrap());

/// Says whether the server is not installed, and the current test has to end.
pub fn is_missing() -> bool {
    let thread = std::thread::current();
    skips(thread.name().unwrap_or("a test"), &Server::PROGRAMS)
}

/// Returns the URL of an empty database.
pub fn fresh_url() -> String {
    SERVER.url(&SERVER.database().unwrap())
}

/// Opens a store in an empty database; `None` if the server is not installed.
async fn fresh_store() -> Option<SqlStore> {
    if is_missing() {
        return None;
    }
    Some(SqlStore::open(fresh_url()).await.unwrap())
}
