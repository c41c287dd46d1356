use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A proxy in front of a server that breaks a connection when a test says so.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    next: Next,
}

/// The moment at which a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The next request does not reach the server.
    BeforeRequest,
    /// The next request is carried out, and its response does not reach the client.
    BeforeResponse,
}

type Next = Arc<Mutex<Option<Cut>>>;

impl FaultProxy {
    /// Starts a proxy to a port of 127.0.0.1, which runs until this process ends.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let proxy = Self {
            port: listener.local_addr()?.port(),
            next: Next::default(),
        };
        let next = Arc::clone(&proxy.next);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                if let Ok(client) = client {
                    let _ = forward(client, server, &next);
                }
            }
        });
        Ok(proxy)
    }

    /// Returns the proxy's own port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks the connection on which the next request is sent.
    pub fn cut(&self, cut: Cut) {
        *locked(&self.next) = Some(cut);
    }

    /// Says whether the last [`cut`](Self::cut) has happened.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        locked(&self.next).is_none()
    }
}

fn locked(next: &Next) -> MutexGuard<'_, Option<Cut>> {
    next.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts to forward bytes in both directions.
fn forward(client: TcpStream, server: TcpStream, next: &Next) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let responses = (server.try_clone()?, client.try_clone()?);
    // Set once the response to this connection's last request is to be lost.
    let lost = Next::default();
    let (next, awaited) = (Arc::clone(next), Arc::clone(&lost));
    thread::spawn(move || {
        copy(client, server, || {
            let cut = locked(&next).take();
            if cut == Some(Cut::BeforeResponse) {
                *locked(&lost) = cut;
            }
            cut == Some(Cut::BeforeRequest)
        });
    });
    thread::spawn(move || copy(responses.0, responses.1, || locked(&awaited).is_some()));
    Ok(())
}

/// Copies bytes until one side ends or `breaks` says that the last bytes are to be lost.
fn copy(mut from: TcpStream, mut to: TcpStream, breaks: impl Fn() -> bool) {
    let mut bytes = vec![0; 65_536];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        if count == 0 || breaks() || to.write_all(&bytes[..count]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
}
