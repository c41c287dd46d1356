use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use showcase::Answer;

use crate::body::Body;
use crate::events::Events;
use crate::head::Head;
use crate::refusal::Refusal;
use crate::response::{Response, Wanted};
use crate::site::Site;
use crate::wire::Wire;

/// The time limits of a connection's phases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    pub(crate) response: Duration,
    pub(crate) end: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            response: Duration::from_secs(30),
            end: Duration::from_secs(1),
        }
    }
}

/// Serves one request on a connection and closes it.
///
/// A misbehaving client breaks only its own connection. Once the request was read, it is carried
/// out.
pub(crate) fn serve(site: &Site, stream: TcpStream, limits: Limits) {
    let mut reader = BufReader::new(Wire::new(stream, limits.head));
    let (response, wanted) = match read(&mut reader, limits) {
        Ok((head, body)) => (site.respond(&head, body.bytes()), Wanted::by(&head)),
        Err(Refusal::Status(status, message)) => {
            (Answer::error(status, message).into(), Wanted::Plain)
        }
        Err(Refusal::Silence) => return,
    };
    let mut wire = reader.into_inner();
    wire.allow(limits.response);
    match send(response, wanted, site, (&mut wire, limits.response)) {
        Ok(()) => wire.end(limits.end),
        Err(error) => tracing::debug!(%error, "the client did not take the response"),
    }
}

fn send(
    response: Response,
    wanted: Wanted,
    site: &Site,
    (wire, limit): (&mut Wire, Duration),
) -> std::io::Result<()> {
    if let Some(ending) = response.send(wanted, site.now(), wire)? {
        Events::new(ending, wanted, site, wire).send(limit)?;
    }
    wire.flush()
}

fn read(reader: &mut BufReader<Wire>, limits: Limits) -> Result<(Head, Body), Refusal> {
    let head = Head::read(reader)?;
    Body::check(head.length())?;
    reader.get_mut().allow(limits.body);
    if head.expects_continue() {
        let told = reader.get_mut().write_all(b"HTTP/1.1 100 \r\n\r\n");
        told.map_err(Refusal::of)?;
    }
    let body = Body::read(head.length(), reader)?;
    Ok((head, body))
}
