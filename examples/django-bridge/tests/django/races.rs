//! Writers of both kinds on one session.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use session_servers::DjangoOracle;
use session_testkit::http::{Answer, Client, Request};
use tokio::task::JoinSet;

use crate::rig::Kind;
use crate::rust::Rust;
use crate::scene::{SESSIONID, Scene};

/// A trigger keeps every state of the row, so that each write is compared with what it met.
pub async fn no_rust_write_loses_what_it_met(scene: &Scene) {
    let mut oracle = scene.oracle();
    oracle
        .ask("sql", json!({ "statements": history(scene.kind) }))
        .unwrap();
    let stores = [Rust::open(scene).await, Rust::open(scene).await];
    let key = begin(&mut oracle);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        if writer % 2 == 0 {
            let (rust, key) = (stores[writer / 2 % 2].clone(), key.clone());
            writers.spawn(async move {
                for number in 0..WRITES {
                    let name = format!("rust {writer}");
                    rust.request(Some(&key), |session| {
                        session.insert(&name, number).unwrap();
                        session.insert("by", format!("{name}:{number}")).unwrap();
                    })
                    .await;
                }
            });
        } else {
            let (client, key) = (Client::new(scene.django()), key.clone());
            writers.spawn(async move {
                for number in 0..WRITES {
                    let path = format!("/api/by/django%20{writer}?delay_ms=5");
                    let answer = put(&client, &key, &path, number).await;
                    // Any error of the database is a 400 of Django's, a deadlock too.
                    assert_eq!(answer.status(), 204, "django {writer}");
                }
            });
        }
    }
    finish(scene, writers).await;

    let steps = format!(
        "SELECT old_data, new_data FROM session_history WHERE session_key = '{key}' ORDER BY id"
    );
    let steps = oracle.ask("sql", json!({ "statements": [steps] })).unwrap();
    let mut counts = BTreeMap::new();
    for step in steps.as_array().unwrap() {
        let step = oracle
            .ask("decode_many", json!({ "tokens": step }))
            .unwrap();
        let [before, after] = [members(&step[0]), members(&step[1])];
        let by = after["by"]
            .trim_matches('"')
            .split(':')
            .next()
            .unwrap()
            .to_owned();
        let lost: Vec<_> = before
            .iter()
            .filter(|(name, value)| after.get(*name) != Some(value))
            .collect();
        if by.starts_with("rust") {
            let own = |name: &str| [&*by, "by", "_session"].contains(&name);
            assert!(
                lost.iter().all(|(name, _)| own(name)),
                "{by} lost {lost:?} of {before:?}"
            );
        }
        // The login of the beginning is not one of the writers'.
        if by != "nobody" {
            *counts.entry(by).or_insert(0) += 1;
        }
    }
    // Every write is a step: none was dropped in silence.
    assert_eq!(counts.len(), WRITERS, "{counts:?}");
    assert!(counts.values().all(|count| *count == WRITES), "{counts:?}");
    for rust in stores {
        rust.close().await;
    }
}

pub async fn counts_of_rust_writers_are_exact(scene: &Scene) {
    let mut oracle = scene.oracle();
    let stores = [Rust::open(scene).await, Rust::open(scene).await];
    let key = begin(&mut oracle);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (rust, key) = (stores[writer % 2].clone(), key.clone());
        writers.spawn(async move {
            for _ in 0..WRITES {
                rust.request(Some(&key), |session| {
                    session
                        .update("count", |n: Option<usize>| n.unwrap_or(0) + 1)
                        .unwrap();
                })
                .await;
            }
        });
    }
    finish(scene, writers).await;
    let read = oracle.ask("read", json!({ "key": key })).unwrap();
    let count = read["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "count");
    assert_eq!(count.unwrap()["json"], (WRITERS * WRITES).to_string());
    for rust in stores {
        rust.close().await;
    }
}

pub async fn a_logout_on_either_side_stays_one_while_the_other_writes(scene: &Scene) {
    let mut oracle = scene.oracle();
    let (rust, other) = (Rust::open(scene).await, Rust::open(scene).await);
    for round in 0..9 {
        let key = begin(&mut oracle);
        // Rust while Django writes, Django while Rust writes, Rust while another process in Rust writes.
        let (in_rust, django_writes) = [(true, true), (false, false), (true, false)][round % 3];
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (rust, client, key) = (rust.clone(), Client::new(scene.django()), key.clone());
            let other = other.clone();
            writers.spawn(async move {
                if writer == round {
                    if in_rust {
                        rust.log_out(&key).await;
                    } else {
                        assert_eq!(
                            send(&client, &key, Request::new("POST", "/api/logout"))
                                .await
                                .status(),
                            204
                        );
                    }
                } else if django_writes {
                    let answer = put(&client, &key, "/api/data/late?delay_ms=20", 1).await;
                    // Django's word for a session that was deleted meanwhile is a 400. One that it does not find
                    // at all begins another.
                    assert!([204, 400].contains(&answer.status()), "{}", answer.text());
                } else {
                    other
                        .request(Some(&key), |session| session.insert("late", 1).unwrap())
                        .await;
                }
            });
        }
        finish(scene, writers).await;
        let row = oracle.ask("row", json!({ "key": key })).unwrap();
        assert_eq!(row, Value::Null, "round {round}: the session came back");
        let known = rust
            .request(Some(&key), session_core::Session::exists)
            .await
            .0;
        assert!(!known, "round {round}");
    }
    other.close().await;
    rust.close().await;
}

const WRITERS: usize = 16;
const WRITES: usize = 8;

async fn finish(scene: &Scene, mut writers: JoinSet<()>) {
    while let Some(writer) = writers.join_next().await {
        if let Err(failed) = writer {
            panic!("{failed}; Django's log: {}", scene.django_log());
        }
    }
}

fn begin(oracle: &mut DjangoOracle) -> String {
    let members = json!({ "by": "\"nobody\"" });
    let key = oracle
        .ask("write", json!({ "key": null, "members": members }))
        .unwrap();
    oracle
        .ask("login", json!({ "key": key, "user": "ada" }))
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// Sends a request to Django with this session, whatever other answers have set.
async fn send(client: &Client, key: &str, request: Request) -> Answer {
    let request = request.header("cookie", format!("{SESSIONID}={key}"));
    client.send_without_cookies(request).await.unwrap()
}

async fn put(client: &Client, key: &str, path: &str, value: usize) -> Answer {
    send(
        client,
        key,
        Request::new("PUT", path).json(value.to_string()),
    )
    .await
}

fn members(decoded: &Value) -> BTreeMap<String, String> {
    let members = decoded.as_object().unwrap().iter();
    members
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// Makes a table of every change of a session's data, unless it is there.
fn history(kind: Kind) -> Vec<String> {
    let id = match kind {
        Kind::Sqlite => "integer PRIMARY KEY AUTOINCREMENT",
        Kind::Postgres => "bigserial PRIMARY KEY",
        Kind::Mariadb => "bigint AUTO_INCREMENT PRIMARY KEY",
    };
    let table = format!(
        "CREATE TABLE IF NOT EXISTS session_history (id {id}, session_key varchar(40), old_data {text}, new_data {text})",
        text = if kind == Kind::Mariadb {
            "longtext"
        } else {
            "text"
        },
    );
    let insert = "INSERT INTO session_history (session_key, old_data, new_data) VALUES (NEW.session_key, OLD.session_data, NEW.session_data);";
    let mut statements = vec![table];
    match kind {
        Kind::Sqlite => statements.push(format!(
            "CREATE TRIGGER IF NOT EXISTS session_steps AFTER UPDATE ON django_session BEGIN {insert} END"
        )),
        Kind::Postgres => statements.extend([
            format!("CREATE OR REPLACE FUNCTION session_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {insert} RETURN NULL; END $$"),
            "CREATE OR REPLACE TRIGGER session_steps AFTER UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION session_step()".into(),
        ]),
        Kind::Mariadb => statements.push(format!(
            "CREATE OR REPLACE TRIGGER session_steps AFTER UPDATE ON django_session FOR EACH ROW {}",
            insert.trim_end_matches(';')
        )),
    }
    statements
}
