//! What is kept in files: plans that have broken a rule once, and faults as patches.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use session_simulator::{Plan, Plant, is_property, replay};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|it| it == extension))
        .collect();
    files.sort();
    files
}

/// A comment `# plant: NAME` names the fault with which the plan breaks the rule of `# property: NAME`.
#[test]
fn plans_that_have_broken_a_rule_break_none_and_still_do_with_their_fault() {
    let plans = files("regressions", "plan");
    assert!(!plans.is_empty());
    for file in plans {
        let text = fs::read_to_string(&file).unwrap();
        let plan = Plan::parse(&text).unwrap();
        let outcome = replay(&plan, None).unwrap();
        assert_eq!(outcome.violation, None, "{}", file.display());
        let noted = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if let Some(plant) = noted("# plant: ") {
            let fault = Plant::named(plant).unwrap_or_else(|| panic!("there is no {plant}"));
            let outcome = replay(&plan, Some(fault)).unwrap();
            let property = outcome.violation.map(|it| it.property);
            assert_eq!(property, noted("# property: "), "{}", file.display());
        }
    }
}

#[test]
fn each_patch_applies_and_names_a_property() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let patches = files("faults", "patch");
    // The README's table has a row for each.
    let readme = include_str!("../README.md");
    assert!(patches.len() >= 14);
    for file in patches {
        let text = fs::read_to_string(&file).unwrap();
        let property = text
            .lines()
            .find_map(|line| line.strip_prefix("Property: "));
        assert!(property.is_some_and(is_property), "{}", file.display());
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("\n| {name} | ")), "{name}");
        let mut git = Command::new("git");
        let applies = git.current_dir(root).args(["apply", "--check"]).arg(&file);
        assert!(applies.status().unwrap().success(), "{}", file.display());
    }
}
