//! A store that opens with the wrong keys is told so.

use session_core::django::{SecretKeys, Signer};
use session_store::{DjangoOptions, DjangoStore};
use session_testkit::{Log, moment_at};

use super::site::{Site, keys, signer};

/// `{"a": 1}` by the `PickleSerializer` of Django 4.2, signed with `keys()`.
const PICKLE: &str =
    "gAWVCgAAAAAAAAB9lIwBYZRLAXMu:1xWzy0:0H-bxWe-I9Aq-_OpR81eJoNq4iln9-86G0Ms-OV6hdw";

const FORMER: &str = "bT6j#1(d!n3x&y8^r5a$f9s*u6z@v2j-p4q_b7t)e+g=h8i9k0l1";

/// A row of the table: who signed it, and the second at which it ends.
#[derive(Debug, Clone, Copy)]
enum Row {
    Ours(i64),
    Former(i64),
    Pickle(i64),
}
use Row::{Former, Ours, Pickle};

impl Row {
    /// Returns its data and its end.
    fn cells(self) -> (String, i64) {
        let former = Signer::sessions(&SecretKeys::new(FORMER).unwrap());
        match self {
            Ours(ends) => (signer().sign("{}", moment_at(0).into()), ends),
            Former(ends) => (former.sign("{}", moment_at(0).into()), ends),
            Pickle(ends) => (PICKLE.to_owned(), ends),
        }
    }
}

/// Opens the store and returns the error, or else what it has logged.
async fn opened(site: &Site, keys: &SecretKeys, require: bool) -> Result<String, String> {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(lines.finish());
    let options = DjangoOptions::new().require_readable(require);
    let opened = DjangoStore::open_with(&site.url(), keys, options).await;
    drop(guard);
    opened
        .map(|_| log.text())
        .map_err(|error| error.to_string())
}

pub async fn keys_under_which_no_session_can_be_read_are_told_at_the_start(site: &Site) {
    site.open().await.close().await;
    let many = |row: fn(i64) -> Row, ends: std::ops::Range<i64>| ends.map(row).collect();
    let wrong = "can't be read: the token's signature is of none of the keys; is the store's SECRET_KEY the site's";
    let rotated = keys().fallback(FORMER);
    let rows: [(Vec<Row>, SecretKeys, Option<&str>, bool); 8] = [
        (vec![], keys(), None, false),
        (vec![Ours(100)], keys(), None, false),
        (vec![Former(100)], keys(), Some(wrong), true),
        (vec![Former(100), Former(200)], rotated, None, false),
        (
            vec![Ours(100), Former(200), Former(300)],
            keys(),
            Some("2 of the 3 newest sessions"),
            false,
        ),
        (
            many(Former, 0..99),
            keys(),
            Some("32 of the 32 newest sessions"),
            true,
        ),
        // Those of before a change of the key end earlier.
        (
            [many(Former, 0..40), many(Ours, 100..132)].concat(),
            keys(),
            None,
            false,
        ),
        (
            vec![Pickle(100)],
            keys(),
            Some("1 of the 1 newest sessions"),
            true,
        ),
    ];
    for (rows, keys, told, is_refused) in rows {
        site.run("DELETE FROM django_session").await;
        for (number, row) in rows.iter().enumerate() {
            let (token, ends) = row.cells();
            site.insert_token(&format!("sampled{number}"), &token, ends)
                .await;
        }
        let log = opened(site, &keys, false).await.unwrap();
        let log_says = told.is_none_or(|told| log.contains(" WARN ") && log.contains(told));
        assert!(
            log_says && log.is_empty() == told.is_none(),
            "{rows:?}: {log}"
        );
        let required = opened(site, &keys, true).await;
        assert_eq!(required.is_err(), is_refused, "{rows:?}: {required:?}");
        let text = required.unwrap_or_else(|error| error);
        assert!(told.is_none_or(|told| text.contains(told)), "{text}");
    }
}
