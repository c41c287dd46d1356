use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A connection on which everything ends in time.
///
/// A socket's own time-outs start anew with every byte, so a client that sends one now and then
/// would hold a thread for ever. Here a whole phase has a limit.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// Takes a connection, whose first phase begins.
    pub(crate) fn new(stream: TcpStream, limit: Duration) -> Self {
        // It only makes the last packet wait, so failing to set it fails nothing.
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

    /// Says that everything is sent, and waits until the client has noticed, or for the limit.
    ///
    /// A socket that is closed with unread bytes in it is reset, and the reset may overtake the
    /// response. (RFC 9112, 9.6.)
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
