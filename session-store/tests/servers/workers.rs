//! A store in a server whose workers have runtimes of their own.

use super::{SERVER, is_missing};
use crate::workers::a_blocked_worker_holds_up_no_other;
use crate::{Options, SqlStore, cut_connections};

#[test]
fn a_blocked_worker_holds_up_no_other_workers_requests() {
    if is_missing() {
        return;
    }
    // All are served at once, or most wait for one of two connections.
    for connections in [20, 2] {
        let database = SERVER.database().unwrap();
        let options = Options::new(SERVER.url(&database)).connections(connections);
        let cut = || assert!(cut_connections(&SERVER, &database) > 0);
        a_blocked_worker_holds_up_no_other(async || SqlStore::open_with(options).await, cut);
    }
}
