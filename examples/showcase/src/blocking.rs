use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_store::BlockingStore;
use tokio::task::spawn_blocking;

use crate::{App, run};

/// A flag that asks a blocking server to stop.
///
/// Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks the server to stop; for tests.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Returns whether to stop; check it after every accepted connection.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Runs the showcase as [`run`] does, on a server that blocks.
///
/// `serve` has its own thread; signals and shutdown run beside it. Once the flag is
/// raised, this function opens a last connection, so that `accept` returns.
pub fn run_blocking(
    server: &'static str,
    serve: impl FnOnce(App, BlockingStore, TcpListener, &StopFlag) + Send + 'static,
) -> ExitCode {
    run(server, |app, listener, stop| async move {
        listener.set_nonblocking(false)?;
        let address = reachable(listener.local_addr()?);
        let store = BlockingStore::new(Arc::clone(app.sessions().store()));
        let store = store.map_err(io::Error::other)?;
        let flag = StopFlag::default();
        let raised = flag.clone();
        tokio::spawn(async move {
            stop.await;
            raised.raise();
            // If the connection fails, the grace time ends the wait.
            let knock = move || TcpStream::connect_timeout(&address, Duration::from_secs(1));
            let _ = spawn_blocking(knock).await;
        });
        spawn_blocking(move || serve(app, store, listener, &flag))
            .await
            .map_err(io::Error::other)
    })
}

/// Returns an address that reaches the listener, also if it listens on every address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_reached_on_this_machine() {
        for (bound, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:80", "127.0.0.2:80"),
        ] {
            let bound: SocketAddr = bound.parse().unwrap();
            assert_eq!(reachable(bound).to_string(), reached);
        }
    }
}
