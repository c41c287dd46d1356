//! How the command is called.
#![allow(clippy::unwrap_used)]

mod tool;

use session_core::{Command, Store as _};
use session_store::SqliteStore;
use session_testkit::{key_of, moment_at, record_of};

use self::tool::Tool;

#[test]
fn wrong_use_is_told_and_its_code_is_two() {
    for (url, words, says) in [
        ("", &["stats"][..], "begins with sqlite:"),
        ("sqlite:", &["stats"], "needs a file"),
        ("mongodb://127.0.0.1", &["stats"], "begins with sqlite:"),
        ("sqlite:x.db", &["revoke"], "which sessions?"),
        ("sqlite:x.db", &["revoke", "--yes"], "which sessions?"),
        (
            "sqlite:x.db",
            &["revoke", "--all", "--owner", "ada"],
            "cannot be used with",
        ),
        (
            "sqlite:x.db",
            &["list", "--handle", "abc"],
            "32 hexadecimal digits",
        ),
        (
            "sqlite:x.db",
            &["list", "--older-than", "soon"],
            "invalid value",
        ),
        (
            "sqlite:x.db",
            &["list", "--index", "iss"],
            "2 values required",
        ),
        (
            "sqlite:x.db",
            &["list", "--index", "iss", ""],
            "may be empty",
        ),
        (
            "sqlite:x.db",
            &["stats", "--prefix", "x"],
            "goes with Redis",
        ),
        (
            "redis://127.0.0.1:1",
            &["stats", "--table", "x"],
            "goes with an SQL store",
        ),
        (
            "sqlite:x.db",
            &["stats", "--secret-key-file", "x"],
            "goes with django+",
        ),
        ("django+sqlite:x.db", &["stats"], "needs one"),
        // Before the store is opened, let alone counted.
        ("sqlite:x.db", &["revoke", "--all"], "add --yes"),
        (
            "sqlite:x.db",
            &["stats", "--store-file", "no-such-file"],
            "--store-file",
        ),
    ] {
        let said = Tool::of(url).run(words);
        assert_eq!(said.code, 2, "{url} {words:?}: {}", said.error);
        assert!(said.error.contains(says), "{url} {words:?}: {}", said.error);
        assert_eq!(said.out, "", "{url} {words:?}");
    }
}

#[test]
fn a_move_refuses_what_means_one_store_or_a_sites_table() {
    let [x, y] = ["sqlite:x.db", "sqlite:y.db"];
    let one_part = "a Django site's table can't be moved: its ids have one part";
    for (from, flags, says) in [
        (
            x,
            &["--store-file", "z"][..],
            "say --from-file or --to-file",
        ),
        (x, &["--table", "z"], "say --from-table or --to-table"),
        (x, &["--prefix", "z"], "say --from-prefix or --to-prefix"),
        (x, &["--secret-key-file", "z"], "goes with django+"),
        ("django+sqlite:x.db", &[], one_part),
        ("django+postgres://127.0.0.1:1/x", &[], one_part),
    ] {
        let words = [&["move", "--from", from, "--to", y], flags].concat();
        let said = Tool::of("").run(&words);
        assert_eq!(said.code, 2, "{words:?}: {}", said.error);
        assert!(said.error.contains(says), "{words:?}: {}", said.error);
    }
}

#[test]
fn a_store_that_fails_is_told_and_its_code_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("none.db");
    let said = Tool::of(format!("sqlite:{}", absent.display())).run(&["stats"]);
    assert_eq!(said.code, 1, "{}", said.error);
    assert!(said.error.contains("there is no file"), "{}", said.error);
    assert!(!absent.exists());
    let url = "redis://:hunter2@127.0.0.1:1";
    let said = Tool::of(url).with(&["--timeout", "2"]).run(&["stats"]);
    assert_eq!(said.code, 1, "{}", said.error);
    assert!(said.error.contains("127.0.0.1:1"), "{}", said.error);
    assert!(!said.error.contains("hunter2"), "{}", said.error);
}

#[test]
fn the_url_comes_from_a_file_too_which_beats_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let database = folder.path().join("sessions.db");
    std::fs::write(&file, format!("sqlite:{}\n", database.display())).unwrap();
    let tool = Tool::of("nonsense").with(&["--store-file", &file.display().to_string()]);
    assert_eq!(tool.object(&["migrate"])["ok"], true);
    assert!(database.exists());
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(tool.run(&["stats"]).code, 2);
}

#[test]
fn completions_are_printed_for_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let text = Tool::of("").text(&["completions", shell]);
        assert!(
            text.contains("revoke") && text.contains("older-than"),
            "{shell}"
        );
    }
}

/// As in `sessionctl list | head`.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_reading_the_output_has_ended_the_command_in_peace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    let tool = Tool::of(format!("sqlite:{}", path.display()));
    for words in [
        &["list", "--over"][..],
        &["list", "--over", "--json"],
        &["stats"],
        &["check"],
        &["completions", "bash"],
    ] {
        assert!(!tool.text(words).is_empty(), "{words:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let said = tool.run_into(writer.into(), words);
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{words:?}");
    }
}

#[test]
fn a_command_leaves_no_log_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] =
        ["old.db", "new.db"].map(|name| format!("sqlite:{}", folder.path().join(name).display()));
    let [old, new] = [old.as_str(), new.as_str()];
    for (url, words) in [
        (old, &["migrate"][..]),
        (new, &["migrate"]),
        (old, &["migrate", "--check"]),
        (old, &["check"]),
        (old, &["sweep"]),
        (old, &["stats"]),
        (old, &["list"]),
        (old, &["revoke", "--all", "--yes"]),
        ("", &["move", "--from", old, "--to", new]),
    ] {
        Tool::of(url).text(words);
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names.retain(|name| name != "new.db");
        assert_eq!(names, ["old.db"], "{words:?}");
    }
}

/// The commands of the README, as they stand there.
fn commands() -> Vec<Vec<String>> {
    let readme = include_str!("../README.md");
    let code = readme.split('`').skip(1).step_by(2);
    let commands = code.filter_map(|code| code.strip_prefix("sessionctl "));
    commands
        .map(|words| words.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_works() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(
        &file,
        "of a test, which is long enough to be a key of a site",
    )
    .unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tool = Tool::of(format!("sqlite:{}", path("sessions.db")));
    let site = Tool::of(format!("django+sqlite:{}", path("db.sqlite3")));
    let site = site.with(&["--secret-key-file", &file.display().to_string()]);
    site.text(&["migrate"]);
    Tool::of(format!("sqlite:{}", path("new.db"))).text(&["migrate"]);
    let commands = commands();
    let mut names: Vec<_> = commands.iter().map(|words| words[0].clone()).collect();
    names.sort();
    names.dedup();
    let all = [
        "--store",
        "check",
        "completions",
        "inspect",
        "list",
        "migrate",
        "move",
        "revoke",
        "stats",
        "sweep",
    ];
    assert_eq!(names, all);
    for mut words in commands {
        // Where the files are that the README names, and what nobody is asked.
        for word in &mut words {
            match word.as_str() {
                "django+sqlite:db.sqlite3" => {
                    *word = format!("django+sqlite:{}", path("db.sqlite3"));
                }
                "keys" => *word = path("keys"),
                "sqlite:sessions.db" => *word = format!("sqlite:{}", path("sessions.db")),
                "sqlite:new.db" => *word = format!("sqlite:{}", path("new.db")),
                _ => {}
            }
        }
        if words[0] == "revoke"
            && !words
                .iter()
                .any(|word| word == "--yes" || word == "--dry-run")
        {
            words.push("--yes".into());
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = tool.run(&words);
        // It has no such session.
        let expected = i32::from(words[0] == "inspect");
        assert_eq!(said.code, expected, "{words:?}: {}", said.error);
    }
}
