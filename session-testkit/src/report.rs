use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;

/// The variable that names the report.
///
/// The suites append a line for each case to that file: suite, subject, case and verdict, separated
/// by tabs.
const REPORT: &str = "SESSION_TESTKIT_REPORT";

/// The result of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Failed,
    /// The case failed, as the subject has declared.
    Impossible,
    Passed,
}

/// Appends the outcomes of a run to the report, if there is one.
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
        // Writing to a `String` can't fail.
        let _ = writeln!(lines, "{suite}\t{subject}\t{case}\t{verdict}");
    }
    // One write, so that the lines of two processes do not mix.
    let mut file = OpenOptions::new();
    let opened = file.create(true).append(true).open(&path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(lines.as_bytes())) {
        panic!(
            "the report of the suite can't be written to {}: {error}",
            path.display()
        );
    }
}
