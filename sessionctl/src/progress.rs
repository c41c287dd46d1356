use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use session_core::{Store, StoreError};

/// How far long work is, on the standard error if that is a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins work whose end nobody knows; `doing` is shown before the count.
    pub(crate) fn of(doing: &'static str) -> Self {
        Self::begin(ProgressBar::new_spinner(), doing, COUNT)
    }

    /// Begins work on all sessions of a store, of which it says about how many there are.
    pub(crate) async fn through(store: &dyn Store, doing: &'static str) -> Self {
        Self::begin_through(ProgressBar::new_spinner(), store.estimate(), doing).await
    }

    async fn begin_through(
        bar: ProgressBar,
        estimate: impl Future<Output = Result<Option<u64>, StoreError>>,
        doing: &'static str,
    ) -> Self {
        if bar.is_hidden() {
            return Self::begin(bar, doing, COUNT);
        }
        // It is only shown: a store that can't say so can still be gone through, or the work itself will tell.
        match estimate.await {
            Ok(Some(about)) => Self::begin(ProgressBar::new(about), doing, SHARE),
            _ => Self::begin(bar, doing, COUNT),
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
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_store_is_not_asked_for_what_is_not_shown() {
        let asked = Cell::new(false);
        let estimate = async {
            asked.set(true);
            Ok(Some(7))
        };
        drop(Progress::begin_through(ProgressBar::hidden(), estimate, "read").await);
        assert!(!asked.get());
    }

    #[test]
    fn the_templates_are_sound() {
        for template in [COUNT, SHARE, WAIT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
