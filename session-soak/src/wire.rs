use std::io::{self, ErrorKind, Read as _};
use std::net::SocketAddr;

use pollster::block_on;
use session_testkit::http::{App as _, Hangup, Request, Response, SetCookie, Socket};

use crate::ledger::Told;

/// A way to one server of the showcase.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Response),
    /// Nobody listened, so it has reached nobody.
    NotSent,
    Unanswered(String),
}

/// What some frameworks answer to a request that they have not read in time, since they were frozen.
pub(crate) const TOO_SLOW: u16 = 408;

/// The name of the showcase's cookie over plain HTTP.
pub(crate) const COOKIE: &str = "session";

impl Door {
    /// Sends a request, on a connection of its own, and waits for the whole answer.
    pub(crate) fn send(&self, request: Request) -> Outcome {
        match block_on(Socket::new(self.address).send(request)) {
            Ok(response) => Outcome::Answered(response),
            Err(error) if is_refusal(&error) => Outcome::NotSent,
            Err(error) => Outcome::Unanswered(error.to_string()),
        }
    }

    /// Sends a request and goes away.
    pub(crate) fn abort(&self, request: Request, how: Departure) -> Outcome {
        let socket = Socket::new(self.address);
        let left = match how {
            Departure::Hangup(hangup) => block_on(socket.abort(request, hangup)),
            Departure::MidAnswer => self.leave_in_mid_answer(&request).map_err(Into::into),
        };
        match left {
            Err(error) if is_refusal(&error) => Outcome::NotSent,
            Err(error) => Outcome::Unanswered(format!("left, and {error}")),
            Ok(()) => Outcome::Unanswered("left".to_owned()),
        }
    }

    /// Reads the beginning of the answer, and closes the connection.
    fn leave_in_mid_answer(&self, request: &Request) -> io::Result<()> {
        let mut stream = Socket::new(self.address).begin(request)?;
        stream.read_exact(&mut [0; 5])
    }
}

/// A way of going away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Departure {
    Hangup(Hangup),
    MidAnswer,
}

impl Departure {
    pub(crate) const ALL: [Self; 4] = [
        Self::Hangup(Hangup::Close),
        Self::Hangup(Hangup::Reset),
        Self::Hangup(Hangup::HalfClose),
        Self::MidAnswer,
    ];
}

impl Outcome {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(response) => Some(response.status),
            Self::NotSent | Self::Unanswered(_) => None,
        }
    }

    /// What that says about a write. Other statuses than success refuse it for a reason.
    pub(crate) fn told(&self) -> Told {
        match self {
            Self::Answered(response) => match response.status {
                200..300 => Told::Acknowledged,
                503 => Told::Refused,
                TOO_SLOW => Told::Unanswered,
                _ => Told::NotDone,
            },
            Self::NotSent => Told::NotDone,
            Self::Unanswered(_) => Told::Unanswered,
        }
    }

    /// Returns the answer of a request that was carried out.
    pub(crate) fn served(&self) -> Option<&Response> {
        match self {
            Self::Answered(response) if ![503, TOO_SLOW].contains(&response.status) => {
                Some(response)
            }
            _ => None,
        }
    }

    /// Returns the session's cookies that the answer sets, and `Err` if one can't be read.
    pub(crate) fn cookies(&self) -> Result<Vec<SetCookie>, String> {
        let Self::Answered(response) = self else {
            return Ok(Vec::new());
        };
        let headers = response.values("set-cookie").map(SetCookie::parse);
        let cookies: Result<Vec<_>, _> = headers.collect();
        cookies.map_err(|failure| failure.to_string())
    }
}

/// Adds the cookie to a request.
pub(crate) fn with_cookie(request: Request, cookie: Option<&str>) -> Request {
    match cookie {
        Some(value) => request.header("cookie", format!("{COOKIE}={value}")),
        None => request,
    }
}

fn is_refusal(error: &session_testkit::http::BoxError) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered(Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    #[test]
    fn only_success_acknowledges_and_an_outage_leaves_it_in_doubt() {
        for (status, told, is_served) in [
            (204, Told::Acknowledged, true),
            (200, Told::Acknowledged, true),
            (409, Told::NotDone, true),
            (500, Told::NotDone, true),
            (503, Told::Refused, false),
            (TOO_SLOW, Told::Unanswered, false),
        ] {
            let outcome = answered(status);
            assert_eq!(outcome.told(), told, "{status}");
            assert_eq!(outcome.served().is_some(), is_served, "{status}");
        }
        assert_eq!(Outcome::NotSent.told(), Told::NotDone);
    }

    #[test]
    fn where_nobody_listens_nothing_was_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let name = "gone".to_owned();
        let outcome = Door { name, address }.send(Request::new("GET", "/"));
        assert!(matches!(outcome, Outcome::NotSent), "{outcome:?}");
    }
}
