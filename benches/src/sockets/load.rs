//! The load generator: connections that ask again as soon as they have an answer.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sockets::running::{content_length, is_success, request};

/// What one turn has seen.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)]
pub struct Seen {
    /// Answers in a second.
    pub per_second: f64,
    /// Microseconds that 99 of 100 answers took at most.
    pub p99: f64,
    /// Answers with another status than success.
    pub errors: usize,
}

/// Asks from `connections` connections for as long as `turn` says, after a warm-up; each line of the file is the
/// `Cookie` header of a connection.
///
/// # Errors
///
/// A connection fails.
pub fn generate(
    port: u16,
    path: &str,
    cookies: &Path,
    connections: usize,
    turn: Duration,
) -> Result<Seen> {
    let cookies = std::fs::read_to_string(cookies)?;
    let cookies: Vec<&str> = cookies.split('\n').collect();
    let requests: Vec<_> = (0..connections)
        .map(|number| request(path, cookies[number % cookies.len()]))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let begin = Instant::now() + turn / 4;
        let end = begin + turn;
        let tasks: Vec<_> = requests
            .into_iter()
            .map(|request| tokio::spawn(connection(port, request, begin, end)))
            .collect();
        let (mut latencies, mut errors) = (Vec::new(), 0);
        for task in tasks {
            let (seen, failed) = task.await??;
            latencies.extend(seen);
            errors += failed;
        }
        latencies.sort_unstable();
        // Without an answer in time, the slowest took at least as long as the turn.
        let p99 = latencies
            .get(latencies.len() * 99 / 100)
            .copied()
            .unwrap_or(turn);
        #[allow(clippy::cast_precision_loss)]
        Ok(Seen {
            per_second: latencies.len() as f64 / turn.as_secs_f64(),
            p99: p99.as_secs_f64() * 1e6,
            errors,
        })
    })
}

/// Asks again and again. A connection that fails counts as an error, and is made again.
async fn connection(
    port: u16,
    request: Vec<u8>,
    begin: Instant,
    end: Instant,
) -> Result<(Vec<Duration>, usize)> {
    let mut stream = connect(port).await?;
    let (mut latencies, mut errors) = (Vec::with_capacity(8_192), 0);
    let mut buffer = Vec::with_capacity(16_384);
    loop {
        let start = Instant::now();
        if start >= end {
            return Ok((latencies, errors));
        }
        if let Err(error) = ask(&mut stream, &request, &mut buffer).await {
            eprintln!("{error}");
            errors += 1;
            stream = connect(port).await?;
            continue;
        }
        let now = Instant::now();
        if !is_success(&buffer) {
            errors += 1;
        } else if start >= begin && now <= end {
            latencies.push(now - start);
        }
    }
}

async fn connect(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn ask(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Result<()> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        let count = stream.read_buf(buffer).await?;
        ensure!(count > 0, "the server closed the connection");
        if let Some(length) = whole(buffer)? {
            ensure!(buffer.len() == length, "more than one answer");
            return Ok(());
        }
    }
}

/// Returns the length of the answer, if all of it is there.
fn whole(buffer: &[u8]) -> Result<Option<usize>> {
    let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let length = content_length(&buffer[..head]).context("an answer without a length")?;
    let whole = head + 4 + length;
    Ok((buffer.len() >= whole).then_some(whole))
}
