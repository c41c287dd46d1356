use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;

use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Error, Executor as _};

use super::dialect::Mysql;
use crate::server::{Server, Verdict};

impl Server for Mysql {
    type Connection = MySqlConnection;

    async fn connect(&self) -> Result<MySqlConnection, Error> {
        let mut connection = self.options.connect().await?;
        // Each statement commits by itself, and a value that does not fit is an error: otherwise a
        // long owner would be silently truncated to another owner.
        connection
            .execute(AssertSqlSafe(self.settings.clone()))
            .await?;
        Ok(connection)
    }

    #[allow(clippy::match_same_arms, reason = "each arm has a comment of its own")]
    fn verdict(error: &Error) -> Verdict {
        let Some(number) = number(error) else {
            return Verdict::Broken;
        };
        // See "Error Message Reference" in MySQL's manual and "MariaDB Error Codes". A list of numbers
        // that end a connection could never be complete; those by which a server shows that it
        // carries out statements are known.
        match number {
            // A deadlock, a row that changed meanwhile.
            1213 | 1020 => Verdict::Raced,
            // A replica: after a failover the name may resolve to the new primary.
            1290 | 1792 | 1836 => Verdict::Unfit,
            // The statement was prepared before the table changed, or on another connection behind
            // a proxy.
            1243 | 1615 => Verdict::Unfit,
            // A lock or the statement took too long.
            1205 | 3024 | 1969 => Verdict::Refused,
            // Values, constraints, SQL and privileges.
            _ if REFUSALS.iter().any(|class| state(error).starts_with(class)) => Verdict::Refused,
            // Among others: it shuts down, is no member of its cluster, or has no room.
            _ => Verdict::Broken,
        }
    }

    fn reason(error: &Error) -> &'static str {
        let Some(number) = number(error) else {
            return match error {
                // The TLS library's error for an untrusted certificate.
                Error::Io(error) if error.kind() == ErrorKind::InvalidData => INSECURE,
                Error::Tls(_) => INSECURE,
                Error::Io(_) => "it can't be reached",
                _ => "the connection failed",
            };
        };
        match number {
            1045 | 1698 => "it does not accept the user or the password",
            1044 | 1049 => "create the database first, and let this user use it",
            1142 | 1143 => "this user lacks a privilege; grant it",
            1146 => "the table does not exist; open the store anew to make it",
            1040 | 1203 => {
                "it has no connection left; raise max_connections, or use fewer connections"
            }
            1021 | 1041 | 1114 => "its disk is full; nothing was changed",
            1153 => "the session is too large; raise max_allowed_packet",
            1406 => "the owner has more than 255 bytes",
            1290 | 1792 | 1836 => "it is read-only; connect to the primary",
            1053 => "it is shutting down",
            1205 | 3024 | 1969 => "it took too long to answer",
            _ => "it refused the statement",
        }
    }
}

impl fmt::Display for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.options.get_socket() {
            Some(socket) => write!(f, "MySQL at {}", socket.display())?,
            None => write!(
                f,
                "MySQL at {}:{}",
                self.options.get_host(),
                self.options.get_port()
            )?,
        }
        write!(
            f,
            ", database {:?}",
            self.options.get_database().unwrap_or_default()
        )
    }
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Returns the server's number of an error; `None` if the error is not the server's.
pub(super) fn number(error: &Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.downcast_ref::<MySqlDatabaseError>().number())
}

/// Returns the error's class and subclass of standard SQL.
fn state(error: &Error) -> Cow<'_, str> {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.unwrap_or_default()
}

/// The classes of SQL states that are about a statement.
const REFUSALS: [&str; 4] = ["21", "22", "23", "42"];

const INSECURE: &str =
    "there is no secure connection to it; its certificate must be trusted and name this host";
