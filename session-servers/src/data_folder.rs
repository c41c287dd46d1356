use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use crate::account::{Account, run};
use crate::{free_port, program};

/// Makes a new server's data folder with a program: a copy of the first one that this machine made so.
///
/// `initdb` works for a second and `mariadb-install-db` for several, and tests start dozens of servers.
pub(crate) fn data_folder(
    account: &Account,
    maker: &str,
    words: &[&str],
    data: &Path,
) -> io::Result<()> {
    let kept = kept(account, maker, words, data)?;
    if kept.is_dir() {
        return copy(&kept, data);
    }
    account.run(maker, words)?;
    // Without a copy the next server takes its time too.
    let part = kept.with_extension(format!("{}-{}", process::id(), free_port()));
    let is_kept = fs::create_dir_all(KEPT)
        .and_then(|()| copy(data, &part))
        .and_then(|()| fs::rename(&part, &kept));
    if is_kept.is_err() {
        let _ = fs::remove_dir_all(&part);
    }
    Ok(())
}

/// Names the copy after the program, its arguments that are no paths of one server, and the owner.
fn kept(account: &Account, maker: &str, words: &[&str], data: &Path) -> io::Result<PathBuf> {
    let missing = || io::Error::other(format!("{maker} is not installed"));
    let path = program(maker).ok_or_else(missing)?;
    let about = fs::metadata(&path)?;
    let server = data.parent().unwrap_or(data).display().to_string();
    let mut hasher = DefaultHasher::new();
    (path, about.len(), about.modified()?, account.name()).hash(&mut hasher);
    for word in words.iter().filter(|word| !word.contains(&server)) {
        word.hash(&mut hasher);
    }
    Ok(Path::new(KEPT).join(format!("{:016x}", hasher.finish())))
}

/// Copies a folder with its owner and its rights.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    run(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/servers");
