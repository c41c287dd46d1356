use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// Returns a port of 127.0.0.1 that is free, and that this process has not been given before.
///
/// # Panics
///
/// There is none.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        // A Redis Cluster node listens on its port and on the one 10,000 above.
        if port < 50_000 && given.insert(port) {
            return port;
        }
        drop(listener);
    }
}
