use std::io;

/// The reason why there is no request to answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The client violates HTTP or a limit, and gets this status.
    Status(u16, &'static str),
    /// The client has gone, or has sent nothing.
    Silence,
}

impl Refusal {
    /// Classifies an error of the connection in mid-request.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "map_err requires this signature"
    )]
    pub(crate) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Status(408, "the request took too long"),
            io::ErrorKind::UnexpectedEof => Self::Status(400, "the request ends in the middle"),
            _ => Self::Silence,
        }
    }
}
