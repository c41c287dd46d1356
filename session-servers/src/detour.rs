use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A way to a server whose connections break when a test says so.
#[derive(Debug)]
pub struct Detour {
    port: u16,
    next: Next,
}

/// Where a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// What the client sends next does not reach the server.
    BeforeItIsDone,
    /// What the client sends next is done, and the answer does not reach the client.
    BeforeItIsAnswered,
}

type Next = Arc<Mutex<Option<Cut>>>;

impl Detour {
    /// Leads to a port of 127.0.0.1, until this process ends.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let detour = Self {
            port: listener.local_addr()?.port(),
            next: Next::default(),
        };
        let next = Arc::clone(&detour.next);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                if let Ok(client) = client {
                    let _ = lead(client, server, &next);
                }
            }
        });
        Ok(detour)
    }

    /// Returns the port to connect to instead.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks the connection on which something is sent next.
    pub fn cut(&self, cut: Cut) {
        *locked(&self.next) = Some(cut);
    }

    /// Says whether what was to be cut has been.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        locked(&self.next).is_none()
    }
}

fn locked(next: &Next) -> MutexGuard<'_, Option<Cut>> {
    next.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts to carry what each side says to the other.
fn lead(client: TcpStream, server: TcpStream, next: &Next) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let answers = (server.try_clone()?, client.try_clone()?);
    // The answer to this is not carried any more.
    let asked = Next::default();
    let (next, awaited) = (Arc::clone(next), Arc::clone(&asked));
    thread::spawn(move || {
        carry(client, server, || {
            let cut = locked(&next).take();
            if cut == Some(Cut::BeforeItIsAnswered) {
                *locked(&asked) = cut;
            }
            cut == Some(Cut::BeforeItIsDone)
        });
    });
    thread::spawn(move || carry(answers.0, answers.1, || locked(&awaited).is_some()));
    Ok(())
}

/// Carries bytes until one side ends, or it is to break with what came last.
fn carry(mut from: TcpStream, mut to: TcpStream, breaks: impl Fn() -> bool) {
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
