use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How far long work is, on the standard error if that is a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins; `doing` is shown before the count.
    pub(crate) fn of(doing: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(doing);
        let template = "{spinner} {msg} {human_pos} ({per_sec}, {elapsed})";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(crate) fn add(&self, count: usize) {
        self.0.inc(count as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
