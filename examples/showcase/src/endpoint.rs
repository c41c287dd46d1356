use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

/// The address to listen on.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint(SocketAddr);

impl Endpoint {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Returns the address from the command line, whose port may be 0.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// Prints the server's address, once it listens.
    ///
    /// # Errors
    ///
    /// Writing to stdout failed.
    pub fn announce(self, bound: SocketAddr) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "listening on http://{bound}")?;
        out.flush()
    }

    /// Adds the address to an error of binding it.
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
