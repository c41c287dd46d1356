use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// Returns a free port of 127.0.0.1, a different one each time.
///
/// # Panics
///
/// If no port is free.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Outgoing connections have ports above these. A Redis Cluster node also listens on its port
    // plus 10,000.
    let mut ports = (0..COUNT).map(|_| FIRST + random() % COUNT);
    ports
        .find(|port| is_free(*port) && is_free(*port + COUNT) && given.insert(*port))
        .expect("a port is free")
}

const FIRST: u16 = 11_000;
const COUNT: u16 = 10_000;

fn random() -> u16 {
    let [one, other, ..] = RandomState::new().hash_one(()).to_le_bytes();
    u16::from_le_bytes([one, other])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_is_another_one_and_free() {
        let ports: BTreeSet<_> = (0..100).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 100);
        for port in ports {
            assert!((FIRST..FIRST + COUNT).contains(&port), "{port}");
        }
    }
}
