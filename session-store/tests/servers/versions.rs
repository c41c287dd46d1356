//! Tables of other versions, and the application's own columns.

use session_core::{
    Command, Expiry, Outcome, Record, Remembered, Revision, Salt, Store as _, Whose,
};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

use super::{SERVER, is_missing};
use crate::{FILLED, FIXTURE, Options, SCHEME, SqlStore, create_user};

/// Returns the sessions of the fixture.
fn fixture() -> [Record; 2] {
    let remembered = changed!(
        Remembered::new(digest_of(1), moment_at(-600)),
        earlier = Some(digest_of(0)),
        salt = Salt::from_bytes(&[7; 16])
    );
    let mut full = record_of(2);
    full.secrets.present = digest_of(2);
    full.secrets.issued = moment_at(-900);
    full.secrets.remembered = Some(remembered);
    let full = changed!(
        full,
        created = moment_at(-3_000),
        seen = moment_at(-2_000),
        expires = moment_at(4_000),
        authenticated = Some(moment_at(-1_000)),
        owner = Some("Ada 漢".into()),
        expiry = Expiry::After(std::time::Duration::from_secs(30 * 24 * 60 * 60)),
        data = r#"{"cart":[1,2,3],"name":"naïve"}"#.into()
    );
    [record_of(1), full]
}

/// Checks that the fixture's sessions are there, and that new ones come back whole.
async fn serves(store: &SqlStore) {
    for (number, record) in (1..).zip(fixture()) {
        let found = store
            .load(&key_of(number), &digest_of(0), moment_at(0))
            .await;
        assert_eq!(found.unwrap().as_ref(), Some(&record), "session {number}");
    }
    let record = &changed!(
        record_of(7),
        owner = Some("bob".into()),
        label = Some("Firefox".into()),
        address = Some("::1".into()),
        tag = Some("sid".into()),
        credential = Some(digest_of(9))
    );
    let key = &key_of(7);
    let insert = Command::Insert { key, record };
    let inserted = store.write(insert, moment_at(0)).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
    let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
    assert_eq!(found.as_ref(), Some(record));
    let only = session_core::Only::Always;
    let delete = Command::Delete { key, only };
    store.write(delete, moment_at(0)).await.unwrap();
}

/// Returns a database with a table of version 1.
fn old_database() -> String {
    let database = SERVER.database().unwrap();
    SERVER.run(&database, FIXTURE).unwrap();
    database
}

fn versions(database: &str) -> String {
    let versions = "SELECT version, oldest FROM session_version ORDER BY version";
    let versions = SERVER.run(database, versions).unwrap();
    versions.replace(['|', '\t'], " ").trim().to_owned()
}

#[tokio::test]
async fn a_table_of_the_first_version_is_upgraded_and_keeps_its_sessions() {
    if is_missing() {
        return;
    }
    let database = old_database();
    for _ in 0..2 {
        let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
        serves(&store).await;
        assert_eq!(versions(&database), "2 1");
    }
    // A table that lacks only the note, or only a column.
    SERVER.run(&database, "DROP TABLE session_version").unwrap();
    SqlStore::open(SERVER.url(&database)).await.unwrap();
    assert_eq!(versions(&database), "2 1");
    let drop = "ALTER TABLE session DROP COLUMN address; DROP INDEX INDEX";
    let index = if crate::NAME == "mysql" {
        "devices ON session"
    } else {
        "session_devices"
    };
    SERVER
        .run(
            &database,
            &drop.replace("INDEX INDEX", &format!("INDEX {index}")),
        )
        .unwrap();
    serves(&SqlStore::open(SERVER.url(&database)).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_upgrade_the_table_at_once() {
    if is_missing() {
        return;
    }
    for _ in 0..3 {
        let database = old_database();
        let stores: Vec<_> = (0..8)
            .map(|_| tokio::spawn(SqlStore::open(SERVER.url(&database))))
            .collect();
        for store in stores {
            let store = store.await.unwrap().unwrap();
            store.check().await.unwrap();
        }
        assert_eq!(versions(&database), "2 1");
        serves(&SqlStore::open(SERVER.url(&database)).await.unwrap()).await;
    }
}

/// The statements of a node that knows only the first version name their columns.
#[tokio::test]
async fn an_old_node_goes_on_after_a_new_one_has_upgraded_the_table() {
    if is_missing() {
        return;
    }
    let database = old_database();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let key = key_of(1).public_id();
    let key = match crate::NAME {
        "mysql" => format!("x'{key}'"),
        _ => format!("'\\x{key}'::bytea"),
    };
    let column = if crate::NAME == "mysql" {
        "`key`"
    } else {
        "key"
    };
    let labelled = Command::Replace {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        record: &changed!(record_of(4), label = Some("kept".into())),
    };
    store.write(labelled, moment_at(0)).await.unwrap();
    let copy = "revision, present, issued, remembered, earlier, remembered_until, salt, closed, \
                created, seen, expires, authenticated, owner, expiry, data";
    for statement in [
        format!("UPDATE session SET revision = 5, closed = FALSE WHERE {column} = {key}"),
        format!(
            "INSERT INTO session ({copy}, {column}) SELECT {copy}, {} FROM session \
             WHERE {column} = {key}",
            key.replace("9e3779b9", "00000000")
        ),
    ] {
        SERVER.run(&database, &statement).unwrap();
    }
    let found = store.load(&key_of(1), &digest_of(0), moment_at(0)).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.revision, Revision::from_i64(5));
    assert_eq!(found.label.as_deref(), Some("kept"));
    let count = SERVER.run(&database, "SELECT count(*) FROM session");
    assert_eq!(count.unwrap().trim(), "3");
}

#[tokio::test]
async fn a_newer_table_is_used_if_it_says_so_and_refused_otherwise() {
    if is_missing() {
        return;
    }
    let database = old_database();
    let store = SqlStore::open(SERVER.url(&database)).await.unwrap();
    let newer = "ALTER TABLE session ADD COLUMN newer varchar(20); \
                 INSERT INTO session_version VALUES (3, 1)";
    SERVER.run(&database, newer).unwrap();
    serves(&store).await;
    serves(&SqlStore::open(SERVER.url(&database)).await.unwrap()).await;
    assert_eq!(versions(&database), "2 1\n3 1");
    let changed = "INSERT INTO session_version VALUES (4, 3)";
    SERVER.run(&database, changed).unwrap();
    let error = SqlStore::open(SERVER.url(&database)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("it has version 4"), "{error}");
    assert!(error.contains("update this program"), "{error}");
}

#[tokio::test]
async fn the_applications_columns_and_indexes_are_ignored_and_kept() {
    if is_missing() {
        return;
    }
    let database = old_database();
    let own = "ALTER TABLE session ADD COLUMN note varchar(20); \
               ALTER TABLE session ADD COLUMN place varchar(20) NOT NULL DEFAULT 'here'; \
               ALTER TABLE session ADD COLUMN size int GENERATED ALWAYS AS (length(data)) STORED; \
               CREATE INDEX own ON session (seen, closed); \
               UPDATE session SET note = 'theirs'";
    SERVER.run(&database, own).unwrap();
    for _ in 0..2 {
        serves(&SqlStore::open(SERVER.url(&database)).await.unwrap()).await;
    }
    let kept = "SELECT count(*) FROM session WHERE note = 'theirs' AND place = 'here'";
    assert_eq!(SERVER.run(&database, kept).unwrap().trim(), "2");
    // With such a column every insert would fail.
    let mandatory = "ALTER TABLE session ALTER COLUMN place DROP DEFAULT";
    SERVER.run(&database, mandatory).unwrap();
    let error = SqlStore::open(SERVER.url(&database)).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("its column \"place\" needs a value"),
        "{error}"
    );
}

#[tokio::test]
async fn an_upgrade_without_the_right_to_it_is_an_error_with_the_statements() {
    if is_missing() {
        return;
    }
    let database = old_database();
    let user = format!("{database}_user");
    let grantee = create_user(&SERVER, &database, &user);
    let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON session TO {grantee}");
    SERVER.run(&database, &grant).unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("{SCHEME}://{user}:p@{host}");
    let error = SqlStore::open(&url).await.unwrap_err().to_string();
    assert!(error.contains("it is an older release's"), "{error}");
    // So is one that may not be made.
    let options = Options::new(&url).without_migration();
    let same = SqlStore::open_with(options).await.unwrap_err().to_string();
    let statements = |error: &str| error[error.find("ALTER TABLE").unwrap()..].to_owned();
    assert_eq!(statements(&error), statements(&same));
    SERVER.run(&database, &statements(&error)).unwrap();
    let grant = format!("GRANT SELECT ON session_version TO {grantee}");
    SERVER.run(&database, &grant).unwrap();
    for options in [Options::new(&url), Options::new(&url).without_migration()] {
        serves(&SqlStore::open_with(options).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_table_that_may_not_be_made_is_an_error() {
    if is_missing() {
        return;
    }
    let url = super::fresh_url();
    let options = Options::new(&url).without_migration();
    let error = SqlStore::open_with(options).await.unwrap_err().to_string();
    assert!(
        error.contains("it does not exist; make it by hand"),
        "{error}"
    );
}

#[tokio::test]
async fn columns_that_fill_themselves_are_the_applications() {
    if is_missing() {
        return;
    }
    let database = old_database();
    for change in FILLED {
        SERVER.run(&database, change).unwrap();
        let store = SqlStore::open(SERVER.url(&database)).await;
        let store = store.unwrap_or_else(|error| panic!("{change}: {error}"));
        serves(&store).await;
        let record = &changed!(record_of(8), owner = Some("bob".into()));
        let insert = Command::Insert {
            key: &key_of(8),
            record,
        };
        store.write(insert, moment_at(0)).await.unwrap();
        let devices = store.devices("bob", None, moment_at(0), 9).await;
        assert_eq!(devices.unwrap().len(), 1, "{change}");
        let ended = store.revoke(Whose::Owner("bob", session_core::Revoke::All), moment_at(0));
        assert_eq!(ended.await.unwrap(), 1, "{change}");
        assert_eq!(store.sweep(moment_at(0), 9).await.unwrap(), 0, "{change}");
    }
}
