//! What the help says, played by somebody who knows nothing else.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the other tests use the rest")]
mod tool;

use std::path::Path;
use std::process::{Command as Program, Output, Stdio};

use session_core::{Clock as _, Command, Moment, Outcome, Store as _, SystemClock};
use session_store::SqliteStore;
use session_testkit::{changed, key_of, record_of};
use time::Duration;

use self::tool::Tool;

const OWNER: &str = "ada@example.com";
const HANDLE: &str = "2f6c1e9a40b74d0c8a5e3b1d7f906c2e";

fn help_of(words: &[&str]) -> String {
    Tool::of("").text(&[words, &["--help"]].concat())
}

/// Returns the lines of examples, without their comments.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("\nExamples:\n").unwrap();
    let lines = examples.lines().map(|line| {
        let command = line.split(" # ").next().unwrap_or_default();
        command.trim().to_owned()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// Runs a command in a folder, where nobody can be asked, so `revoke` is told yes.
fn run(folder: &Path, words: &[&str]) -> Output {
    let is_asked = words.contains(&"revoke") && !words.contains(&"--dry-run");
    Program::new(env!("CARGO_BIN_EXE_sessionctl"))
        .args(words)
        .args(is_asked.then_some("--yes"))
        .env("SESSION_STORE", "sqlite:sessions.db")
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Adds ada's two sessions, one of which nobody has used for forty days, and returns the other one's handle.
async fn add_two(folder: &Path) -> String {
    let store = SqliteStore::open(folder.join("sessions.db")).await.unwrap();
    let now: Moment = SystemClock.now();
    for (number, days) in [(1, 0), (2, 40)] {
        let used = now - Duration::days(days);
        let record = &changed!(
            record_of(number),
            owner = Some(OWNER.into()),
            created = used,
            seen = used,
            expires = now + Duration::days(30)
        );
        let key = &key_of(number.into());
        let outcome = store.write(Command::Insert { key, record }, now).await;
        assert_eq!(outcome.unwrap(), Outcome::Applied);
    }
    store.close().await;
    key_of(1).public_id().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_help_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut handle = HANDLE.to_owned();
    let mut played = Vec::new();
    for example in examples(&help_of(&[])) {
        let example = example
            .replace(HANDLE, &handle)
            .replace("postgres://db/app", "sqlite:new.db");
        let words: Vec<_> = example.split_whitespace().collect();
        let Some((&"sessionctl", words)) = words.split_first() else {
            assert_eq!(example, "export SESSION_STORE=sqlite:sessions.db");
            continue;
        };
        let output = run(folder, words);
        let [out, error] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{example}: {error}");
        let says = match words {
            ["migrate"] => {
                handle = add_two(folder).await;
                "up to date"
            }
            ["migrate", "--check"] | ["--store", _, "migrate"] => "up to date",
            ["check"] => "✔ store",
            ["stats"] => "live            2\n",
            ["list", "--owner", OWNER] => &*handle,
            ["inspect", ..] => OWNER,
            ["revoke", "--handle", _] | ["revoke", "--owner", OWNER] => "ended 1 ",
            ["revoke", "--older-than", "30days", "--dry-run"] => "0 live sessions would end",
            // The one that is left was ended by its owner's name.
            ["revoke", "--older-than", "30days"] => "ended 0 ",
            ["sweep"] => "removed 0 ",
            ["move", ..] => "moved 0 sessions; 0 are left",
            other => panic!("what does {other:?} say?"),
        };
        assert!(out.contains(says), "{example}: {out}");
        played.push(words[0].to_owned());
    }
    for command in [
        "migrate", "check", "stats", "list", "inspect", "revoke", "sweep", "move",
    ] {
        assert!(played.contains(&command.to_owned()), "{command}");
    }
}

#[test]
fn a_commands_own_options_stand_before_those_of_the_store() {
    for command in ["migrate", "list", "revoke", "inspect", "move", "check"] {
        let help = help_of(&[command]);
        let (own, store) = help.split_once("\nStore:\n").unwrap();
        for flag in ["--store <", "--table <", "--prefix <", "--timeout <"] {
            assert!(
                store.contains(flag) && !own.contains(flag),
                "{command} {flag}"
            );
        }
    }
    for (command, own) in [
        ("revoke", "--dry-run"),
        ("list", "--over"),
        ("move", "--to <"),
    ] {
        let help = help_of(&[command]);
        assert!(help.find(own).unwrap() < help.find("\nStore:\n").unwrap());
        assert!(!examples(&help).is_empty(), "{command}");
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["stats"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("no file sessions.db: `sessionctl migrate` makes it"),
        "{error}"
    );
    let output = run(folder.path(), &["--store", "sessions.db", "stats"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("say sqlite:PATH"), "{error}");
}
