//! The command beside live traffic on a large table: how long it takes, what memory it needs, whether it shows how far it is, and
//! what requests notice of it.
//!
//! ```text
//! cargo bench -p sessionctl --bench at_size                                  # 1,000,000 sessions, all stores
//! cargo bench -p sessionctl --bench at_size -- --rows 100000 --only redis    # sqlite, postgresql, mariadb, redis
//! cargo bench -p sessionctl --bench at_size -- --move 600 --json FILE        # moves for ten minutes, writes results
//! ```
//!
//! `cargo test` plays it with 2,000 sessions, and checks what the command says and that it shows how far it is.
//!
//! Four clients ask for sessions of their own at a fixed pace: three of five requests read, one writes, and one a second of each
//! session touches. A request's time is that from when it is sent. Before each command, and after it, the same clients are alone.
//! A p99 is the median of those of windows of so many requests ([`Size::window`]), as one hitch of the machine spoils one window.
#![allow(clippy::unwrap_used, missing_docs)]

mod filling;
#[path = "../../tests/place/mod.rs"]
#[allow(dead_code, reason = "the test of moves uses the rest")]
mod place;
mod report;
mod run;
mod steps;
mod traffic;

use session_servers::{Mariadb, Postgres, Redis, skips};

use self::place::Kind;
use self::report::Report;

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Size {
    rows: usize,
    /// Requests.
    window: usize,
    /// The longest move, in seconds; what is left then is not moved.
    longest_move: u64,
    /// Whether the machine is measured, or the command only tried.
    is_measured: bool,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let place = words.iter().position(|word| word == flag)?;
        words.get(place + 1)
    };
    let number = |flag, default| after(flag).map_or(default, |text| text.parse().unwrap());
    // Cargo says so in `cargo bench` alone.
    let is_measured = words.iter().any(|word| word == "--bench");
    let (rows, window) = if is_measured {
        (1_000_000, 500)
    } else {
        (2_000, 20)
    };
    let size = Size {
        rows: number("--rows", rows),
        window,
        longest_move: number("--move", 60) as u64,
        is_measured,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut report = Report::default();
    for (kind, programs) in [
        (Kind::Sqlite, &[][..]),
        (Kind::Postgresql, &Postgres::PROGRAMS),
        (Kind::Mysql, &Mariadb::PROGRAMS),
        (Kind::Single, &Redis::PROGRAMS),
    ] {
        let name = kind.name();
        let is_asked = after("--only").is_none_or(|only| name.eq_ignore_ascii_case(only));
        if is_asked && !skips(name, programs) {
            runtime.block_on(steps::play(kind, size, &mut report));
        }
    }
    if let Some(file) = after("--json") {
        report.write(file, size);
    }
}
