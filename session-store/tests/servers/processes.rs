//! Eight processes on one table, each of which runs this test again.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use session_core::{Policy, Revoke, SessionError, Sessions};

use super::browser::Browser;
use super::{fresh_url, is_missing};
use crate::SqlStore;

/// The name by which the processes find this test.
const TEST: &str = "servers::processes::eight_processes_lose_nothing_and_revive_nothing";
const TASK: &str = "SESSION_STORE_TEST_TASK";
const URL: &str = "SESSION_STORE_TEST_URL";
const PROCESSES: usize = 8;
const TIMES: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_lose_nothing_and_revive_nothing() {
    if let Ok(task) = std::env::var(TASK) {
        let store = SqlStore::open(std::env::var(URL).unwrap()).await.unwrap();
        return work(&Sessions::new(Policy::default(), store), &task).await;
    }
    if is_missing() {
        return;
    }
    let url = fresh_url();
    let store = SqlStore::open(&url).await.unwrap();
    let race = Race {
        sessions: Sessions::new(Policy::default(), store),
        url,
    };
    race.no_increment_is_lost().await;
    race.a_logout_holds().await;
    race.a_revocation_holds().await;
    race.one_rotation_is_done().await;
}

struct Race {
    url: String,
    sessions: Sessions,
}

impl Race {
    async fn no_increment_is_lost(&self) {
        let browser = signed_in(&self.sessions).await;
        let done = self.start("increment", &browser).finish();
        assert_eq!(done, vec![TIMES.to_string(); PROCESSES]);
        let count = browser.send(|session| session.get::<usize>("count")).await;
        assert_eq!(count.unwrap(), Some(PROCESSES * TIMES));
        browser.log_out().await.unwrap();
    }

    async fn a_logout_holds(&self) {
        let browser = signed_in(&self.sessions).await;
        let workers = self.start("write", &browser);
        browser.log_out().await.unwrap();
        workers.finish();
        assert!(!browser.is_known().await);
        assert!(self.sessions.devices("ada").await.unwrap().is_empty());
    }

    /// The session's secret is rotated meanwhile.
    async fn a_revocation_holds(&self) {
        let browser = signed_in(&self.sessions).await;
        let workers = self.start("write and cycle", &browser);
        let revoked = self.sessions.revoke("ada", Revoke::All).await;
        assert_eq!(revoked.unwrap(), 1);
        workers.finish();
        assert!(!browser.is_known().await);
        assert!(self.sessions.devices("ada").await.unwrap().is_empty());
    }

    /// Of several rotations of one secret one is done, and both secrets work.
    async fn one_rotation_is_done(&self) {
        let browser = signed_in(&self.sessions).await;
        let cookies = self.start("cycle", &browser).finish();
        assert_eq!(self.sessions.devices("ada").await.unwrap().len(), 1);
        let old = browser.cookie();
        let new: Vec<_> = cookies.iter().filter(|cookie| **cookie != old).collect();
        assert_eq!(new.len(), 1, "{cookies:?}");
        for cookie in [&old, new[0]] {
            assert!(Browser::new(&self.sessions, cookie).is_known().await);
        }
    }

    /// Starts the processes, and lets them work once all have connected.
    fn start(&self, task: &str, browser: &Browser) -> Workers {
        let mut workers: Vec<_> = (0..PROCESSES)
            .map(|_| {
                let mut child = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "--nocapture", TEST])
                    .env(TASK, format!("{task}|{}", browser.cookie()))
                    .env(URL, &self.url)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let lines = BufReader::new(child.stdout.take().unwrap());
                (child, lines)
            })
            .collect();
        for (_, lines) in &mut workers {
            read(lines, "ready");
        }
        for (child, _) in &mut workers {
            child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        }
        // The caller acts while they work.
        for (_, lines) in &mut workers {
            read(lines, "begun");
        }
        Workers(workers)
    }
}

async fn signed_in(sessions: &Sessions) -> Browser {
    let browser = Browser::new(sessions, "");
    let signed_in = browser.send(|session| {
        session.insert("count", 0)?;
        session.sign_in("ada")
    });
    signed_in.await.unwrap();
    browser
}

struct Workers(Vec<(Child, BufReader<ChildStdout>)>);

impl Workers {
    /// Returns the last line of each process.
    fn finish(self) -> Vec<String> {
        let workers = self.0.into_iter().map(|(mut child, mut lines)| {
            let done = read(&mut lines, "done");
            assert!(child.wait().unwrap().success());
            done
        });
        workers.collect()
    }
}

/// Reads lines until one has the word, and returns its rest. The test runner prints lines too.
fn read(lines: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        if let Some((_, rest)) = line.split_once(&format!("{word}:")) {
            return rest.trim().to_owned();
        }
        line.clear();
    }
    panic!("a process ended before it was {word}");
}

/// Does the task of one process.
async fn work(sessions: &Sessions, task: &str) {
    let (task, cookie) = task.split_once('|').unwrap();
    let browser = Browser::new(sessions, cookie);
    // Connects before the first process begins.
    assert!(browser.is_known().await);
    println!("\nready:");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    let mut done = 0;
    for number in 0..TIMES {
        let write = browser.send(|session| {
            // A session that has ended must not begin anew.
            if !session.exists() {
                return Ok(());
            }
            if task != "cycle" {
                session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1)?;
            }
            if task != "increment" && task != "write" {
                session.cycle()?;
            }
            Ok(())
        });
        match write.await {
            Ok(()) => done += 1,
            // An ended or rotated session is no error of the store.
            Err(error) => assert!(!matches!(error, SessionError::Store(_)), "{error:?}"),
        }
        if number == 0 {
            println!("\nbegun:");
        }
    }
    match task {
        "increment" => println!("\ndone:{done}"),
        _ => println!("\ndone:{}", browser.cookie()),
    }
}
