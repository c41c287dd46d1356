use std::io;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy in front of a server whose connections can be blocked.
pub(crate) struct Proxy {
    port: u16,
    way: watch::Sender<Way>,
}

/// The state of the connections through a [`Proxy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Old and new connections are closed.
    Closed,
    /// Connections stay open without forwarding, like after a pulled cable.
    Stuck,
}

impl Proxy {
    /// Starts a proxy to a port of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (way, watched) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, port, watched.clone()));
            }
        });
        Self { port: own, way }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Forwards a connection until the state changes; one that was stuck is closed after that.
async fn pass(mut stream: TcpStream, port: u16, mut way: watch::Receiver<Way>) -> io::Result<()> {
    let is = *way.borrow_and_update();
    if is == Way::Open {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
        for one in [&stream, &server] {
            one.set_nodelay(true)?;
        }
        tokio::select! {
            _ = copy_bidirectional(&mut stream, &mut server) => return Ok(()),
            _ = way.changed() => {}
        }
        let is = *way.borrow_and_update();
        if is == Way::Stuck {
            // Both sides stay open.
            let _ = way.changed().await;
        }
        return Ok(());
    }
    if is == Way::Stuck {
        let _ = way.changed().await;
    }
    Ok(())
}
