//! Django's table, made by either side.

use serde_json::{Value, json};
use session_servers::DjangoOracle;
use session_store::{DjangoOptions, DjangoStore};

use crate::rig::Kind;
use crate::rust::Rust;
use crate::scene::Scene;

pub async fn a_table_made_in_rust_is_the_one_that_migrate_makes(scene: &Scene) {
    let fresh = scene.fresh();
    let options = DjangoOptions::new().create(true);
    let store = DjangoStore::open_with(&fresh.url, &fresh.keys(), options).await;
    store.unwrap().close().await;
    let (mut theirs, mut ours) = (scene.oracle(), fresh.oracle());
    assert_eq!(shape(&mut ours, scene.kind), shape(&mut theirs, scene.kind));
    let inspect = json!(["inspectdb", "django_session"]);
    assert_eq!(command(&mut ours, &inspect), command(&mut theirs, &inspect));

    // Django takes it over, and has nothing to migrate.
    command(
        &mut ours,
        &json!(["migrate", "--fake-initial", "--verbosity=0"]),
    );
    command(&mut ours, &json!(["migrate", "--check"]));
    let members = json!({ "a": "[1]" });
    let key = ours
        .ask("write", json!({ "key": null, "members": members }))
        .unwrap();
    let rust = Rust::open(&fresh).await;
    let read = |session: &session_core::Session| session.get::<Value>("a").unwrap();
    assert_eq!(rust.request(key.as_str(), read).await.0, Some(json!([1])));
    rust.close().await;
}

fn command(oracle: &mut DjangoOracle, arguments: &Value) -> Value {
    let done = oracle.ask("command", json!({ "args": arguments })).unwrap();
    assert_eq!(done["status"], 0, "{done}");
    done["out"].clone()
}

/// Returns the table and its indexes, as the database describes them.
fn shape(oracle: &mut DjangoOracle, kind: Kind) -> Value {
    let sql = match kind {
        Kind::Sqlite => {
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'django_session' AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY name"
        }
        Kind::Postgres => {
            "SELECT column_name, data_type, character_maximum_length, is_nullable, column_default, indexdef \
             FROM information_schema.columns FULL JOIN pg_indexes ON tablename = table_name AND ordinal_position = 1 \
             WHERE table_name = 'django_session' ORDER BY ordinal_position, indexdef"
        }
        Kind::Mariadb => "SHOW CREATE TABLE django_session",
    };
    let shape = oracle.ask("sql", json!({ "statements": [sql] })).unwrap();
    assert_ne!(shape, json!([]));
    shape
}
