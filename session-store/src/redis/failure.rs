use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use session_core::StoreError;

/// A step that a server did not answer as it should.
#[derive(Debug)]
pub(super) struct Failure {
    /// The server's host and port, never the password.
    pub(super) endpoint: String,
    pub(super) cause: Cause,
    pub(super) reach: Reach,
}

#[derive(Debug)]
pub(super) enum Cause {
    Redis(RedisError),
    /// No answer came in time.
    Slow,
    /// An answer that our commands do not have.
    Senseless,
    /// Something else, in words.
    Other(&'static str),
}

/// Whether the step may have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It never got there, or was turned away.
    NotDone,
    /// The answer is missing.
    Unknown,
}

impl Failure {
    /// Takes what a connection says; a server that refuses has done nothing.
    pub(super) fn of(endpoint: &str, error: RedisError) -> Self {
        let refused = matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension);
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Redis(error),
            reach: if refused {
                Reach::NotDone
            } else {
                Reach::Unknown
            },
        }
    }

    pub(super) fn slow(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Slow,
            reach: Reach::Unknown,
        }
    }

    pub(super) fn senseless(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Senseless,
            reach: Reach::Unknown,
        }
    }

    /// Says why nothing was done, in words.
    pub(super) fn because(endpoint: &str, why: &'static str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Other(why),
            reach: Reach::NotDone,
        }
    }

    /// Says that nothing was sent yet.
    pub(super) fn before_sending(self) -> Self {
        Self {
            reach: Reach::NotDone,
            ..self
        }
    }

    pub(super) fn kind(&self) -> Option<ErrorKind> {
        match &self.cause {
            Cause::Redis(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Says whether the connection is of no more use.
    pub(super) fn is_fatal(&self) -> bool {
        match &self.cause {
            Cause::Redis(error) => {
                !matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
                    || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
            }
            Cause::Slow => true,
            Cause::Senseless | Cause::Other(_) => false,
        }
    }

    /// Says whether the connection broke after the step may have been sent.
    pub(super) fn is_cut_off(&self) -> bool {
        self.reach == Reach::Unknown && matches!(self.cause, Cause::Redis(_))
    }

    /// Says whether the key holds something of another kind than the command is for.
    pub(super) fn is_wrong_type(&self) -> bool {
        matches!(&self.cause, Cause::Redis(error) if error.code() == Some("WRONGTYPE"))
    }

    /// Says what failed, where, and what to do about it.
    pub(super) fn during(self, doing: &str) -> StoreError {
        let Self {
            endpoint, cause, ..
        } = self;
        let error =
            |reason: &str| StoreError::new(format!("can't {doing} Redis at {endpoint}: {reason}"));
        match cause {
            Cause::Redis(cause) => error(reason(&cause)).caused_by(cause),
            Cause::Slow => error("it does not answer in time"),
            Cause::Senseless => {
                error("it has something else there; give every application a prefix of its own")
            }
            Cause::Other(why) => error(why),
        }
    }
}

fn reason(error: &RedisError) -> &'static str {
    match error.kind() {
        ErrorKind::AuthenticationFailed => "it refuses the user or the password",
        ErrorKind::Io if error.is_connection_refusal() => "nothing listens there; start it",
        ErrorKind::Io if has_ended(error) => "it has closed the connection",
        ErrorKind::Io => "it can't be reached",
        ErrorKind::InvalidClientConfig => "the options don't fit it",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            "it is a replica, which can't be written to"
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "it is reading its files; wait",
        ErrorKind::Server(ServerErrorKind::ClusterDown) => "the cluster lacks some of its slots",
        ErrorKind::Server(ServerErrorKind::MasterDown) => "it has lost its primary",
        ErrorKind::Server(ServerErrorKind::NoPerm) => "this user lacks rights for our commands",
        ErrorKind::Server(
            ServerErrorKind::CrossSlot | ServerErrorKind::Moved | ServerErrorKind::Ask,
        ) => "it is a part of a cluster; use redis-cluster://",
        _ => match error.code() {
            Some("OOM") => "its memory is full",
            Some("NOAUTH") => "it wants a password",
            Some("WRONGPASS") => "it refuses the user or the password",
            Some("MISCONF") => "it can't save its files",
            Some("NOREPLICAS") => "too few of its replicas are there",
            _ => "it refused",
        },
    }
}

fn has_ended(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || std::error::Error::source(error)
            .and_then(|cause| cause.downcast_ref::<io::Error>())
            .is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
}
