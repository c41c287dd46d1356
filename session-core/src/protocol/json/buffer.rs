use std::io::{Result, Write};

use crate::protocol::brief::Json;

/// What is written of a value, on the stack as long as it is small.
pub(super) struct Buffer {
    small: [u8; SMALL],
    length: usize,
    /// All of it, once it is larger.
    large: Vec<u8>,
}

impl Buffer {
    /// Returns the text, if it is one and passes a test.
    pub(super) fn take_json(&mut self, is_fit: impl FnOnce(&str) -> bool) -> Option<Json> {
        if self.large.is_empty() {
            let text = std::str::from_utf8(self.small.get(..self.length)?).ok()?;
            return is_fit(text).then(|| text.into());
        }
        let text = String::from_utf8(std::mem::take(&mut self.large)).ok()?;
        is_fit(&text).then_some(Json::Long(text))
    }
}

impl Write for Buffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let end = self.length + bytes.len();
        match self.small.get_mut(self.length..end) {
            Some(place) if self.large.is_empty() => {
                place.copy_from_slice(bytes);
                self.length = end;
            }
            _ => self.enlarge(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Buffer {
    #[inline(never)]
    fn enlarge(&mut self, bytes: &[u8]) {
        if self.large.is_empty() {
            self.large.reserve(2 * (self.length + bytes.len()));
            self.large.extend_from_slice(&self.small[..self.length]);
        }
        self.large.extend_from_slice(bytes);
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            small: [0; SMALL],
            length: 0,
            large: Vec::new(),
        }
    }
}

const SMALL: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_out_whatever_its_size() {
        for parts in [
            &[][..],
            &[1],
            &[127, 1],
            &[128],
            &[127, 2],
            &[128, 1, 1],
            &[129],
            &[1, 500, 3],
            &[100, 100, 0, 100],
        ] {
            let mut buffer = Buffer::default();
            let mut expected = String::new();
            for (letter, length) in ["a", "b", "c", "d"].into_iter().zip(parts) {
                let part = letter.repeat(*length);
                buffer.write_all(part.as_bytes()).unwrap();
                expected.push_str(&part);
            }
            let is_it = |text: &str| text == expected;
            assert_eq!(buffer.take_json(is_it).as_deref(), Some(&*expected));
        }
    }
}
