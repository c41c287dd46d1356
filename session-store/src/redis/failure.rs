use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use session_core::StoreError;

/// A step that failed at a server.
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
    /// The answer did not come in time.
    Slow,
    /// The answer is not one that our commands have.
    Senseless,
    /// Another reason, in words.
    Other(&'static str),
}

/// Whether the step may have been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It never reached the server, or was refused.
    NotDone,
    /// The answer was lost.
    Unknown,
}

impl Failure {
    /// Makes a failure of a connection's error; a server's refusal means that nothing was done.
    pub(super) fn of(endpoint: &str, error: RedisError) -> Self {
        let reach = if is_answer(&error) {
            Reach::NotDone
        } else {
            Reach::Unknown
        };
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Redis(error),
            reach,
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

    /// Makes a failure with a reason in words; nothing was done.
    pub(super) fn because(endpoint: &str, why: &'static str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            cause: Cause::Other(why),
            reach: Reach::NotDone,
        }
    }

    pub(super) fn homeless(endpoint: &str) -> Self {
        let why = "the runtime in which the store was opened has ended; \
                   open the store in the one that serves";
        Self::because(endpoint, why)
    }

    pub(super) fn closed(endpoint: &str) -> Self {
        Self::because(endpoint, "the store is closed")
    }

    /// Notes that nothing was sent yet.
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

    /// Says whether the connection broke or answers no more.
    pub(super) fn is_fatal(&self) -> bool {
        match &self.cause {
            Cause::Redis(error) => !is_answer(error),
            Cause::Slow => true,
            Cause::Senseless | Cause::Other(_) => false,
        }
    }

    /// Says whether the answer did not come in time.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self.cause, Cause::Slow)
    }

    /// Says whether the server refused the command.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(&self.cause, Cause::Redis(error) if is_answer(error))
    }

    /// Says whether another server may serve what this one refused.
    ///
    /// Servers and proxies have many reasons to refuse, and later versions will have more. So every
    /// refusal counts but those that are about the command alone.
    pub(super) fn is_unfit(&self) -> bool {
        self.is_refusal()
            && !matches!(&self.cause, Cause::Redis(error)
                if error.code().is_some_and(|code| ABOUT_THE_COMMAND.contains(&code)))
    }

    /// Says whether the connection broke after the step may have been sent.
    pub(super) fn is_cut_off(&self) -> bool {
        self.reach == Reach::Unknown && matches!(self.cause, Cause::Redis(_))
    }

    /// Says whether the key holds another type than the command expects.
    pub(super) fn is_wrong_type(&self) -> bool {
        // Redis 6 gives an error in a script a code of its own.
        matches!(&self.cause, Cause::Redis(error) if error.code() == Some("WRONGTYPE")
            || error.detail().is_some_and(|text| text.contains("WRONGTYPE")))
    }

    /// Makes an error that names the call, the server and the remedy.
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
                error("its keys hold other data; give every application a prefix of its own")
            }
            Cause::Other(why) => error(why),
        }
    }
}

/// The codes of refusals that any other server would give too, or that name the server to ask.
const ABOUT_THE_COMMAND: [&str; 7] = [
    "ASK",
    "CROSSSLOT",
    "MOVED",
    "NOPERM",
    "NOSCRIPT",
    "TRYAGAIN",
    "WRONGTYPE",
];

/// Says whether the error is a server's answer.
fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

fn reason(error: &RedisError) -> &'static str {
    match error.kind() {
        ErrorKind::AuthenticationFailed => "it does not accept the user or the password",
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
        _ if lacks_rights(error) => {
            "this user lacks rights for the store's commands; \
             grant +@read +@write +@scripting on the keys that begin with the prefix, \
             and +cluster|slots +asking on a cluster"
        }
        ErrorKind::Server(
            ServerErrorKind::CrossSlot | ServerErrorKind::Moved | ServerErrorKind::Ask,
        ) => "it is a part of a cluster; use redis-cluster://",
        _ => match error.code() {
            Some("OOM") => "its memory is full",
            Some("NOAUTH") => "it requires a password",
            Some("WRONGPASS") => "it does not accept the user or the password",
            Some("MISCONF") => "it can't save its files",
            Some("NOREPLICAS") => "too few of its replicas are connected",
            _ => "it refused the command",
        },
    }
}

/// Says whether the user lacks a right, also if a script was to use it.
fn lacks_rights(error: &RedisError) -> bool {
    let in_script = "The user executing the script can't";
    error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || error.detail().is_some_and(|text| text.contains(in_script))
}

fn has_ended(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || std::error::Error::source(error)
            .and_then(|cause| cause.downcast_ref::<io::Error>())
            .is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
}
