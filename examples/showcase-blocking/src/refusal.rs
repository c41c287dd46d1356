use std::io;

/// Why there is no request to answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The client does not keep to HTTP, or asks for too much; it gets this status.
    Status(u16, &'static str),
    /// Nobody is there any more, or nobody has said a word.
    Silence,
}

impl Refusal {
    /// Judges an error of the connection, in the middle of a request.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the form that map_err asks for"
    )]
    pub(crate) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Status(408, "the request took too long"),
            io::ErrorKind::UnexpectedEof => Self::Status(400, "the request ends in the middle"),
            _ => Self::Silence,
        }
    }
}
