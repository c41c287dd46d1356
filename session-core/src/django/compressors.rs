use std::fmt;
use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};

/// Compressors that are used again: a new one costs more than it compresses, as it clears 300 KB.
#[derive(Default)]
pub(super) struct Compressors(Mutex<Vec<Compress>>);

impl Compressors {
    /// Compresses as Django does, if that saves two bytes or more, of which one is the dot.
    pub(super) fn compress(&self, json: &[u8]) -> Option<Vec<u8>> {
        // The shortest stream has eight bytes.
        let longest = json.len().checked_sub(2).filter(|longest| *longest >= 8)?;
        let mut compressor = match self.free().pop() {
            Some(compressor) => compressor,
            None => Compress::new(Compression::new(6), true),
        };
        let mut output = Vec::with_capacity(longest);
        // What does not fit is too long.
        let status = compressor.compress_vec(json, &mut output, FlushCompress::Finish);
        compressor.reset();
        let mut free = self.free();
        if free.len() < MOST {
            free.push(compressor);
        }
        let is_whole = matches!(status, Ok(Status::StreamEnd));
        (is_whole && output.len() <= longest).then_some(output)
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Compress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Compressors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compressors({} free)", self.free().len())
    }
}

/// As many are kept as rarely sign at once.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressor_is_used_again_whatever_it_did_before() {
        let compressors = Compressors::default();
        let long = b"x".repeat(1000);
        let first = compressors.compress(&long).unwrap();
        // It does not fit, and stops in the middle.
        assert_eq!(compressors.compress(b"0123456789abcdefghijkl"), None);
        assert_eq!(compressors.compress(&long), Some(first));
        assert_eq!(format!("{compressors:?}"), "Compressors(1 free)");
    }

    #[test]
    fn two_bytes_have_to_be_saved() {
        let compressors = Compressors::default();
        // Streams of 18 bytes, as Django's own.
        assert_eq!(compressors.compress(br#"{"k":"xxxxxxxxxx"}"#), None);
        assert_eq!(compressors.compress(br#"{"k":"xxxxxxxxxxx"}"#), None);
        assert!(compressors.compress(br#"{"k":"xxxxxxxxxxxxxx"}"#).is_some());
        for short in [&b""[..], b"{}", b"{\"a\":1}"] {
            assert_eq!(compressors.compress(short), None);
        }
    }
}
