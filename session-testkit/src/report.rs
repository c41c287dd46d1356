use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;

/// Where the suites write how each case went, for whoever joins several runs to one table: a file
/// to which they append lines of suite, subject, case and verdict, with tabs between.
const REPORT: &str = "SESSION_TESTKIT_REPORT";

/// How a case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Failed,
    /// It failed, as the subject says that it must.
    Impossible,
    Passed,
}

/// Appends a run's outcomes to the report, if one is wanted.
pub(crate) fn report<'a>(
    suite: &str,
    subject: &str,
    outcomes: impl IntoIterator<Item = (&'a str, Verdict)>,
) {
    let Some(path) = std::env::var_os(REPORT) else {
        return;
    };
    let mut lines = String::new();
    for (case, verdict) in outcomes {
        let verdict = match verdict {
            Verdict::Failed => "FAILED",
            Verdict::Impossible => "impossible",
            Verdict::Passed => "ok",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{suite}\t{subject}\t{case}\t{verdict}");
    }
    // One write, so that the lines of two processes don't mix.
    let mut file = OpenOptions::new();
    let opened = file.create(true).append(true).open(&path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(lines.as_bytes())) {
        panic!(
            "the report of the suite can't be written to {}: {error}",
            path.display()
        );
    }
}
