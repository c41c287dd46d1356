use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A proxy in front of a server that breaks a connection when a test says so.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    next: Plan,
    spoiled: Spoiled,
}

/// The moment at which a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The next request does not reach the server.
    BeforeRequest,
    /// The next request is carried out, and its response does not reach the client.
    BeforeResponse,
}

/// What happens to the next requests.
type Plan = Arc<Mutex<VecDeque<Option<Cut>>>>;

/// What is wrong with the connections that exist, while new ones are right.
#[derive(Debug, Clone)]
pub enum Spoil {
    /// Requests and responses vanish, as behind a firewall that has forgotten the connection.
    Silent,
    /// Each request is answered with these bytes, and does not reach the server.
    Answered(Vec<u8>),
}

/// The number of connections so far, and what is wrong with the earlier ones.
type Spoiled = Arc<Mutex<(u64, Option<(u64, Spoil)>)>>;

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
            next: Plan::default(),
            spoiled: Spoiled::default(),
        };
        let (next, spoiled) = (Arc::clone(&proxy.next), Arc::clone(&proxy.spoiled));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                if let Ok(client) = client {
                    let _ = forward(client, server, &next, &spoiled);
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
        self.plan([Some(cut)]);
    }

    /// Decides on the next requests, one after the other, whichever connections they are sent on; on
    /// nothing after those.
    pub fn plan(&self, cuts: impl IntoIterator<Item = Option<Cut>>) {
        *locked(&self.next) = cuts.into_iter().collect();
    }

    /// Spoils the connections that exist now.
    pub fn spoil(&self, spoil: Spoil) {
        let mut spoiled = locked(&self.spoiled);
        spoiled.1 = Some((spoiled.0, spoil));
    }

    /// Returns the number of connections so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        locked(&self.spoiled).0
    }

    /// Says whether the last [`cut`](Self::cut) or [`plan`](Self::plan) has happened.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        locked(&self.next).is_empty()
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts to forward bytes in both directions.
fn forward(client: TcpStream, server: TcpStream, next: &Plan, spoiled: &Spoiled) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let number = {
        let mut spoiled = locked(spoiled);
        spoiled.0 += 1;
        spoiled.0
    };
    let (next, spoiled) = (Arc::clone(next), Arc::clone(spoiled));
    let spoil = move || match &locked(&spoiled).1 {
        Some((last, spoil)) if number <= *last => Some(spoil.clone()),
        _ => None,
    };
    let responses = (server.try_clone()?, client.try_clone()?);
    let mut answers = client.try_clone()?;
    // Set once the response to this connection's last request is to be lost.
    let lost = Arc::new(Mutex::new(false));
    let awaited = Arc::clone(&lost);
    let is_spoiled = spoil.clone();
    thread::spawn(move || {
        copy(client, server, || {
            match spoil() {
                None => {}
                Some(Spoil::Silent) => return Fate::Vanishes,
                Some(Spoil::Answered(bytes)) => {
                    let _ = answers.write_all(&bytes);
                    return Fate::Vanishes;
                }
            }
            let cut = locked(&next).pop_front().flatten();
            *locked(&lost) |= cut == Some(Cut::BeforeResponse);
            Fate::breaks_if(cut == Some(Cut::BeforeRequest))
        });
    });
    thread::spawn(move || {
        copy(responses.0, responses.1, || {
            if is_spoiled().is_some() {
                return Fate::Vanishes;
            }
            Fate::breaks_if(*locked(&awaited))
        });
    });
    Ok(())
}

/// What happens to the bytes that were just read.
#[derive(PartialEq)]
enum Fate {
    Arrives,
    Vanishes,
    /// They are lost with the connection.
    Breaks,
}

impl Fate {
    fn breaks_if(condition: bool) -> Self {
        if condition {
            Self::Breaks
        } else {
            Self::Arrives
        }
    }
}

/// Copies bytes until one side ends or the connection breaks.
fn copy(mut from: TcpStream, mut to: TcpStream, mut fate: impl FnMut() -> Fate) {
    let mut bytes = vec![0; 65_536];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        let fate = if count == 0 { Fate::Breaks } else { fate() };
        if fate == Fate::Vanishes {
            continue;
        }
        if fate == Fate::Breaks || to.write_all(&bytes[..count]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
}
