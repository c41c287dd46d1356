use std::error::Error as StdError;
use std::fmt;

use sqlx::Error;
use sqlx::error::DatabaseError;

/// Returns an error as the cause of ours, without what the server says of a row.
///
/// A Django site's table has its keys in clear, and servers quote the values that they refuse:
/// MySQL in its message, PostgreSQL in the detail beside it.
pub(crate) fn cause(error: Error) -> Box<dyn StdError + Send + Sync> {
    match error {
        Error::Database(error) => Box::new(Refusal::of(&*error)),
        error => Box::new(error),
    }
}

/// What a server said, as far as it shows no values.
#[derive(Debug)]
struct Refusal {
    code: String,
    text: Option<String>,
}

impl Refusal {
    fn of(error: &dyn DatabaseError) -> Self {
        let state = error.code().unwrap_or_default();
        let text = error.message();
        Self {
            text: is_safe(&state, text).then(|| text.to_owned()),
            code: code_of(error, &state),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, text } = self;
        match text {
            Some(text) => write!(f, "error {code}: {text}"),
            None => write!(
                f,
                "error {code}, whose text is left out as it may show a session"
            ),
        }
    }
}

impl StdError for Refusal {}

/// Returns what tells errors apart: MySQL's number says more than its state.
#[cfg(feature = "mysql")]
fn code_of(error: &dyn DatabaseError, state: &str) -> String {
    let error = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>();
    error.map_or_else(|| state.to_owned(), |error| error.number().to_string())
}

#[cfg(not(feature = "mysql"))]
fn code_of(_: &dyn DatabaseError, state: &str) -> String {
    state.to_owned()
}

/// Says whether a message is about connections, rights, locks and names, and so shows no values.
fn is_safe(state: &str, text: &str) -> bool {
    match state.get(..2).unwrap_or_default() {
        "08" | "25" | "28" | "3D" | "3F" | "40" | "42" | "53" | "54" | "55" | "57" | "58" => true,
        // Only MySQL, which quotes values thus, puts them into these.
        "23" | "HY" => !text.contains('\''),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_may_show_a_value_is_left_out() {
        for (state, text, safe) in [
            ("42501", "permission denied for table django_session", true),
            ("42S02", "Table 'app.django_session' doesn't exist", true),
            ("28000", "Access denied for user 'app'@'localhost'", true),
            ("HY000", "Got error 28 from storage engine", true),
            (
                "HY000",
                "Incorrect string value: '\\xE4bc' for column",
                false,
            ),
            (
                "23505",
                "duplicate key value violates unique constraint \"x\"",
                true,
            ),
            (
                "23000",
                "Duplicate entry 'ka6l9k0m' for key 'PRIMARY'",
                false,
            ),
            (
                "22P02",
                "invalid input syntax for type integer: \"k\"",
                false,
            ),
            ("P0001", "no", false),
            ("", "no", false),
        ] {
            assert_eq!(is_safe(state, text), safe, "{state} {text}");
        }
    }
}
