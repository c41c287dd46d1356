use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Finds an installed program by its name, also in Debian's folders for PostgreSQL.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = versions("/usr/lib/postgresql");
    folders.extend(env::split_paths(&path));
    folders.push("/usr/sbin".into());
    let mut candidates = folders.into_iter().map(|folder| folder.join(name));
    candidates.find(|candidate| candidate.is_file())
}

/// Says whether a program is missing, so that the test must end, and prints a message.
///
/// # Panics
///
/// If a program is missing and `CI` or `STRICT` is in the environment.
#[must_use]
pub fn skips(test: &str, programs: &[&str]) -> bool {
    let missing = programs.iter().find(|name| program(name).is_none());
    let Some(missing) = missing else {
        return false;
    };
    let strict = ["CI", "STRICT"].map(env::var_os);
    assert!(
        strict.iter().all(Option::is_none),
        "{test}: {missing} is not installed"
    );
    eprintln!("SKIPPED {test}: {missing} is not installed");
    true
}

/// Returns the program folders of all installed versions, the newest first.
fn versions(root: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((number(&entry.file_name())?, entry.path())))
        .collect();
    found.sort_unstable();
    let bins = found.into_iter().rev().map(|(_, path)| path.join("bin"));
    bins.filter(|path| Path::is_dir(path)).collect()
}

fn number(name: &OsStr) -> Option<u32> {
    name.to_str()?.parse().ok()
}
