use std::fs;
use std::io;
use std::process::Command;

/// Returns a process and all its descendants, including those in sessions of their own.
///
/// Without `/proc`, it returns the process alone.
pub(crate) fn process_tree(id: u32) -> Vec<u32> {
    let parents = parents();
    let mut tree = vec![id];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        tree.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    tree
}

/// Sends a signal by its name in `kill`; fails if a single process does not exist.
pub(crate) fn signal(name: &str, ids: &[u32]) -> io::Result<()> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let output = Command::new("kill").arg(name).args(&ids).output()?;
    let is_sent = output.status.success() || ids.len() > 1;
    if is_sent {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("kill {name} failed: {reason}")))
}

/// Returns every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, parent(id)?))).collect()
}

fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name before is in parentheses, and may contain any character.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn grandchildren_in_sessions_of_their_own_are_found() {
        let mut child = Command::new("sh")
            .args(["-c", "setsid sh -c 'echo $$; sleep 60' & wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let grandchild: u32 = line.trim().parse().unwrap();
        let found = process_tree(child.id());
        signal("-KILL", &found).unwrap();
        child.wait().unwrap();
        assert!(found.contains(&child.id()), "{found:?}");
        assert!(found.contains(&grandchild), "{found:?}");
    }
}
