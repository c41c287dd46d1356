//! The program under test.

use std::process::{Command, Stdio};

use serde_json::Value;

/// How to call the program for a store.
#[derive(Debug, Clone)]
pub struct Tool {
    url: String,
    flags: Vec<String>,
}

/// What a call has printed, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub error: String,
}

impl Tool {
    pub fn of(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            flags: Vec::new(),
        }
    }

    pub fn with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// Runs the program, whose store the environment names and which has nobody to ask.
    pub fn run(&self, words: &[&str]) -> Said {
        self.run_into(Stdio::piped(), words)
    }

    /// Runs the program with another standard output.
    pub fn run_into(&self, out: Stdio, words: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_sessionctl"))
            .env("SESSION_STORE", &self.url)
            .args(&self.flags)
            .args(words)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            error: text(output.stderr),
        }
    }

    /// Runs what has to succeed, and returns its text.
    pub fn text(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.error);
        said.out
    }

    /// Runs what has to succeed, and returns its objects.
    pub fn objects(&self, words: &[&str]) -> Vec<Value> {
        let text = self.text(&[words, &["--json"]].concat());
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Runs what has to succeed, and returns its only object.
    pub fn object(&self, words: &[&str]) -> Value {
        let mut objects = self.objects(words);
        assert_eq!(objects.len(), 1, "{words:?}");
        objects.remove(0)
    }
}
