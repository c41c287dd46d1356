use session_core::{Command, Store as _};
use session_servers::{Mariadb, skips};
use session_testkit::{key_of, moment_at, record_of};

use super::*;
use crate::server::tests::{
    a_broken_row_is_absent, a_broken_row_takes_no_place_in_a_list, a_sweep_holds_up_no_other_call,
    an_end_waits_for_a_replace, an_owner_with_many_sessions_is_listed_and_ended,
};
use crate::sql::Value;
use crate::sql::tests::searching;

/// A server and a store on it; `None` where the server is not installed.
async fn start() -> Option<(Mariadb, MysqlStore)> {
    if skips("mysql::tests", &Mariadb::PROGRAMS) {
        return None;
    }
    let server = Mariadb::start().unwrap();
    let store = MysqlStore::open(server.url("test")).await.unwrap();
    Some((server, store))
}

/// 20,000 sessions, a tenth of which have expired, of 2,000 owners.
const FILL: &str = "\
    INSERT INTO session (`key`, revision, present, issued, closed, created, seen, expires, owner, \
    expiry, data) \
    SELECT UNHEX(MD5(seq)), seq, '', 0, FALSE, 0, 0, seq % 10, seq % 2000, 'policy', '{}' \
    FROM seq_1_to_20000; \
    ANALYZE TABLE session";

/// Writes a value as SQL; the fields of a record may have any value.
fn literal(value: &Value<'_>) -> String {
    match value {
        Value::Bytes(bytes) => {
            let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let digits = digits.map(|digit| char::from_digit(digit.into(), 16).unwrap());
            format!("x'{}'", digits.collect::<String>())
        }
        Value::Fields(_) => "1".to_owned(),
        Value::Number(number) => number.to_string(),
        #[cfg(feature = "django")]
        Value::Text(text) => format!("'{text}'"),
    }
}

#[tokio::test]
async fn no_statement_reads_the_whole_table() {
    let Some((server, store)) = start().await else {
        return;
    };
    server.run("test", FILL).unwrap();
    let mut record = record_of(1);
    record.owner = Some("7".into());
    let (key, record) = (&key_of(1), &record);
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    let mut all = searching(&store.0.store().statements, key, record);
    let dialect = store.0.store().pool.server();
    let numbers = |numbers: &[i64]| numbers.iter().copied().map(Value::Number).collect();
    all.push((&dialect.sweep_end, numbers(&[0, 5, 99])));
    all.push((&dialect.sweep, numbers(&[0, 5, 100, 5])));
    for (text, values) in all {
        let mut parts = text.split('?');
        let mut sql = parts.next().unwrap().to_owned();
        let places = text.matches('?').count();
        let others = places + 1 - values.len();
        let literals = values.iter().flat_map(|value| {
            let count = if matches!(value, Value::Fields(_)) {
                others
            } else {
                1
            };
            vec![literal(value); count]
        });
        for (part, literal) in parts.zip(literals) {
            sql = format!("{sql}{literal}{part}");
        }
        let plan = server.run("test", &format!("EXPLAIN {sql}")).unwrap();
        for line in plan.lines() {
            let columns: Vec<_> = line.split('\t').collect();
            let (table, kind, index) = (columns[2], columns[3], columns[5]);
            // The result of the subquery is small.
            if !table.starts_with('<') {
                assert!(!["ALL", "index"].contains(&kind), "{text}:\n{plan}");
                assert_ne!(index, "NULL", "{text}:\n{plan}");
            }
        }
    }
}

/// 20,000 sessions of one owner, with 1 kB of data.
const MANY: &str = "\
    INSERT INTO session (`key`, revision, present, issued, closed, created, seen, expires, owner, \
    expiry, data) \
    SELECT UNHEX(MD5(seq)), seq, '', 0, FALSE, seq, 0, 9000000000000000, 'many', 'policy', \
    REPEAT(MD5(seq), 32) FROM seq_1_to_20000; \
    ANALYZE TABLE session";

#[tokio::test]
async fn many_sessions_of_one_owner_are_listed_by_page_and_ended() {
    let Some((server, store)) = start().await else {
        return;
    };
    server.run("test", MANY).unwrap();
    let statements = &store.0.store().statements;
    let key = "UNHEX(MD5(10000))";
    for (text, values) in [
        (&statements.devices, vec!["'many'", "0", "50", "0"]),
        (
            &statements.devices_from,
            vec!["'many'", "0", "10000", "10000", key, "50", "0"],
        ),
    ] {
        let mut parts = text.split('?');
        let mut sql = parts.next().unwrap().to_owned();
        for (part, value) in parts.zip(values) {
            sql = format!("{sql}{value}{part}");
        }
        let plan = server.run("test", &format!("EXPLAIN {sql}")).unwrap();
        assert!(plan.contains("\tdevices\t"), "{plan}");
        assert!(!plan.contains("filesort"), "{plan}");
        let counted = format!("FLUSH STATUS; {sql}; SHOW SESSION STATUS LIKE 'Handler_read%'");
        let counted = server.run("test", &counted).unwrap();
        let counts = counted
            .lines()
            .filter(|line| line.starts_with("Handler_read"));
        let counts = counts.map(|line| line.rsplit('\t').next().unwrap().parse::<u64>().unwrap());
        let read: u64 = counts.sum();
        // The rows of the page, and some to find its beginning.
        assert!((50..60).contains(&read), "{read} rows: {plan}");
    }
    an_owner_with_many_sessions_is_listed_and_ended(store.0.store()).await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_takes_no_place_in_a_list() {
    if let Some((server, store)) = start().await {
        let run = |sql: &str| drop(server.run("test", sql).unwrap());
        let hex = |digits: &str| format!("x'{digits}'");
        a_broken_row_takes_no_place_in_a_list(store.0.store(), run, hex).await;
    }
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_absent() {
    if let Some((server, store)) = start().await {
        let run = |sql: &str| drop(server.run("test", sql).unwrap());
        a_broken_row_is_absent(store.0.store(), run, |digits| format!("x'{digits}'")).await;
    }
}

#[tokio::test]
async fn an_end_that_waits_for_a_replace_ends_the_replacement() {
    if let Some((server, store)) = start().await {
        let waiting = || {
            // (`innodb_trx` is cached, and stays old while it is polled.)
            let count = "SELECT variable_value FROM information_schema.global_status \
                         WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'";
            server.run("test", count).unwrap().trim().parse().unwrap()
        };
        an_end_waits_for_a_replace(store.0.store(), waiting).await;
    }
}

#[tokio::test]
async fn a_sweep_lets_others_sweep_and_write() {
    if let Some((_server, store)) = start().await {
        a_sweep_holds_up_no_other_call(store.0.store()).await;
    }
}
