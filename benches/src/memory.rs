//! Bytes per session, the time of a look-up among many, and a flood of made-up cookies. Each subject has a process of
//! its own, whose allocator counts.

use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use session_costs::{Content, Entry, Spread};

/// A subject with many sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Filled {
    pub subject: String,
    pub sessions: usize,
    /// Resident bytes per session.
    pub resident: f64,
    /// Bytes in use per session.
    pub in_use: f64,
    /// Nanoseconds to begin a session.
    pub begin: f64,
    /// Nanoseconds of a request that reads a random session.
    pub read: Spread,
}

/// A subject in a flood.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Flooded {
    pub subject: String,
    /// Nanoseconds of a request that reads without a cookie.
    pub without: Spread,
    /// The same with one made-up id.
    pub one: Spread,
    /// The same with 64 made-up ids in one header.
    pub many: Spread,
    /// Bytes that a request with a made-up id leaves behind.
    pub left: f64,
}

/// Counts the bytes that a closure allocates and does not free.
pub type Kept = fn(&mut dyn FnMut()) -> i64;

/// A session of about 200 bytes: ten values of twelve.
pub const CONTENT: Content = Content {
    values: 10,
    bytes: 12,
};

/// Fills a subject with sessions and reads random ones.
///
/// # Errors
///
/// The subject can't be made.
pub fn fill(entry: &Entry, sessions: usize, kept: Kept) -> Result<Filled> {
    CONTENT.set();
    let mut subject = (entry.make)()?;
    for _ in 0..WARM_UP {
        subject.visit("/seed", "");
    }
    let every = sessions.div_ceil(SAMPLE);
    let mut cookies = Vec::with_capacity(SAMPLE);
    let (before, start) = (resident()?, Instant::now());
    let in_use = kept(&mut || {
        for number in 0..sessions {
            let cookie = subject.visit("/seed", "");
            if number % every == 0 {
                cookies.push(cookie);
            }
        }
    });
    let begin = per(start.elapsed().as_secs_f64() * 1e9, sessions);
    let own: usize = cookies.iter().map(String::capacity).sum();
    let own = own + cookies.len() * 8;
    let resident = resident()? - before - to_float(own);
    #[allow(clippy::cast_precision_loss)]
    let in_use = in_use as f64 - to_float(own);
    let mut random = Random(1);
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        for _ in 0..READS {
            let cookie = &cookies[random.below(cookies.len())];
            subject.visit("/read", cookie);
        }
        per(start.elapsed().as_secs_f64() * 1e9, READS)
    });
    let read = Spread::of(rounds.collect::<Vec<_>>());
    Ok(Filled {
        subject: entry.name.to_owned(),
        sessions,
        resident: per(resident, sessions),
        in_use: per(in_use, sessions),
        begin,
        read,
    })
}

/// Sends made-up cookies to a subject.
///
/// # Errors
///
/// The subject can't be made.
pub fn flood(entry: &Entry, kept: Kept) -> Result<Flooded> {
    CONTENT.set();
    let mut subject = (entry.make)()?;
    let real = subject.visit("/seed", "");
    let mut random = Random(7);
    let one: Vec<_> = (0..READS).map(|_| random.like(&real)).collect();
    let many: Vec<_> = (0..READS / 64)
        .map(|_| {
            let ids: Vec<_> = (0..64).map(|_| random.like(&real)).collect();
            ids.join("; ")
        })
        .collect();
    let none = vec![String::new(); READS];
    let mut time = |cookies: &[String]| {
        let rounds = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            for cookie in cookies {
                subject.visit("/read", cookie);
            }
            per(start.elapsed().as_secs_f64() * 1e9, cookies.len())
        });
        Spread::of(rounds.collect::<Vec<_>>())
    };
    let (without, many) = (time(&none), time(&many));
    let one_time = time(&one);
    let left = kept(&mut || {
        // Ids that were not seen before.
        for cookie in &one {
            subject.visit("/read", &random.like(cookie));
        }
    });
    #[allow(clippy::cast_precision_loss)]
    Ok(Flooded {
        subject: entry.name.to_owned(),
        without,
        one: one_time,
        many,
        left: per(left as f64, READS),
    })
}

/// Reads this process's resident bytes.
fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().split(' ').next());
    Ok(kibibytes.context("VmRSS")?.parse::<f64>()? * 1024.0)
}

fn per(total: f64, count: usize) -> f64 {
    total / to_float(count)
}

#[allow(clippy::cast_precision_loss)]
fn to_float(count: usize) -> f64 {
    count as f64
}

/// A generator of numbers that need not be good: `xorshift`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    /// Returns a cookie of the same name and form with other letters and digits.
    fn like(&mut self, cookie: &str) -> String {
        let (name, value) = cookie.split_once('=').unwrap_or(("", cookie));
        let mut other = format!("{name}=");
        for letter in value.chars() {
            other.push(match letter {
                '0'..='9' | 'a'..='z' | 'A'..='Z' => {
                    char::from(b"0123456789abcdef"[self.below(16)])
                }
                same => same,
            });
        }
        other
    }
}

const WARM_UP: usize = 20;
const SAMPLE: usize = 50_000;
const ROUNDS: usize = 7;
const READS: usize = 20_000;
