use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use socket2::SockRef;

use super::{App, BoxError, Hangup, Request, Response};

/// An application behind a TCP port, over HTTP/1.1, with or without a runtime.
///
/// Every request has its own connection and thread, so that requests overlap. The bytes of header
/// values are sent unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Socket {
    address: SocketAddr,
}

impl Socket {
    /// Creates an application at this address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    fn exchange(self, request: &Request) -> io::Result<Response> {
        let mut stream = self.begin(request)?;
        let mut bytes = Vec::new();
        // A server that panics may reset the connection; the bytes before that still count.
        let ended = stream.read_to_end(&mut bytes);
        match parse(&bytes, request.method == "HEAD") {
            Some(response) => Ok(response),
            None => Err(ended.err().unwrap_or_else(|| {
                let message = format!("the connection was closed after {} bytes", bytes.len());
                io::Error::new(io::ErrorKind::UnexpectedEof, message)
            })),
        }
    }

    /// Sends a request, and returns its connection with the answer still to be read.
    ///
    /// # Errors
    ///
    /// Nobody listens, or the request can't be sent.
    pub fn begin(&self, request: &Request) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&self.head(request))?;
        stream.write_all(&request.body)?;
        Ok(stream)
    }

    /// Reads a whole response to anything but `HEAD` from its bytes; `None` if it is cut off or malformed.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Response> {
        parse(bytes, false)
    }

    fn hang_up(self, request: &Request, hangup: Hangup) -> io::Result<()> {
        let mut stream = self.begin(request)?;
        // The server has read the request once it answers another connection.
        let meanwhile = Request::new("GET", "/api/untouched");
        self.exchange(&meanwhile)?;
        match hangup {
            Hangup::Close => stream.shutdown(Shutdown::Both),
            Hangup::Reset => SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
            Hangup::HalfClose => {
                stream.shutdown(Shutdown::Write)?;
                // Some servers answer all the same, others close.
                let _ = stream.read_to_end(&mut Vec::new());
                Ok(())
            }
        }
    }

    fn head(self, request: &Request) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            request.method, request.target, self.address
        )
        .into_bytes();
        for (name, value) in &request.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        if !matches!(request.method, "GET" | "HEAD") || !request.body.is_empty() {
            let length = format!("content-length: {}\r\n", request.body.len());
            head.extend_from_slice(length.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

#[async_trait]
impl App for Socket {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        let socket = *self;
        Ok(on_a_thread(move || socket.exchange(&request)).await?)
    }

    async fn abort(&self, request: Request, hangup: Hangup) -> Result<(), BoxError> {
        let socket = *self;
        Ok(on_a_thread(move || socket.hang_up(&request, hangup)).await?)
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let mailbox = Mailbox::new();
    let sender = mailbox.clone();
    std::thread::spawn(move || sender.put(work()));
    mailbox.taken().await
}

/// The slot for a thread's one result, for which a future waits.
struct Mailbox<T>(Arc<Mutex<Post<T>>>);

struct Post<T> {
    result: Option<io::Result<T>>,
    waiting: Option<Waker>,
}

impl<T> Mailbox<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Post {
            result: None,
            waiting: None,
        })))
    }

    fn put(&self, result: io::Result<T>) {
        let waiting = {
            let mut post = self.post();
            post.result = Some(result);
            post.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    async fn taken(&self) -> io::Result<T> {
        poll_fn(|context| {
            let mut post = self.post();
            if let Some(result) = post.result.take() {
                return Poll::Ready(result);
            }
            post.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn post(&self) -> MutexGuard<'_, Post<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Parses a response; `None` if it is cut off or malformed.
fn parse(bytes: &[u8], is_head: bool) -> Option<Response> {
    let end = find(bytes, b"\r\n\r\n")?;
    let mut lines = bytes[..end].split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let status = first.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let mut response = Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    };
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        let value = line[colon + 1..].trim_ascii();
        response.headers.push((name.into(), value.into()));
    }
    let body = &bytes[end + 4..];
    let chunked = response
        .values("transfer-encoding")
        .any(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    let length = response
        .values("content-length")
        .next()
        .and_then(|length| std::str::from_utf8(length).ok()?.parse::<usize>().ok());
    response.body = if is_head {
        body.to_vec()
    } else if chunked {
        unchunk(body)?
    } else {
        match length {
            Some(length) => body.get(..length)?.to_vec(),
            None => body.to_vec(),
        }
    };
    Some(response)
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n")?;
        let line = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = line.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// A limit above every delay in the cases.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_responses_are_read() {
        let plain = b"HTTP/1.1 200 OK\r\nVary: a\r\nvary:b\r\nContent-Length: 2\r\n\r\nhixx";
        let response = parse(plain, false).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.values("VARY").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(response.body, b"hi");

        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n";
        assert_eq!(parse(chunked, false).unwrap().body, b"abc");

        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
        assert_eq!(parse(head, true).unwrap().body, b"");
    }

    #[test]
    fn a_cut_off_response_is_no_response() {
        for bad in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
        ] {
            assert_eq!(parse(bad, false), None, "{}", bad.escape_ascii());
        }
    }
}
