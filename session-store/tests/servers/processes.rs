//! Eight processes on one table: each is this test's program again.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use session_core::{Policy, Revoke, SessionError, Sessions, Store};

use super::browser::Browser;

const TASK: &str = "SESSION_STORE_TEST_TASK";
const URL: &str = "SESSION_STORE_TEST_URL";
const PROCESSES: usize = 8;
const TIMES: usize = 25;

/// Says whether this process is one of the eight.
pub fn is_worker() -> bool {
    std::env::var_os(TASK).is_some()
}

/// Runs the races; `test` is the name of the test that calls this, and `open` opens the store.
pub async fn race(test: &str, url: &str, open: impl AsyncFn(&str) -> Arc<dyn Store>) {
    if let Ok(task) = std::env::var(TASK) {
        let store = open(&std::env::var(URL).unwrap()).await;
        return work(&Sessions::shared(Policy::default(), store), &task).await;
    }
    let sessions = Sessions::shared(Policy::default(), open(url).await);
    let race = Race {
        test,
        url,
        sessions,
    };
    race.no_increment_is_lost().await;
    race.a_logout_holds().await;
    race.a_revocation_holds().await;
    race.one_rotation_is_done().await;
}

struct Race<'a> {
    test: &'a str,
    url: &'a str,
    sessions: Sessions,
}

impl Race<'_> {
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

    /// Also of a session whose secret is rotated meanwhile.
    async fn a_revocation_holds(&self) {
        let browser = signed_in(&self.sessions).await;
        let workers = self.start("write and cycle", &browser);
        let revoked = self.sessions.revoke("ada", Revoke::All).await;
        assert_eq!(revoked.unwrap(), 1);
        workers.finish();
        assert!(!browser.is_known().await);
        assert!(self.sessions.devices("ada").await.unwrap().is_empty());
    }

    /// Of those that rotate one secret at once one does, and all go on.
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

    /// Starts the processes, and lets them go when all have connected.
    fn start(&self, task: &str, browser: &Browser) -> Workers {
        let mut workers: Vec<_> = (0..PROCESSES)
            .map(|_| {
                let mut child = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "--nocapture", self.test])
                    .env(TASK, format!("{task}|{}", browser.cookie()))
                    .env(URL, self.url)
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
        // What follows happens in the middle of it.
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
    /// Returns the last line of each.
    fn finish(self) -> Vec<String> {
        let workers = self.0.into_iter().map(|(mut child, mut lines)| {
            let done = read(&mut lines, "done");
            assert!(child.wait().unwrap().success());
            done
        });
        workers.collect()
    }
}

/// Reads lines until one begins so, and returns its rest; the test runner prints some too.
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

/// Does what one of the processes is for.
async fn work(sessions: &Sessions, task: &str) {
    let (task, cookie) = task.split_once('|').unwrap();
    let browser = Browser::new(sessions, cookie);
    // So that all are connected before the first one begins.
    assert!(browser.is_known().await);
    println!("\nready:");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    let mut done = 0;
    for number in 0..TIMES {
        let write = browser.send(|session| {
            // What has ended does not begin anew.
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
            // What was ended or rotated is no error of the store.
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
