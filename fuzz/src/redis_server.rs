//! A server of Redis' protocol that lets a store be opened, and then answers what an input says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// The answers that are still to be given; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<Option<VecDeque<Vec<u8>>>>>);

impl Answers {
    /// Gives these from now on, one to a command, and then closes the connection.
    pub fn begin(&self, answers: VecDeque<Vec<u8>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answers);
    }

    /// Returns the answer to a command; `None` if there is none left.
    fn next(&self, command: &[Vec<u8>]) -> Option<Vec<u8>> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(answers) => answers.pop_front(),
            None => Some(peaceful(command)),
        }
    }

    /// Answers commands until there is no answer left, or one is not a whole value: whoever reads that would wait.
    pub async fn serve(self, mut stream: DuplexStream) {
        let mut buffer = Vec::new();
        loop {
            while let Some((command, length)) = command(&buffer) {
                buffer.drain(..length);
                let Some(answer) = self.next(&command) else {
                    return;
                };
                if stream.write_all(&answer).await.is_err() || !is_whole(&answer) {
                    return;
                }
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
    }
}

/// What a server that has no sessions says while a store is opened.
fn peaceful(command: &[Vec<u8>]) -> Vec<u8> {
    let words: Vec<_> = command
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    match &words[..] {
        [b"info", b"cluster"] => bulk(b"cluster_enabled:0\r\n"),
        [b"info", b"memory"] => bulk(b"maxmemory_policy:noeviction\r\n"),
        [b"info", _] => bulk(b"evicted_keys:0\r\n"),
        [b"evalsha", ..] => bulk(b"done"),
        _ => b"+OK\r\n".to_vec(),
    }
}

/// Writes a string of Redis'.
pub fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Reads a client's command, which is a list of strings, and its length; `None` if it is not whole.
fn command(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let (count, mut at) = head(bytes, 0, b'*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (length, start) = head(bytes, at, b'$')?;
        words.push(bytes.get(start..start + length)?.to_vec());
        at = start + length + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

/// Reads a line of a mark and a number that is not negative; returns the number and where the next line begins.
fn head(bytes: &[u8], at: usize, mark: u8) -> Option<(usize, usize)> {
    let (line, next) = line(bytes, at)?;
    let digits = line.strip_prefix(&[mark])?;
    let is_number = (1..10).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(digits).ok().filter(|_| is_number)?;
    Some((number.parse().ok()?, next))
}

/// Reads up to the next end of a line; returns what is before and where the next line begins.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&rest[..end], at + end + 2))
}

/// Says whether an answer is one value of protocol 2, and nothing else.
pub fn is_whole(bytes: &[u8]) -> bool {
    value(bytes, 0, 0) == Some(bytes.len())
}

/// Returns where the value ends that begins here.
fn value(bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
    let (text, next) = line(bytes, at)?;
    let (mark, rest) = text.split_first()?;
    match mark {
        _ if depth > 6 => None,
        b'+' | b'-' => str::from_utf8(rest).is_ok().then_some(next),
        b':' => {
            let is_number = str::from_utf8(rest).ok()?.parse::<i64>().is_ok();
            is_number.then_some(next)
        }
        b'$' | b'*' if rest == b"-1" => Some(next),
        b'$' => {
            let (length, start) = head(bytes, at, b'$')?;
            let end = start.checked_add(length)?;
            (bytes.get(end..end + 2)? == b"\r\n").then_some(end + 2)
        }
        b'*' => {
            let (count, mut end) = head(bytes, at, b'*')?;
            for _ in 0..count {
                end = value(bytes, end, depth + 1)?;
            }
            Some(end)
        }
        _ => None,
    }
}

/// Says what a bulk string holds that is all of an answer.
pub fn unbulked(answer: &[u8]) -> Option<&[u8]> {
    let (length, start) = head(answer, 0, b'$')?;
    answer
        .get(start..start + length)
        .filter(|_| is_whole(answer))
}
