use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use session_servers::program;

/// A run of the command at a terminal of its own.
#[derive(Debug)]
pub struct Run {
    pub took: Duration,
    /// The most memory that was resident, in units of 1,024 bytes, where the system says so.
    pub peak: Option<u32>,
    /// How often the progress was drawn, if there was a terminal.
    pub drawn: Option<usize>,
    /// The last line that was drawn.
    pub last: String,
    /// What it printed; nothing if it was stopped.
    pub said: Vec<Value>,
}

/// Runs the command to its end, or for so long.
pub fn run(words: &[&str], longest: Duration) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let screen = folder.path().join("screen");
    let command = env!("CARGO_BIN_EXE_sessionctl");
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let line = format!(
        "exec '{command}' --json {} >'{}'",
        quoted.join(" "),
        out.display()
    );
    let terminal = program("script");
    let mut command = if let Some(script) = &terminal {
        let mut command = Command::new(script);
        command.args(["-qefc", &line]).arg(&screen);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &line]);
        command
    };
    let begun = Instant::now();
    let mut child = command
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut peak, mut is_stopped) = (None, false);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if let Some(process) = of_tool(child.id()) {
            peak = peak_of(process).max(peak);
            if begun.elapsed() > longest && !is_stopped {
                is_stopped = true;
                let killed = Command::new("kill")
                    .args(["-KILL", &process.to_string()])
                    .status();
                assert!(killed.unwrap().success());
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let took = begun.elapsed();
    let text = fs::read_to_string(&screen).unwrap_or_default();
    assert!(status.success() || is_stopped, "{words:?}: {text}");
    let lines: Vec<_> = text
        .split(['\r', '\n'])
        .filter(|line| is_drawn(line))
        .collect();
    Run {
        took,
        peak,
        drawn: terminal.map(|_| lines.len()),
        last: lines.last().copied().unwrap_or_default().to_owned(),
        said: if is_stopped {
            Vec::new()
        } else {
            objects(&out)
        },
    }
}

impl Run {
    /// Returns a number that the command has printed.
    pub fn number(&self, name: &str) -> usize {
        let value = self.said.first().and_then(|said| said[name].as_u64());
        usize::try_from(value.unwrap_or_default()).unwrap()
    }

    /// Returns the count that was drawn last.
    pub fn count(&self) -> usize {
        let words = self.last.split_whitespace();
        let mut counts = words.filter_map(|word| word.replace(',', "").parse().ok());
        counts.next().unwrap_or_default()
    }
}

/// Each drawing has the seconds since the start behind its count.
fn is_drawn(line: &str) -> bool {
    line.contains('(') && line.contains('s')
}

fn objects(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the process of the command: the one that was started, or its child.
fn of_tool(started: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{started}/task/{started}/children"));
    let children = children.unwrap_or_default();
    let ids = children.split_whitespace().filter_map(|id| id.parse().ok());
    ids.chain([started]).find(|id| {
        let name = fs::read_to_string(format!("/proc/{id}/comm"));
        name.is_ok_and(|name| name.trim() == "sessionctl")
    })
}

fn peak_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
