use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use session_store::BlockingStore;
use showcase::{App, StopFlag};

use crate::connection::{self, Limits};
use crate::seats::Seats;
use crate::site::Site;

/// The limit on threads: more than any test needs, few enough for any machine.
const CONNECTIONS: usize = 512;
/// The pause after an `accept` that failed, such as for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections, each on its own thread, until the flag is raised; then waits for the open
/// ones.
pub(crate) fn serve(app: App, store: BlockingStore, listener: TcpListener, stop: &StopFlag) {
    let site = Arc::new(Site::new(app, store));
    let seats = Seats::new(CONNECTIONS);
    loop {
        let seat = seats.take();
        let accepted = listener.accept();
        if stop.is_raised() {
            break;
        }
        let site = Arc::clone(&site);
        let served = accepted.and_then(|(stream, _)| {
            thread::Builder::new()
                .name("connection".into())
                .spawn(move || {
                    connection::serve(&site, stream, Limits::default());
                    drop(seat);
                })
        });
        if let Err(error) = served {
            tracing::warn!(%error, "a connection could not be served");
            thread::sleep(PAUSE);
        }
    }
    // From here on new connections are refused.
    drop(listener);
    seats.close();
}
