use std::fmt;
use std::io::ErrorKind;

use sqlx::Error;
use sqlx::postgres::PgConnection;

use super::dialect::Postgres;
use crate::server::{Ending, Server, Verdict};

impl Server for Postgres {
    type Connection = PgConnection;

    async fn connect(&self) -> Result<PgConnection, Error> {
        self.pooler.connect(&self.options).await
    }

    async fn begin(&self, connection: &mut PgConnection) -> Result<(), Error> {
        self.pooler.begin(connection).await
    }

    async fn end(&self, connection: &mut PgConnection, ending: Ending) -> Result<(), Error> {
        self.pooler.end(connection, ending).await
    }

    #[allow(clippy::match_same_arms, reason = "each arm has a comment of its own")]
    fn verdict(error: &Error) -> Verdict {
        let Error::Database(error) = error else {
            return Verdict::Broken;
        };
        // See appendix A of PostgreSQL's manual. A list of codes that end a connection could never be
        // complete; those by which a server shows that it carries out statements are known.
        match error.code().as_deref().unwrap_or_default() {
            "40001" | "40P01" => Verdict::Raced,
            // A standby: after a failover the name may resolve to the new primary.
            "25006" => Verdict::Unfit,
            // The statement was prepared before the table changed, or on another connection behind
            // a pooler.
            "0A000" | "26000" | "42P05" => Verdict::Unfit,
            // A lock or the statement took too long.
            "55P03" | "57014" => Verdict::Refused,
            // Values, constraints, limits of the statement's size; SQL and privileges; triggers.
            code if REFUSALS.iter().any(|class| code.starts_with(class)) => Verdict::Refused,
            // Among others: it shuts down, was failed over, has no room, or lost the connection.
            _ => Verdict::Broken,
        }
    }

    fn reason(error: &Error) -> &'static str {
        let error = match error {
            Error::Database(error) => error,
            // The TLS library's error for an untrusted certificate.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => return INSECURE,
            Error::Tls(_) => return INSECURE,
            Error::Io(_) => return "it can't be reached",
            _ => return "the connection failed",
        };
        match error.code().as_deref().unwrap_or_default() {
            "28P01" | "28000" => "it does not accept the user or the password",
            "3D000" => "create the database first",
            "3F000" => "create the schema first",
            "42501" => "this user lacks a privilege; grant it",
            "42P01" => "the table does not exist; open the store anew to make it",
            "53300" => "it has no connection left; raise max_connections, or use fewer connections",
            "55P03" => "another transaction has it locked for long; end that",
            "53100" => "its disk is full; nothing was changed",
            "25006" => "it is read-only; connect to the primary",
            "57P01" | "57P02" | "57P03" => "it is starting or shutting down",
            "57014" => "it took too long to answer",
            _ => "it refused the statement",
        }
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.options.get_socket() {
            Some(socket) => write!(f, "PostgreSQL at {}", socket.display())?,
            None => write!(
                f,
                "PostgreSQL at {}:{}",
                self.options.get_host(),
                self.options.get_port()
            )?,
        }
        let database = self.options.get_database();
        write!(
            f,
            ", database {:?}",
            database.unwrap_or(self.options.get_username())
        )
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The classes of codes that are about a statement.
const REFUSALS: [&str; 7] = ["21", "22", "23", "42", "44", "54", "P0"];

const INSECURE: &str =
    "there is no secure connection to it; its certificate must be trusted and name this host";
