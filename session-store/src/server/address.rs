use std::str::FromStr;

use session_core::StoreError;

/// Parses a database's URL with one of the schemes; no error repeats the URL.
pub(crate) fn parse<O>(url: &str, schemes: &[&str]) -> Result<O, StoreError>
where
    O: FromStr<Err = sqlx::Error>,
{
    let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = rest else {
        let schemes = schemes.join(" or ");
        return Err(StoreError::new(format!(
            "the database's URL must begin with {schemes}"
        )));
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // Part of the password would be parsed as the database's name, and appear in messages.
    if !authority.contains('@') && path.contains('@') {
        return Err(StoreError::new(
            "the database's URL has a /, ? or # in its user name or password; write it as %2F, \
             %3F or %23",
        ));
    }
    url.parse().map_err(|error| {
        StoreError::new(
            "the database's URL does not have the form scheme://user:password@host/name",
        )
        .caused_by(error)
    })
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use sqlx::postgres::PgConnectOptions;

    use super::*;

    fn parsed(url: &str) -> Result<PgConnectOptions, StoreError> {
        parse(url, &["postgres://", "postgresql://"])
    }

    #[test]
    fn a_url_is_read() {
        let options = parsed("postgresql://ada:p%2Fw@db.example:5433/app").unwrap();
        assert_eq!(options.get_host(), "db.example");
        assert_eq!(options.get_port(), 5433);
        assert_eq!(options.get_database(), Some("app"));
    }

    #[test]
    fn no_error_repeats_the_password() {
        for url in [
            "mysql://ada:hunter2@host/app",
            "postgres://ada:hunter2/x@host/app",
            "postgres://ada:1?hunter2@host/app",
            "postgres://ada:1#hunter2@host/app",
            "postgres://ada:hunter2@host:port/app",
            "postgres://ada:hunter2@host/app?sslmode=hunter",
        ] {
            let error = parsed(url).unwrap_err();
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("hunter2"), "{texts}");
        }
    }
}
