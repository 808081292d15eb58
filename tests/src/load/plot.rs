//! `docs/ledger-growth.svg` from the figures: one small chart for each thing that might grow with the log.

use std::fmt::Write;

use serde_json::Value;

use super::measure::as_f64;

/// A line in a chart: its name, its colour, and the member of each row that it shows.
type Line = (&'static str, &'static str, &'static str);

/// A chart: its heading, the table and member along, its lines, and the target, drawn as a dashed line.
struct Chart {
    heading: &'static str,
    table: &'static str,
    along: &'static str,
    lines: &'static [Line],
    scale: f64,
    target: Option<f64>,
}

const BLUE: &str = "#1f5fa8";
const ORANGE: &str = "#b85c00";
const GREEN: &str = "#2c7a3f";

const CHARTS: &[Chart] = &[
    Chart {
        heading: "Durable appends, % of R",
        table: "growth",
        along: "size",
        lines: &[
            ("outside the map", BLUE, "issuancePercentOfR"),
            ("DIDs, map kept up", ORANGE, "didPercentOfR"),
        ],
        scale: 1.0,
        target: Some(80.0),
    },
    Chart {
        heading: "Durable appends, per second",
        table: "growth",
        along: "size",
        lines: &[
            ("outside the map", BLUE, "issuancePerSecond"),
            ("DIDs, map kept up", ORANGE, "didPerSecond"),
        ],
        scale: 1.0,
        target: None,
    },
    Chart {
        heading: "Receipt, bytes",
        table: "growth",
        along: "size",
        lines: &[("longest path", BLUE, "receiptBytesMost"), ("median", GREEN, "receiptBytes")],
        scale: 1.0,
        target: None,
    },
    Chart {
        heading: "Current proof without its entry, bytes",
        table: "growth",
        along: "size",
        lines: &[("plain", BLUE, "currentBytes"), ("gzip", GREEN, "currentGzipBytes")],
        scale: 1.0,
        target: None,
    },
    Chart {
        heading: "Proving, 99th percentile, µs",
        table: "growth",
        along: "size",
        lines: &[
            ("receipt", BLUE, "receiptP99Micros"),
            ("current proof", ORANGE, "currentP99Micros"),
        ],
        scale: 1.0,
        target: Some(1_000.0),
    },
    Chart {
        heading: "Memory, MiB",
        table: "growth",
        along: "size",
        lines: &[
            ("under load", BLUE, "memoryMiB"),
            ("after a restart", GREEN, "memoryAfterRestartMiB"),
        ],
        scale: 1.0,
        target: Some(512.0),
    },
    Chart {
        heading: "Restart, seconds",
        table: "growth",
        along: "size",
        lines: &[("clean", GREEN, "restartMillis"), ("killed", ORANGE, "restartKilledMillis")],
        scale: 1e-3,
        target: Some(2.0),
    },
    Chart {
        heading: "Disk, bytes for each leaf",
        table: "growth",
        along: "size",
        lines: &[("everything", BLUE, "bytesPerLeaf"), ("tiles", GREEN, "tileBytesPerLeaf")],
        scale: 1.0,
        target: None,
    },
    Chart {
        heading: "Map alone, one core, thousand keys per second",
        table: "map",
        along: "keys",
        lines: &[("new", BLUE, "newPerSecond"), ("changed", ORANGE, "updatesPerSecond")],
        scale: 1e-3,
        target: None,
    },
];

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 220.0;
const COLUMNS: usize = 3;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;

/// The whole picture.
#[must_use]
pub fn svg(figures: &Value) -> String {
    let rows = CHARTS.len().div_ceil(COLUMNS);
    let (width, height) = (WIDTH * count(COLUMNS), HEIGHT * count(rows));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\" role=\"img\">\n\
         <title>The ledger as it grows</title>\n\
         <desc>Small charts over the number of leaves or keys, on a logarithmic scale, drawn from \
         ledger-figures.json.</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (number, chart) in CHARTS.iter().enumerate() {
        let (x, y) = (WIDTH * count(number % COLUMNS), HEIGHT * count(number / COLUMNS));
        let _ = writeln!(out, "<g transform=\"translate({x},{y})\">");
        draw(&mut out, chart, figures);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, chart: &Chart, figures: &Value) {
    let series: Vec<(&Line, Vec<(f64, f64)>)> =
        chart.lines.iter().map(|line| (line, points(chart, line.2, figures))).collect();
    let all = || series.iter().flat_map(|(_, points)| points);
    let most = all().map(|(_, y)| *y).chain(chart.target).fold(0.0, f64::max);
    let top = ceiling(most);
    let (first, last) = all().fold((f64::MAX, f64::MIN), |(low, high), (x, _)| {
        (low.min(x.log10()), high.max(x.log10()))
    });
    let (plot_width, plot_height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let across = |x: f64| LEFT + (x.log10() - first) / (last - first).max(1e-9) * plot_width;
    let up = |y: f64| TOP + (1.0 - y / top) * plot_height;

    let _ =
        writeln!(out, "<text x=\"{LEFT}\" y=\"18\" font-weight=\"bold\">{}</text>", chart.heading);
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let y = up(value);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#dddddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\" fill=\"#555555\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 5.0,
            y + 4.0,
            short(value)
        );
    }
    if let Some(target) = chart.target {
        let y = up(target);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#a01818\" stroke-dasharray=\"4 3\"/>",
            WIDTH - RIGHT
        );
    }
    let mut marks: Vec<f64> = all().map(|(x, _)| *x).collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    for x in marks {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555555\">{}</text>",
            across(x),
            HEIGHT - BOTTOM + 15.0,
            short(x)
        );
    }
    for (number, ((name, colour, _), points)) in series.iter().enumerate() {
        let path: Vec<_> =
            points.iter().map(|(x, y)| format!("{:.1} {:.1}", across(*x), up(*y))).collect();
        if !path.is_empty() {
            let _ = writeln!(
                out,
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join("L")
            );
        }
        for (x, y) in points {
            let _ = writeln!(
                out,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{}: {}</title></circle>",
                across(*x),
                up(*y),
                short(*x),
                short(*y)
            );
        }
        let x = LEFT + count(number) * 130.0;
        let y = HEIGHT - 10.0;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{:.1}\" width=\"9\" height=\"9\" fill=\"{colour}\"/><text x=\"{}\" \
             y=\"{y}\">{name}</text>",
            y - 8.0,
            x + 13.0
        );
    }
}

fn points(chart: &Chart, member: &str, figures: &Value) -> Vec<(f64, f64)> {
    let rows = figures[chart.table].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .filter_map(|row| {
            let value = match member {
                "bytesPerLeaf" => row["diskBytes"].as_f64()? / row["leaves"].as_f64()?,
                "tileBytesPerLeaf" => row["tileBytes"].as_f64()? / row["leaves"].as_f64()?,
                member => row[member].as_f64()?,
            };
            Some((row[chart.along].as_f64()?, value * chart.scale))
        })
        .collect()
}

/// The next round number.
fn ceiling(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|round| *round >= value)
        .unwrap_or(value)
}

fn short(value: f64) -> String {
    if value >= 1e6 {
        trimmed(value / 1e6, "M")
    } else if value >= 1e4 {
        trimmed(value / 1e3, "k")
    } else {
        trimmed(value, "")
    }
}

fn trimmed(value: f64, unit: &str) -> String {
    let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{}{unit}", text.trim_end_matches(".0"))
}

fn count(number: usize) -> f64 {
    as_f64(number as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chart_shows_every_row_and_its_target() {
        let figures = json!({"growth": [
            {"size": 10_000, "restartMillis": 20.0, "restartKilledMillis": 30.0},
            {"size": 100_000, "restartMillis": 200.0, "restartKilledMillis": 3_000.0},
        ]});
        let picture = svg(&figures);
        assert_eq!(picture.matches("<circle").count(), 4);
        assert!(picture.contains("<title>100k: 3</title>"));
        assert_eq!(picture.matches("stroke-dasharray").count(), 4);
        assert_eq!(picture.matches("<g ").count(), CHARTS.len());
    }

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([0.3, 1.0, 77.0, 512.0, 1_600.0].map(ceiling), [0.4, 1.0, 80.0, 800.0, 2_000.0]);
        assert_eq!([9_999.0, 20_500.0, 1e6, 0.25].map(short), ["9999", "20.5k", "1M", "0.2"]);
    }
}
