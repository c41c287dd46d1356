use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A connection with time limits.
///
/// A socket's own time-outs restart with every byte, so a slow client could hold a thread for ever.
/// Here a whole phase has one limit.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// Takes a connection and begins its first phase.
    pub(crate) fn new(stream: TcpStream, limit: Duration) -> Self {
        // Without it only the last packet is delayed, so an error does no harm.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            deadline: Instant::now() + limit,
        }
    }

    /// Begins another phase.
    pub(crate) fn allow(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// Says whether the client has closed the connection or its sending half, without waiting for it.
    pub(crate) fn is_left(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let peeked = self.stream.peek(&mut [0]);
        if self.stream.set_nonblocking(false).is_err() {
            return true;
        }
        match peeked {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Closes the sending half, and waits until the client closes too, or for the limit.
    ///
    /// Closing a socket with unread bytes resets it, and the reset may overtake the response.
    /// (RFC 9112, 9.6.)
    pub(crate) fn end(mut self, limit: Duration) {
        self.allow(limit);
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            let _ = io::copy(&mut self, &mut io::sink());
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer).map_err(in_time)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(in_time)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Unix calls a time-out "would block".
fn in_time(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
