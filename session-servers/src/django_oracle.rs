use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A process of real Django that answers questions about sessions; `django_oracle.py` lists them.
#[derive(Debug)]
pub struct DjangoOracle {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl DjangoOracle {
    /// Starts the process with a Python in a site's environment.
    pub(crate) fn start(python: &mut Command) -> io::Result<Self> {
        let mut child = python
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/django_oracle.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("no pipe");
        Ok(Self {
            questions: Some(child.stdin.take().ok_or_else(missing)?),
            answers: BufReader::new(child.stdout.take().ok_or_else(missing)?),
            child,
        })
    }

    /// Asks a question: a name, and its arguments as a JSON object.
    ///
    /// # Errors
    ///
    /// Django raised an exception, which is the message, or the process ended.
    pub fn ask(&mut self, name: &str, mut arguments: Value) -> io::Result<Value> {
        arguments["do"] = json!(name);
        let Some(questions) = &mut self.questions else {
            return Err(io::Error::other("the oracle has ended"));
        };
        writeln!(questions, "{arguments}")?;
        questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let mut answer: Value = serde_json::from_str(&line)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(io::Error::other(format!("{name}: {error}"))),
            None => Ok(answer["ok"].take()),
        }
    }
}

impl Drop for DjangoOracle {
    /// Ends the process: it reads until there are no more questions.
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}
