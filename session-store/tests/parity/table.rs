//! The table of Django's tests, which is made of the comments above ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Our tests' files.
const FILES: [(&str, &str); 7] = [
    ("cache", include_str!("../django/cache.rs")),
    ("cookies", include_str!("cookies.rs")),
    ("lifetimes", include_str!("lifetimes.rs")),
    ("middleware", include_str!("middleware.rs")),
    ("rows", include_str!("rows.rs")),
    ("values", include_str!("values.rs")),
    (
        "Store",
        include_str!("../../../session-core/src/port/store.rs"),
    ),
];

/// Django's tests that have no counterpart, and why.
const REASONS: &[(&str, &str)] = &[(
    "CustomDatabaseSessionTests.test_extra_session_field",
    "a column of an application's own model, which only that model can fill; `devices` finds an owner's sessions",
)];

const MARK: &str = "// Django: ";

/// Returns Django's tests with ours, as the comments say.
fn answered() -> BTreeMap<&'static str, String> {
    let mut answered = BTreeMap::new();
    for (file, text) in FILES {
        let mut waiting = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some((_, names)) = line.split_once(MARK) {
                waiting.extend(names.split(' '));
            } else if let Some((_, rest)) = line.split_once("fn ").or(line.split_once("trait ")) {
                let name = rest
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                for django in waiting.drain(..) {
                    let ours = format!("{file}::{}", name.unwrap());
                    assert_eq!(answered.insert(django, ours), None, "{django} twice");
                }
            }
        }
        assert!(
            waiting.is_empty(),
            "{file}: {waiting:?} stand above no test"
        );
    }
    answered
}

#[test]
fn each_of_djangos_tests_has_one_of_ours_or_a_reason() {
    let answered = answered();
    let theirs: Vec<&str> = include_str!("tests.txt").lines().collect();
    assert_eq!(theirs.len(), 126);
    let reasons: BTreeMap<&str, &str> = REASONS.iter().copied().collect();
    assert!(reasons.len() <= 6, "a handful");
    let known = |name: &str| theirs.contains(&name);
    assert!(
        answered
            .keys()
            .chain(reasons.keys())
            .all(|name| known(name))
    );

    let mut text = String::from(
        "# Django's tests of its sessions, and ours\n\nMade by `cargo test -p session-store --all-features --test parity`; \
         with `UPDATE=1` it is written anew.\nAn asynchronous twin of a test of Django's has the same row here.\n\n\
         | Django | here |\n|---|---|\n",
    );
    for name in theirs {
        // The asynchronous twin asks for the same.
        let twin = name.strip_suffix("_async").unwrap_or(name);
        let here = match (answered.get(name).or(answered.get(twin)), reasons.get(name)) {
            (Some(ours), None) => format!("`{ours}`"),
            (None, Some(reason)) => (*reason).to_owned(),
            (None, None) => panic!("nothing answers {name}"),
            (Some(_), Some(_)) => panic!("{name} has a test and a reason"),
        };
        writeln!(text, "| `{name}` | {here} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/TABLE.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        text,
        "run it with UPDATE=1"
    );
}
