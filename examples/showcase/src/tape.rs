//! What a request does, recorded while it does it: lines of the source, and calls of the store.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use session_core::StoreError;

tokio::task_local! {
    static TAPE: RefCell<Tape>;
}

/// The record of one piece of work.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// The expressions that were marked by [`on_tape`], as they stand in the source.
    pub(crate) lines: Vec<&'static str>,
    pub(crate) calls: Vec<Call>,
}

/// One call of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) took: Duration,
}

impl Tape {
    /// Does some work and returns what was recorded meanwhile.
    pub(crate) async fn of<T>(work: impl Future<Output = T>) -> (T, Self) {
        let recorded = async {
            let done = work.await;
            (done, TAPE.with(RefCell::take))
        };
        TAPE.scope(RefCell::default(), recorded).await
    }

    /// Records a line of the source, if anything is recorded.
    pub(crate) fn line(text: &'static str) {
        let _ = TAPE.try_with(|tape| tape.borrow_mut().lines.push(text));
    }

    /// Records a call of the store, if anything is recorded.
    pub(crate) async fn call<T>(
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
        outcome: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, StoreError> {
        if TAPE.try_with(|_| ()).is_err() {
            return call.await;
        }
        let begun = Instant::now();
        let answer = call.await;
        let call = Call {
            name,
            outcome: answer.as_ref().map_or("failed", outcome),
            took: begun.elapsed(),
        };
        let _ = TAPE.try_with(|tape| tape.borrow_mut().calls.push(call));
        answer
    }
}

/// Evaluates an expression, and records its text.
macro_rules! on_tape {
    ($code:expr) => {{
        $crate::tape::Tape::line(stringify!($code));
        $code
    }};
}
pub(crate) use on_tape;

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;

    #[test]
    fn lines_and_calls_are_recorded_in_their_order_and_only_within_the_work() {
        let call = |name| async move {
            let answer = async {
                if name == "load" {
                    Ok(1)
                } else {
                    Err(failure())
                }
            };
            Tape::call(name, answer, |_| "found").await.is_ok()
        };
        let work = async {
            assert_eq!(on_tape!(1 + 1), 2);
            (call("load").await, call("touch").await)
        };
        let (done, tape) = block_on(Tape::of(work));
        assert_eq!(done, (true, false));
        assert_eq!(tape.lines, ["1 + 1"]);
        let calls: Vec<_> = tape.calls.iter().map(|it| (it.name, it.outcome)).collect();
        assert_eq!(calls, [("load", "found"), ("touch", "failed")]);

        assert_eq!(on_tape!(2 + 2), 4);
        assert!(block_on(call("load")));
        let ((), empty) = block_on(Tape::of(async {}));
        assert!(empty.lines.is_empty() && empty.calls.is_empty());
    }

    fn failure() -> StoreError {
        StoreError::unsupported("this one fails")
    }
}
