//! The servers of all frameworks on one SQLite file: a sign-in on one counts on all, and so does the
//! end of a session.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use futures_util::future::join_all;
use pollster::block_on;
use serde_json::{Value, json};
use session_testkit::http::{App, Client, Program, Server};
use tempfile::TempDir;

const SERVERS: [&str; 4] = [
    "showcase-axum",
    "showcase-actix",
    "showcase-rocket",
    "showcase-blocking",
];

struct Together {
    _folder: TempDir,
    apps: Vec<Arc<dyn App>>,
}

impl Together {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("sessions.db").display());
        let arguments = ["--listen", "127.0.0.1:0", "--insecure", "--store", &store];
        let start = |name: &&str| block_on(Program::new(program(name), arguments).start(&[]));
        let apps = SERVERS.iter().map(|name| start(name).unwrap()).collect();
        Self {
            _folder: folder,
            apps,
        }
    }

    /// Returns one browser's tabs, one at each server.
    fn browser(&self) -> Vec<Client> {
        let first = Client::new(Arc::clone(&self.apps[0]));
        let apps = self.apps.iter();
        apps.map(|app| first.tab(Arc::clone(app))).collect()
    }
}

/// Returns the program beside this test, and builds it if it is missing.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join(name);
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--package", name]);
        if !folder.ends_with("debug") {
            build.args(["--profile", profile(folder)]);
        }
        assert!(build.status().unwrap().success(), "{name} can't be built");
    }
    program
}

fn profile(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

async fn sign_in(tab: &Client, user: &str) {
    let body = json!({ "user": user }).to_string();
    let answer = tab.post("/api/login", &body).await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text());
}

async fn owner(tab: &Client) -> Value {
    let answer = tab.get("/api/session").await.unwrap();
    let session: Value = serde_json::from_str(&answer.text()).unwrap();
    session["owner"].clone()
}

#[test]
fn a_sign_in_or_a_sign_out_on_one_counts_on_all() {
    let together = Together::start();
    block_on(async {
        for (number, name) in SERVERS.iter().enumerate() {
            let tabs = together.browser();
            sign_in(&tabs[number], "ada").await;
            for (tab, other) in tabs.iter().zip(SERVERS) {
                assert_eq!(owner(tab).await, "ada", "from {name} to {other}");
            }
            let thief: Vec<Client> = tabs.iter().map(Client::copy).collect();
            let out = tabs[number].post("/api/logout", "").await.unwrap();
            assert_eq!(out.status(), 204);
            for (tab, other) in thief.iter().zip(SERVERS) {
                assert_eq!(owner(tab).await, Value::Null, "from {name} to {other}");
            }
        }
    });
}

#[test]
fn a_device_that_one_server_revokes_is_signed_out_on_all() {
    let together = Together::start();
    block_on(async {
        for (number, name) in SERVERS.iter().enumerate() {
            let user = format!("user of {name}");
            let (here, there) = (together.browser(), together.browser());
            sign_in(&here[0], &user).await;
            sign_in(&there[1], &user).await;
            let devices = here[number].get("/api/devices").await.unwrap().text();
            let devices: Vec<Value> = serde_json::from_str(&devices).unwrap();
            assert_eq!(devices.len(), 2, "{name}");
            let other = devices.iter().find(|device| device["current"] == false);
            let handle = other.unwrap()["handle"].as_str().unwrap();
            let target = format!("/api/devices/{handle}");
            let revoked = here[number].delete(&target).await.unwrap();
            assert_eq!(revoked.status(), 204, "{name}");
            for (tab, other) in there.iter().zip(SERVERS) {
                assert_eq!(owner(tab).await, Value::Null, "from {name} to {other}");
            }
            assert_eq!(owner(&here[number]).await, json!(user));
        }
    });
}

#[test]
fn overlapping_increments_on_all_servers_all_count() {
    let together = Together::start();
    block_on(async {
        let tabs = together.browser();
        sign_in(&tabs[0], "ada").await;
        let all = (0..40).map(|number| {
            tabs[number % tabs.len()].post("/api/data/hits/increment?delay_ms=100", "")
        });
        for answer in join_all(all).await {
            assert_eq!(answer.unwrap().status(), 200);
        }
        for tab in &tabs {
            let hits = tab.get("/api/data/hits").await.unwrap();
            assert_eq!(hits.text(), "40");
        }
    });
}
