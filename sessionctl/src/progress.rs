use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use session_core::Store;

/// How far long work is, on the standard error if that is a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins work whose end nobody knows; `doing` is shown before the count.
    pub(crate) fn of(doing: &'static str) -> Self {
        Self::begin(ProgressBar::new_spinner(), doing, COUNT)
    }

    /// Begins work on all sessions of a store, of which it says about how many there are.
    pub(crate) async fn through(store: &dyn Store, doing: &'static str) -> Self {
        // It is only shown: a store that can't say so can still be gone through, or the work itself will tell.
        match store.estimate().await {
            Ok(Some(about)) => Self::begin(ProgressBar::new(about), doing, SHARE),
            _ => Self::of(doing),
        }
    }

    /// Begins work that does not say how far it is.
    pub(crate) fn waiting(doing: &'static str) -> Self {
        Self::begin(ProgressBar::new_spinner(), doing, WAIT)
    }

    fn begin(bar: ProgressBar, doing: &'static str, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing);
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

const COUNT: &str = "{spinner} {msg} {human_pos} ({per_sec}, {elapsed})";

const SHARE: &str = "{spinner} {msg} {human_pos} of about {human_len} [{bar:20}] ({per_sec}, {elapsed}, {eta} left)";

const WAIT: &str = "{spinner} {msg} ({elapsed})";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        for template in [COUNT, SHARE, WAIT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
