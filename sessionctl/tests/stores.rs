//! The command on every store, beside the store that an application has open.
#![allow(clippy::unwrap_used)]

mod tool;

use session_core::django::SecretKeys;
use session_core::{
    Clock as _, Command, IdForm, Key, Moment, Outcome, Record, Store, SystemClock, Tag,
};
use session_servers::{Mariadb, Postgres, Redis, RedisCluster, skips};
use session_store::{
    DjangoOptions, DjangoStore, MysqlStore, PostgresStore, RedisStore, SqliteStore,
};
use session_testkit::{changed, key_of, record_of};
use time::Duration;

use self::tool::Tool;

/// A device's name that clears a terminal, if it is printed as it is.
const LABEL: &str = "\u{1b}[2JFirefox";

fn key(store: &dyn Store, number: u64) -> Key {
    match store.id_form() {
        IdForm::Plain => Key::parse_plain(&format!("{number:032}")).unwrap(),
        IdForm::Hashed => key_of(number),
    }
}

fn handle(store: &dyn Store, number: u64) -> String {
    key(store, number).public_id().to_string()
}

/// A session that was last used some days ago, and ends in as many as are said.
fn session(number: u32, owner: Option<&str>, used: i64, ends: i64) -> Record {
    let now: Moment = SystemClock.now();
    let used = now - Duration::days(used);
    let mut record = changed!(
        record_of(number),
        created = used,
        seen = used,
        expires = now + Duration::days(ends),
        owner = owner.map(Into::into),
        data = format!(r#"{{"n":{number},"note":"hunter2"}}"#).into()
    );
    record.secrets.issued = used;
    record.authenticated = record.owner.is_some().then_some(used);
    record
}

async fn add(store: &dyn Store, number: u32, record: &Record) {
    let insert = Command::Insert {
        key: &key(store, number.into()),
        record,
    };
    let outcome = store.write(insert, SystemClock.now()).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

/// Checks that the store has nothing to complain of, for people and as JSON.
fn is_well(tool: &Tool) {
    let checked = tool.object(&["check"]);
    assert_eq!(checked["ok"], true, "{checked}");
    let findings = checked["findings"].as_array().unwrap();
    assert!(findings.len() >= 2, "{checked}");
    let text = tool.text(&["check"]);
    assert_eq!(text.lines().count(), findings.len(), "{text}");
    for (line, finding) in text.lines().zip(findings) {
        assert_eq!(finding["verdict"], "ok", "{finding}");
        let name = finding["name"].as_str().unwrap();
        assert!(line.starts_with(&format!("✔ {name}: ")), "{line}");
    }
}

/// What an operator does in an incident, from the first count to the last end.
///
/// `over` is how many it still has of two that are over.
async fn story(store: &dyn Store, tool: &Tool, over: u64) {
    let tag = Tag::of("https://login.example", "sid-1").unwrap();
    let labelled = changed!(session(1, Some("ada"), 100, 30), label = Some(LABEL.into()));
    add(store, 1, &labelled).await;
    add(store, 2, &session(2, Some("ada"), 0, 30)).await;
    let tagged = changed!(
        session(3, Some("bob"), 1, 30),
        tag = Some(tag.as_str().into())
    );
    add(store, 3, &tagged).await;
    add(store, 4, &session(4, None, 2, 30)).await;
    add(store, 5, &session(5, None, 3, -1)).await;
    let minute = changed!(
        session(6, None, 3, 0),
        expires = SystemClock.now() - Duration::minutes(1)
    );
    add(store, 6, &minute).await;
    let handles = [1, 2, 3, 4].map(|number| handle(store, number));

    is_well(tool);
    let stats = tool.object(&["stats"]);
    for (name, count) in [("live", 4), ("signed_in", 3), ("owners", 2), ("closed", 0)] {
        assert_eq!(stats[name], count, "{name}: {stats}");
    }
    assert!(stats["bytes"].as_u64().unwrap() >= 90, "{stats}");
    assert!(tool.text(&["stats"]).contains("signed in       3\n"));

    let listed = |words: &[&str]| {
        let objects = tool.objects(&[&["list"], words].concat());
        let mut handles: Vec<_> = objects
            .iter()
            .map(|object| object["handle"].as_str().unwrap().to_owned())
            .collect();
        handles.sort();
        handles
    };
    let sorted = |numbers: &[usize]| {
        let mut sorted: Vec<_> = numbers
            .iter()
            .map(|number| handles[number - 1].clone())
            .collect();
        sorted.sort();
        sorted
    };
    let index = ["--index", "https://login.example", "sid-1"];
    for (words, numbers) in [
        (&[][..], &[1, 2, 3, 4][..]),
        (&["--owner", "ada"], &[1, 2]),
        (&["--owner", "nobody"], &[]),
        (&["--older-than", "90days"], &[1]),
        (&["--older-than", "90days", "--owner", "bob"], &[]),
        (&["--older-than", "36h"], &[1, 4]),
        (&index, &[3]),
        (&["--handle", &handles[1]], &[2]),
        (&["--handle", &handles[1], "--owner", "bob"], &[]),
    ] {
        assert_eq!(listed(words), sorted(numbers), "{words:?}");
    }
    let text = tool.text(&["list", "--owner", "ada"]);
    assert!(
        text.contains("Firefox") && !text.contains('\u{1b}'),
        "{text}"
    );

    let shown = tool.text(&["inspect", "--handle", &handles[0]]);
    assert!(
        shown.contains("note") && !shown.contains("hunter2"),
        "{shown}"
    );
    let shown = tool.object(&["inspect", "--values", "--handle", &handles[0]]);
    assert_eq!(shown["values"]["note"], "hunter2");
    assert_eq!(shown["label"], LABEL);
    let unknown = tool.run(&["inspect", "--handle", &"0".repeat(32)]);
    assert_eq!(unknown.code, 1, "{}", unknown.error);

    // Nobody says yes.
    let refused = tool.run(&["revoke", "--owner", "ada"]);
    assert_eq!(refused.code, 2, "{}", refused.error);
    assert!(refused.error.contains("--yes"), "{}", refused.error);
    let old = ["revoke", "--older-than", "90days"];
    let planned = tool.object(&[&old[..], &["--dry-run"]].concat());
    assert_eq!(planned["would_end"], 1);
    assert_eq!(listed(&[]), sorted(&[1, 2, 3, 4]));

    let ends = |words: &[&str]| {
        let ended = tool.object(&[&["revoke", "--yes"], words].concat());
        ended["ended"].as_u64().unwrap()
    };
    assert_eq!(ends(&["--older-than", "90days"]), 1);
    assert_eq!(listed(&[]), sorted(&[2, 3, 4]));
    assert_eq!(ends(&index), 1);
    assert_eq!(ends(&["--owner", "bob"]), 0);
    assert_eq!(ends(&["--owner", "ada", "--handle", &handles[1]]), 1);
    assert_eq!(listed(&[]), sorted(&[4]));
    // The one that is over by a minute may still be live by a node's clock.
    assert_eq!(tool.object(&["stats"])["over"], over);
    assert_eq!(tool.object(&["sweep"])["removed"], over / 2);
    assert_eq!(tool.object(&["stats"])["over"], over / 2);
    assert_eq!(tool.object(&["sweep"])["removed"], 0);
    assert_eq!(ends(&["--all"]), 1);
    assert_eq!(listed(&["--over"]), sorted(&[]));
}

/// What is asked of a table that is not there, and makes it.
fn migrates(tool: &Tool) {
    let missing = tool.run(&["migrate", "--check"]);
    assert_eq!(missing.code, 1, "{}", missing.error);
    assert_eq!(tool.run(&["stats"]).code, 1);
    for words in [&["migrate"][..], &["migrate"], &["migrate", "--check"]] {
        assert_eq!(tool.object(words)["ok"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let tool = Tool::of(format!("sqlite:{}", path.display()));
    migrates(&tool);
    story(&SqliteStore::open(&path).await.unwrap(), &tool, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if skips("sessionctl on PostgreSQL", &Postgres::PROGRAMS) {
        return;
    }
    let server = Postgres::start().unwrap();
    let url = server.url(&server.database().unwrap());
    let tool = Tool::of(&url);
    migrates(&tool);
    story(&PostgresStore::open(&url).await.unwrap(), &tool, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb() {
    if skips("sessionctl on MariaDB", &Mariadb::PROGRAMS) {
        return;
    }
    let server = Mariadb::start().unwrap();
    let url = server.url(&server.database().unwrap());
    let tool = Tool::of(&url);
    migrates(&tool);
    story(&MysqlStore::open(&url).await.unwrap(), &tool, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_redis() {
    if skips("sessionctl on Redis", &Redis::PROGRAMS) {
        return;
    }
    let server = Redis::start().unwrap();
    story(
        &RedisStore::open(server.url()).await.unwrap(),
        &Tool::of(server.url()),
        // It frees them by itself.
        0,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_redis_cluster() {
    if skips("sessionctl on a Redis cluster", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    story(
        &RedisStore::open(cluster.url()).await.unwrap(),
        &Tool::of(cluster.url()),
        0,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_djangos_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let text = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0";
    std::fs::write(&file, text).unwrap();
    let keys = SecretKeys::new(text).unwrap();
    let url = format!("sqlite:{}", folder.path().join("db.sqlite3").display());
    let tool = Tool::of(format!("django+{url}"));
    assert_eq!(tool.run(&["stats"]).code, 2, "no keys");
    let tool = tool.with(&["--secret-key-file", &file.display().to_string()]);
    migrates(&tool);
    let store = DjangoStore::open_with(&url, &keys, DjangoOptions::new()).await;
    story(&store.unwrap(), &tool, 2).await;
}
