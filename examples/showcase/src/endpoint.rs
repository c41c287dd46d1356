use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

use session_core::Report;

/// The address to listen on, and what an operator should know once the server does.
#[derive(Debug, Clone)]
pub struct Endpoint {
    address: SocketAddr,
    report: Report,
}

impl Endpoint {
    pub(crate) fn new(address: SocketAddr, report: Report) -> Self {
        let report = report.listening_on(address.ip());
        Self { address, report }
    }

    /// Returns the address from the command line, whose port may be 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Prints the server's address, once it listens, and logs what is not right. (A start that fails is one line.)
    ///
    /// # Errors
    ///
    /// Writing to stdout failed.
    pub fn announce(&self, bound: SocketAddr) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "listening on http://{bound}")?;
        out.flush()?;
        self.report.log();
        Ok(())
    }

    /// Adds the address to an error of binding it.
    #[must_use]
    pub fn refused(&self, reason: &io::Error) -> io::Error {
        io::Error::new(reason.kind(), format!("{}: {reason}", self.address))
    }

    /// Binds the address and announces it.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let bind = || {
            let listener = TcpListener::bind(self.address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = bind().map_err(|error| self.refused(&error))?;
        self.announce(listener.local_addr()?)?;
        Ok(listener)
    }
}
