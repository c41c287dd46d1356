use std::path::Path;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use session_core::StoreError;

use crate::sql::irregular;

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
    refuse_irregular_files(path)?;
    url.parse().map_err(|error| {
        StoreError::new(
            "the database's URL does not have the form scheme://user:password@host/name",
        )
        .caused_by(error)
    })
}

/// Refuses pipes and the like where a certificate or a key is read.
fn refuse_irregular_files(path: &str) -> Result<(), StoreError> {
    let (_, query) = path.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    for (name, file) in pairs.filter(|(name, _)| FILES.contains(name)) {
        let file = percent_decode_str(file).decode_utf8_lossy();
        if let Some(kind) = irregular(Path::new(&*file)) {
            return Err(StoreError::new(format!(
                "the database's URL has {kind} as {name}; name a regular file"
            )));
        }
    }
    Ok(())
}

/// The parameters that name files, of all servers.
const FILES: [&str; 8] = [
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "passfile",
];

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

    #[cfg(unix)]
    #[test]
    fn a_file_that_could_be_waited_for_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("a pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let pipe = pipe.display().to_string().replace(' ', "%20");
        for name in ["sslrootcert", "sslcert", "sslkey"] {
            let url = format!("postgres://ada@host/app?sslmode=verify-full&{name}={pipe}");
            let error = parsed(&url).unwrap_err().to_string();
            let expected = format!("the database's URL has a pipe as {name}; name a regular file");
            assert_eq!(error, expected);
            let error = parsed(&url.replace(&pipe, "/dev/zero")).unwrap_err();
            assert!(error.to_string().contains("a device"), "{error}");
            parsed(&url.replace(&pipe, "/missing.pem")).unwrap();
        }
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
