use std::fs;

use serde_json::{Value, json};

use super::Size;
use super::run::Run;
use super::traffic::Times;

/// The lines of the table, which are printed as they come.
#[derive(Debug, Default)]
pub struct Report(Vec<Value>);

/// The times of the same clients before, beside and after a command.
#[derive(Debug, Default)]
pub struct Beside {
    pub alone: Times,
    pub beside: Times,
}

impl Report {
    pub fn begin(name: &str, rows: usize, filled: std::time::Duration) {
        println!(
            "\n{name}, {rows} sessions (made in {} s)\n",
            filled.as_secs()
        );
        println!(
            "| command | what | s | peak MB | drawn | p50 alone → beside, ms | p99 alone → beside, ms | × |"
        );
        println!("|---|---|---:|---:|---:|---:|---:|---:|");
    }

    pub fn add(
        &mut self,
        store: &str,
        (command, what): (&str, String),
        runs: &[Run],
        times: &Beside,
        size: Size,
    ) {
        let percentiles = |percent| {
            [&times.alone, &times.beside].map(|times| times.percentile(percent, size.window))
        };
        let [p50, p99] = [50, 99].map(percentiles);
        let ratio = p99[0].zip(p99[1]).map(|(alone, beside)| beside / alone);
        let longest = runs.iter().map(|run| run.took).max().unwrap_or_default();
        let peak = runs.iter().filter_map(|run| run.peak).max();
        let megabytes = peak.map(|units| f64::from(units) * 1.024 / 1e3);
        let drawn = runs.iter().filter_map(|run| run.drawn).max();
        let shown =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        println!(
            "| `{command}` | {what} | {:.1} | {} | {} | {} → {} | {} → {} | {} |",
            longest.as_secs_f64(),
            shown(megabytes),
            drawn.map_or("-".to_owned(), |drawn| drawn.to_string()),
            shown(p50[0]),
            shown(p50[1]),
            shown(p99[0]),
            shown(p99[1]),
            shown(ratio),
        );
        self.0.push(json!({
            "store": store,
            "command": command,
            "what": what,
            "seconds": longest.as_secs_f64(),
            "peak_megabytes": megabytes,
            "drawn": drawn,
            "requests_beside": times.beside.0.len(),
            "p50_ms": p50,
            "p99_ms": p99,
            "ratio": ratio,
        }));
    }

    pub fn write(&self, file: &str, size: Size) {
        let results = json!({ "rows": size.rows, "window": size.window, "results": self.0 });
        let text = serde_json::to_string_pretty(&results).unwrap();
        fs::write(file, text + "\n").unwrap();
    }
}
