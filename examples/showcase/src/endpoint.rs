use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint(SocketAddr);

impl Endpoint {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Returns the address that the command line asks for, whose port may be 0.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// Says on stdout where the server listens, once it does.
    ///
    /// # Errors
    ///
    /// There is no stdout.
    pub fn announce(self, bound: SocketAddr) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "listening on http://{bound}")?;
        out.flush()
    }

    /// Puts the address before the reason why nobody can listen there.
    #[must_use]
    pub fn refused(self, reason: &io::Error) -> io::Error {
        io::Error::new(reason.kind(), format!("{}: {reason}", self.0))
    }

    /// Binds the address and announces it.
    pub(crate) fn listen(self) -> io::Result<TcpListener> {
        let bind = || {
            let listener = TcpListener::bind(self.0)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = bind().map_err(|error| self.refused(&error))?;
        self.announce(listener.local_addr()?)?;
        Ok(listener)
    }
}
