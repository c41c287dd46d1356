//! The figures as tables in Markdown.

use std::fmt::Write as _;

use session_costs::{Family, Figures, Role, Scenario, Spread, allocations, instructions, time};

use crate::cores;
use crate::results::Results;
use crate::sockets::databases::Kind;
use crate::sockets::throughput::{Row, SCENARIOS};
use crate::sockets::{commands, owners};

const FAMILIES: [(Family, &str); 3] = [
    (Family::Axum, "axum"),
    (Family::Actix, "actix-web"),
    (Family::Rocket, "Rocket"),
];

/// Writes all tables.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let mut text = format!(
        "# Us and the peers\n\n\
         Measured by `cargo run --release` in `benches/` in {} s, on {}. Each library has its documented production \
         configuration, which its file in `benches/src/peers/` names. The peers are tower-sessions, axum_session, ruts, \
         actix-session (with the cookie as its store, with Redis, and with a hash map that was written for this, since \
         it has no store in memory) and rocket_session_store.\n\n\
         The scenarios: `untouched` is a handler without a session and a request without a cookie; `with-cookie` the \
         same with a valid one; `read` reads one of ten values (1 KiB); `increment` changes one of them; `read-sliding` \
         is a read that extends the session's life; `create` stores the first value.\n\n",
        results.seconds, results.machine
    );
    let mut section = |title: &str, words: &str, table: &str| {
        let _ = write!(text, "## {title}\n\n{words}\n\n{table}\n");
    };
    section(
        "In short: ours as a share of the best peer's",
        "Nanoseconds above the bare framework in one run; less than 1 is less than every peer. A negative share is noise \
         about nothing.",
        &shares(&results.time),
    );
    section(
        "Time",
        "Nanoseconds per request in process: *whole* for the bare frameworks, above the bare framework (on axum above a \
         layer that inserts one extension) for the others. Median, and the middle half.\n\n![Nanoseconds above the bare \
         framework](time.svg)",
        &time::table(&results.time),
    );
    if let Some(figures) = &results.instructions {
        section(
            "Instructions",
            "Per request, by callgrind, counted alike. Only the main thread's; SHA-256 in software.",
            &instructions::table(figures),
        );
    }
    section(
        "Allocations",
        "Per request, counted alike.",
        &allocations::table(&results.allocations.count),
    );
    section(
        "Bytes allocated",
        "Per request, counted alike.",
        &allocations::table(&results.allocations.bytes),
    );
    section(
        "Bytes of Set-Cookie",
        "Per answer.",
        &allocations::table(&results.allocations.set_cookie),
    );
    section(
        "What databases are asked",
        "Per request, as Redis (`MONITOR`) and PostgreSQL (its log) see it.",
        &commands(&results.commands),
    );
    throughput(results, &mut section);
    section(
        "What an owner costs on Redis",
        "Ours alone: no peer has owners. Redis' own time for a request, as `INFO commandstats` counts it.",
        &owners(&results.owners),
    );
    section(
        "Memory",
        "Sessions of about 200 bytes in memory, each begun by a request. `read` is a whole request that reads a random \
         session, with the framework's own time.\n\n![Bytes per session](memory.svg)\n\n![Time of a read](lookup.svg)",
        &memory(results),
    );
    section(
        "A flood of made-up cookies",
        "Nanoseconds of a whole request that reads, and the bytes that one leaves behind.",
        &flood(results),
    );
    for (kibibytes, figures) in &results.sizes {
        section(
            &format!("Sessions of {kibibytes} KiB"),
            "Nanoseconds above the bare framework. A subject without a row can't hold such a session.",
            &time::table(figures),
        );
    }
    section(
        "Two cores",
        "What two threads do as a multiple of what one does: in one application on axum, and on one store elsewhere, as \
         the workers of actix-web do.",
        &cores(&results.cores),
    );
    text
}

/// Ours as a share of the best peer's, by framework.
fn shares(figures: &Figures) -> String {
    let mut table = header("", Scenario::ALL.map(Scenario::name));
    for (family, name) in FAMILIES {
        let _ = write!(table, "| {name} |");
        for scenario in Scenario::ALL {
            let of = |role: Role| {
                let all = figures.all.iter().filter(move |figure| {
                    figure.family == family && figure.role == role && figure.scenario == scenario
                });
                all.min_by(|one, other| one.above.median.total_cmp(&other.above.median))
            };
            let cell = match (of(Role::Ours), of(Role::Peer)) {
                (Some(ours), Some(best)) => {
                    let share = ours.above.median / best.above.median;
                    format!("{share:.2} of {}", best.subject)
                }
                _ => "–".to_owned(),
            };
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

/// Writes the table of what databases are asked.
#[must_use]
pub fn commands(asked: &[commands::Row]) -> String {
    let mut table = header("", Scenario::ALL.map(Scenario::name));
    let mut rows: Vec<_> = asked
        .iter()
        .map(|row| (&row.subject, &row.backend))
        .collect();
    rows.dedup();
    for (subject, backend) in rows {
        let _ = write!(table, "| {subject}, {backend} |");
        for scenario in Scenario::ALL {
            let row = asked.iter().find(|row| {
                row.subject == *subject && row.backend == *backend && row.scenario == scenario
            });
            let named = row
                .into_iter()
                .flat_map(|row| &row.commands)
                .map(|(name, count)| match (count - 1.0).abs() < 0.005 {
                    true => name.clone(),
                    false => format!("{} {name}", (count * 100.0).round() / 100.0),
                });
            let named: Vec<_> = named.collect();
            let cell = if named.is_empty() {
                "none".to_owned()
            } else {
                named.join(", ")
            };
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

fn throughput(results: &Results, section: &mut impl FnMut(&str, &str, &str)) {
    let mut best = header("", ["untouched", "read", "increment"]);
    for kind in Kind::ALL {
        for (family, name) in FAMILIES {
            let of = |scenario: Scenario, role: Role| {
                let all = results.throughput.iter().filter(move |row| {
                    row.family == family
                        && row.role == role
                        && row.scenario == scenario
                        && row.backend == kind.name()
                });
                all.max_by(|one, other| one.of_bare.median.total_cmp(&other.of_bare.median))
            };
            if of(Scenario::Read, Role::Peer).is_none() {
                continue;
            }
            let _ = write!(best, "| {}, {name} |", kind.name());
            for scenario in SCENARIOS {
                let cell = match (of(scenario, Role::Ours), of(scenario, Role::Peer)) {
                    (Some(ours), Some(peer)) => {
                        let share = ours.per_second.median / peer.per_second.median;
                        format!("{share:.2} of {}", peer.subject)
                    }
                    _ => "–".to_owned(),
                };
                let _ = write!(best, " {cell} |");
            }
            best.push('\n');
        }
    }
    section(
        "Over sockets, in short: requests per second as a share of the best peer's",
        "More than 1 is more than every peer. 32 connections; server and database on one core, the load generator on \
         another; medians of rounds in which all take turns. axum_session answers reads from a cache that other \
         processes' writes do not reach.\n\n![Requests per second](throughput.svg)",
        &best,
    );
    section(
        "Over sockets",
        "Median, and the middle half. `synchronous` of SQLite is FULL or NORMAL.",
        &servers(&results.throughput),
    );
}

/// Writes the table of what servers do.
#[must_use]
pub fn servers(rows: &[Row]) -> String {
    let mut table = String::from(
        "| | backend | scenario | requests/s | of the bare framework | p99, µs | Redis' own µs | errors |\n\
         |---|---|---|---:|---:|---:|---:|---:|\n",
    );
    for Row {
        subject,
        backend,
        scenario,
        per_second,
        of_bare,
        p99,
        errors,
        redis,
        ..
    } in rows
    {
        let redis = redis
            .filter(|time| time.commands > 0.0)
            .map_or("–".to_owned(), |time| format!("{:.1}", time.micros));
        let _ = writeln!(
            table,
            "| {subject} | {backend} | {scenario} | {:.0} ({:.0}..{:.0}) | {:.0} % | {:.0} | {redis} | {errors} |",
            per_second.median,
            per_second.low,
            per_second.high,
            of_bare.median * 100.0,
            p99.median,
        );
    }
    table
}

/// Redis' own time for owners' sessions.
#[must_use]
pub fn owners(rows: &[owners::Row]) -> String {
    let mut table = header("", ["commands", "µs"]);
    for row in rows {
        let names = row.commands.iter().map(|(name, count)| match *count {
            1.0 => name.clone(),
            count => format!("{count} {name}"),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            table,
            "| {} | {names} | {:.1} |",
            row.request, row.time.micros
        );
    }
    table
}

fn memory(results: &Results) -> String {
    let mut table = String::from(
        "| | sessions | bytes resident | bytes in use | begin, ns | read, ns |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for row in &results.filled {
        let _ = writeln!(
            table,
            "| {} | {} | {:.0} | {:.0} | {:.0} | {} |",
            row.subject,
            row.sessions,
            row.resident,
            row.in_use,
            row.begin,
            spread(row.read)
        );
    }
    table
}

fn flood(results: &Results) -> String {
    let mut table = String::from(
        "| | no cookie | a made-up id | 64 made-up ids | bytes left |\n|---|---:|---:|---:|---:|\n",
    );
    for row in &results.flooded {
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {:.0} |",
            row.subject,
            spread(row.without),
            spread(row.one),
            spread(row.many),
            row.left
        );
    }
    table
}

/// What two cores do.
#[must_use]
pub fn cores(rows: &[cores::Row]) -> String {
    let mut table = header("", ["read", "increment"]);
    let mut subjects: Vec<_> = rows.iter().map(|row| &row.subject).collect();
    subjects.dedup();
    for subject in subjects {
        let of_it = rows.iter().filter(|row| row.subject == *subject);
        let cells = of_it.map(|row| {
            let Spread {
                median, low, high, ..
            } = row.two_of_one;
            format!("{median:.2} ({low:.2}..{high:.2})")
        });
        let _ = writeln!(
            table,
            "| {subject} | {} |",
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
    table
}

fn spread(spread: Spread) -> String {
    format!(
        "{:.0} ({:.0}..{:.0})",
        spread.median, spread.low, spread.high
    )
}

fn header<const N: usize>(first: &str, columns: [&str; N]) -> String {
    let columns = columns.join(" | ");
    format!("| {first} | {columns} |\n|---|{}\n", "---:|".repeat(N))
}
