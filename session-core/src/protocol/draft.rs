use std::cell::Cell;
use std::ops::Deref;

/// A text in the making, in memory that its thread keeps for the next one.
///
/// So a text that is written for [`Values`](crate::Values) is allocated once.
pub(crate) struct Draft(String);

thread_local! {
    static SPARE: Cell<String> = const { Cell::new(String::new()) };
}

impl Draft {
    /// Begins a text that takes about so many bytes.
    #[inline]
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        // A thread that ends has none.
        let mut text = SPARE.try_with(Cell::take).unwrap_or_default();
        // In steps, so that sessions of about one size need it once.
        let room = if bytes <= KEPT {
            bytes.next_power_of_two()
        } else {
            bytes
        };
        text.reserve(room);
        Self(text)
    }

    #[inline]
    pub(crate) fn push(&mut self, letter: char) {
        self.0.push(letter);
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

impl Deref for Draft {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Draft {
    #[inline]
    fn drop(&mut self) {
        let mut text = std::mem::take(&mut self.0);
        if text.capacity() <= KEPT {
            text.clear();
            let _ = SPARE.try_with(|spare| spare.set(text));
        }
    }
}

/// A thread keeps no more bytes than these.
const KEPT: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str) -> String {
        let mut draft = Draft::with_capacity(text.len());
        assert_eq!(&*draft, "");
        draft.push_str(text);
        draft.to_owned()
    }

    fn spare() -> usize {
        let text = SPARE.take();
        let capacity = text.capacity();
        SPARE.set(text);
        capacity
    }

    #[test]
    fn a_draft_has_nothing_of_the_one_before_and_a_thread_keeps_little() {
        for length in [0, 10, 1, KEPT, 3] {
            let text = "x".repeat(length);
            assert_eq!(&*write(&text), text);
            assert!(spare() >= length);
        }
        write(&"x".repeat(KEPT + 1));
        assert_eq!(spare(), 0);
    }

    #[test]
    fn two_drafts_at_once_have_memory_of_their_own() {
        let mut outer = Draft::with_capacity(1);
        outer.push('a');
        assert_eq!(&*write("b"), "b");
        outer.push('c');
        assert_eq!(&*outer, "ac");
    }
}
