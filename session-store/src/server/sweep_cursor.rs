use std::sync::atomic::{AtomicI64, Ordering};

/// The moment at which the next sweep begins: the end of the last session that was removed.
///
/// Removed rows stay in a server's index until it purges them, and it may have to keep them for
/// open transactions. A batch from the beginning would read through all of them, so each batch
/// begins where the last one ended.
#[derive(Debug)]
pub(crate) struct SweepCursor(AtomicI64);

impl SweepCursor {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(BEGINNING))
    }

    /// Removes at most `limit` sessions by `batch`.
    ///
    /// `batch` gets the moment to begin at and a limit, and returns how many sessions it removed
    /// and the end of the last one.
    pub(crate) async fn sweep<E, F>(
        &self,
        limit: usize,
        batch: impl Fn(i64, usize) -> F,
    ) -> Result<usize, E>
    where
        F: Future<Output = Result<(usize, Option<i64>), E>>,
    {
        let from = self.0.load(Ordering::Relaxed);
        let (mut swept, mut last) = batch(from, limit).await?;
        if swept < limit && from > BEGINNING {
            // Sessions before the cursor may have been inserted since, or skipped while locked.
            let (more, end) = batch(BEGINNING, limit - swept).await?;
            (swept, last) = (swept + more, end);
        }
        let reached = if swept < limit { None } else { last };
        self.0
            .store(reached.unwrap_or(BEGINNING), Ordering::Relaxed);
        Ok(swept)
    }
}

const BEGINNING: i64 = i64::MIN;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;

    /// Sweeps a set of moments, and returns the beginning of each batch too.
    fn sweep(
        cursor: &SweepCursor,
        moments: &RefCell<BTreeSet<i64>>,
        limit: usize,
    ) -> (usize, Vec<i64>) {
        let begun = RefCell::new(Vec::new());
        let batch = |from, limit| {
            begun.borrow_mut().push(from);
            let mut moments = moments.borrow_mut();
            let gone: Vec<_> = moments.range(from..).take(limit).copied().collect();
            moments.retain(|moment| !gone.contains(moment));
            async move { Ok::<_, Infallible>((gone.len(), gone.last().copied())) }
        };
        let Ok(swept) = pollster::block_on(cursor.sweep(limit, batch));
        (swept, begun.into_inner())
    }

    #[test]
    fn a_batch_goes_on_where_the_last_one_ended() {
        let (cursor, moments) = (SweepCursor::new(), RefCell::new((0..5).collect()));
        assert_eq!(sweep(&cursor, &moments, 2), (2, vec![BEGINNING]));
        assert_eq!(sweep(&cursor, &moments, 2), (2, vec![1]));
        assert_eq!(sweep(&cursor, &moments, 2), (1, vec![3, BEGINNING]));
        assert_eq!(sweep(&cursor, &moments, 2), (0, vec![BEGINNING]));
    }

    #[test]
    fn sessions_before_the_cursor_are_removed_later() {
        let (cursor, moments) = (SweepCursor::new(), RefCell::new((0..3).collect()));
        assert_eq!(sweep(&cursor, &moments, 2).0, 2);
        moments.borrow_mut().insert(0);
        assert_eq!(sweep(&cursor, &moments, 5), (2, vec![1, BEGINNING]));
        moments.borrow_mut().extend(0..3);
        assert_eq!(sweep(&cursor, &moments, 2), (2, vec![BEGINNING]));
        moments.borrow_mut().insert(0);
        assert_eq!(sweep(&cursor, &moments, 2), (2, vec![1, BEGINNING]));
        assert!(moments.borrow().is_empty());
    }
}
