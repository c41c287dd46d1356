//! The figures as pictures.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use session_costs::{Role, Scenario};

use crate::results::Results;
use crate::sockets::databases::Kind;

/// Draws all pictures into a folder.
///
/// # Errors
///
/// A file can't be written.
pub fn draw(results: &Results, folder: &Path) -> Result<()> {
    time(results, &folder.join("time.svg"))?;
    throughput(results, &folder.join("throughput.svg"))?;
    let bytes = results
        .filled
        .iter()
        .map(|row| (&*row.subject, row.sessions, row.resident));
    lines(
        "Resident bytes per session",
        bytes.collect(),
        &folder.join("memory.svg"),
    )?;
    let reads = results
        .filled
        .iter()
        .map(|row| (&*row.subject, row.sessions, row.read.median));
    lines(
        "Nanoseconds to read a random session",
        reads.collect(),
        &folder.join("lookup.svg"),
    )
}

/// One bar.
struct Bar {
    name: String,
    value: f64,
    is_ours: bool,
}

fn time(results: &Results, file: &Path) -> Result<()> {
    let groups = Scenario::ALL.map(|scenario| {
        let figures = results.time.all.iter().filter(|figure| {
            figure.scenario == scenario && matches!(figure.role, Role::Ours | Role::Peer)
        });
        let bars = figures.map(|figure| Bar {
            name: figure.subject.clone(),
            value: figure.above.median.max(0.0),
            is_ours: figure.role == Role::Ours,
        });
        (scenario.name().to_owned(), bars.collect())
    });
    bars(
        "Nanoseconds above the bare framework, per request",
        &groups,
        file,
    )
}

fn throughput(results: &Results, file: &Path) -> Result<()> {
    let groups = Kind::ALL.into_iter().flat_map(|kind| {
        [Scenario::Read, Scenario::Increment].map(|scenario| {
            let rows = results.throughput.iter().filter(|row| {
                row.backend == kind.name() && row.scenario == scenario && row.role != Role::Bare
            });
            let bars = rows.map(|row| Bar {
                name: row.subject.clone(),
                value: row.per_second.median,
                is_ours: row.role == Role::Ours,
            });
            (format!("{}: {scenario}", kind.name()), bars.collect())
        })
    });
    let groups: Vec<_> = groups.collect();
    bars(
        "Requests per second over 32 connections, one core",
        &groups,
        file,
    )
}

/// Draws groups of horizontal bars, ours in another colour; each group has a scale of its own.
fn bars(title: &str, groups: &[(String, Vec<Bar>)], file: &Path) -> Result<()> {
    const ROW: i32 = 17;
    let rows: usize = groups.iter().map(|(_, bars)| bars.len() + 2).sum();
    let height = u32::try_from(rows)? * ROW.unsigned_abs() + 40;
    let area = SVGBackend::new(file, (860, height)).into_drawing_area();
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| anyhow!("{error}");
    area.fill(&WHITE).map_err(failed)?;
    let write = |text: &str, size: i32, at: (i32, i32)| {
        let style = ("sans-serif", size).into_font().color(&BLACK);
        area.draw(&Text::new(text.to_owned(), at, style))
            .map_err(failed)
    };
    write(title, 18, (10, 8))?;
    let mut y = 40;
    for (name, bars) in groups {
        write(name, 14, (10, y))?;
        y += ROW;
        let most = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
        for bar in bars {
            #[allow(clippy::cast_possible_truncation, reason = "pixels")]
            let length = (bar.value / most * 560.0).round() as i32;
            let color = if bar.is_ours { OURS } else { PEER };
            let corners = [(180, y + 2), (180 + length.max(1), y + ROW - 3)];
            area.draw(&Rectangle::new(corners, color.filled()))
                .map_err(failed)?;
            write(&bar.name, 12, (20, y + 2))?;
            write(&format!("{:.0}", bar.value), 12, (186 + length, y + 2))?;
            y += ROW;
        }
        y += ROW;
    }
    area.present().map_err(failed)
}

/// Draws a line for each subject over the number of sessions.
fn lines(title: &str, points: Vec<(&str, usize, f64)>, file: &Path) -> Result<()> {
    let area = SVGBackend::new(file, (860, 420)).into_drawing_area();
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| anyhow!("{error}");
    area.fill(&WHITE).map_err(failed)?;
    let number = |sessions: usize| f64::from(u32::try_from(sessions).unwrap_or(u32::MAX));
    let last = points
        .iter()
        .map(|(_, sessions, _)| number(*sessions))
        .fold(1_000.0, f64::max);
    let most = points.iter().map(|(.., value)| *value).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d((800.0..last * 1.2).log_scale(), 0.0..most * 1.05)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("sessions")
        .x_label_formatter(&|sessions| format!("{sessions:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    let mut subjects: Vec<&str> = points.iter().map(|(subject, ..)| *subject).collect();
    subjects.dedup();
    for (index, subject) in subjects.into_iter().enumerate() {
        let color = Palette99::pick(index).mix(1.0);
        let own = points.iter().filter(|(other, ..)| *other == subject);
        let own = own.map(|(_, sessions, value)| (number(*sessions), *value));
        let width = if subject.starts_with("session-") || subject == "memory-store" {
            3
        } else {
            1
        };
        chart
            .draw_series(LineSeries::new(own, color.stroke_width(width)).point_size(3))
            .map_err(failed)?
            .label(subject)
            .legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 20, y)], color.stroke_width(width))
            });
    }
    let mut labels = chart.configure_series_labels();
    let labels = labels.position(SeriesLabelPosition::UpperLeft);
    labels
        .background_style(WHITE.mix(0.8))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}

const OURS: RGBColor = RGBColor(30, 100, 200);
const PEER: RGBColor = RGBColor(190, 190, 190);
