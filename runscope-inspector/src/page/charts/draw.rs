use super::window::Window;
use crate::exchange::Timestamp;
use crate::page::format;
use crate::store::{Bar, Histogram};
use maud::{Markup, html};
use std::fmt::Write;
use std::time::Duration;

/// What is drawn.
pub(super) struct Chart {
    pub(super) window: Window,
    pub(super) histogram: Histogram,
    /// The list's link, to which a script adds a span of time.
    pub(super) zoom: String,
    /// The list without bounds of time, where it has any.
    pub(super) zoom_out: Option<String>,
}

/// The classes from the base of a bar upwards: what is wrong stands on the line, where it is
/// compared best.
const CLASSES: [(usize, &str, &str); 6] = [
    (5, "5xx", "b5"),
    (4, "4xx", "b4"),
    (3, "3xx", "b3"),
    (0, "no answer", "b0"),
    (1, "1xx", "b1"),
    (2, "2xx", "b2"),
];

/// The units of a drawing that a bar is wide.
const WIDTH: usize = 10;

const HEIGHT: f64 = 100.0;

/// The charts, or a word where there is nothing to draw.
pub(super) fn draw(chart: Option<&Chart>, zoom_out: Option<&str>) -> Markup {
    html! {
        @match chart {
            Some(chart) => (charts(chart)),
            None => p.empty-note {
                "No calls in this span of time. "
                @if let Some(link) = zoom_out { a href=(link) { "Look at all times" } }
            }
        }
    }
}

fn charts(chart: &Chart) -> Markup {
    let window = &chart.window;
    let bars = placed(chart);
    let most = bars
        .iter()
        .flatten()
        .map(|bar| total(bar))
        .max()
        .unwrap_or(0);
    let width = window.bars.saturating_mul(WIDTH);
    let slowest = bars.iter().flatten().filter_map(|bar| bar.p99).max();
    html! {
        div.chart-head {
            h2 { "Calls over time" }
            (legend(&bars))
            @if !chart.histogram.complete {
                span.tag title="The search ran out of time; the newest are counted" { "partial" }
            }
            @if let Some(link) = &chart.zoom_out {
                a.button.quiet #zoom-out href=(link) { "Zoom out" }
            }
        }
        div.plot #plot role="slider" tabindex="0" aria-label="Calls over time" aria-valuemin="0"
            aria-valuemax=(window.bars.saturating_sub(1)) aria-valuenow="0" aria-valuetext=(spoken(&bars))
            aria-describedby="plot-keys" data-zoom=(chart.zoom) data-start=(window.start) data-step=(window.step)
            data-bars=(window.bars) {
            div.plot-area {
                svg.counts viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                    @for (at, bar) in bars.iter().enumerate() {
                        @if let Some(bar) = bar { (column(at, bar, most)) }
                    }
                }
                span.plot-most { (format::count(most)) }
            }
            @if let Some(slowest) = slowest {
                div.plot-area.plot-times {
                    (lines(&bars, width, slowest))
                    span.plot-most { (format::duration(slowest)) }
                }
            }
            div #brush hidden {}
        }
        div.axis aria-hidden="true" {
            @for part in 0..5_i64 {
                (tick(window, part))
            }
        }
        p.visually-hidden #plot-keys {
            "Left and right move, with Shift they select, Enter zooms in, Backspace zooms out."
        }
        (table(chart, &bars))
    }
}

/// The bars of the histogram at the places where they are drawn.
fn placed(chart: &Chart) -> Vec<Option<&Bar>> {
    let mut bars = vec![None; chart.window.bars];
    for bar in &chart.histogram.bars {
        let place = chart.window.bar_of(bar.start.as_micros());
        if let Some(place) = place.and_then(|place| bars.get_mut(place)) {
            *place = Some(bar);
        }
    }
    bars
}

fn column(at: usize, bar: &Bar, most: u64) -> Markup {
    let scale = HEIGHT / most.max(1) as f64;
    let x = at.saturating_mul(WIDTH);
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (class, _, name) in CLASSES {
        let count = bar.classes.get(class).copied().unwrap_or(0);
        if count > 0 {
            // One failed call among thousands is seen all the same.
            let height = (count as f64 * scale).max(1.5);
            top -= height;
            parts.push((name, top.max(0.0), height));
        }
    }
    html! {
        @for (name, y, height) in parts {
            rect class=(name) x=(x + 1) y=(format!("{y:.2}")) width=(WIDTH - 2) height=(format!("{height:.2}")) {}
        }
    }
}

/// Percentiles on a logarithmic scale, from the power of ten below the fastest up to the slowest: a
/// line breaks where nothing was measured, and a lone point is a short dash.
fn lines(bars: &[Option<&Bar>], width: usize, slowest: Duration) -> Markup {
    let power = |duration: Duration| (duration.as_secs_f64() * 1e3).max(0.1).log10();
    let fastest = bars.iter().flatten().filter_map(|bar| bar.p50).min();
    let bottom = fastest.map_or(0.0, power).floor();
    let top = power(slowest).max(bottom + 1.0);
    let y = |duration: Duration| {
        let share = (power(duration) - bottom) / (top - bottom);
        HEIGHT - 4.0 - share * (HEIGHT - 8.0)
    };
    let path = |of: fn(&Bar) -> Option<Duration>| {
        let mut path = String::new();
        let mut pen_down = false;
        for (at, bar) in bars.iter().enumerate() {
            match bar.and_then(of) {
                Some(duration) => {
                    let (x, y) = (at.saturating_mul(WIDTH) + WIDTH / 2, y(duration));
                    // Writing to a string does not fail.
                    let _ = if pen_down {
                        write!(path, "L{x} {y:.2}")
                    } else {
                        write!(path, "M{} {y:.2}L{x} {y:.2}", x.saturating_sub(2))
                    };
                    pen_down = true;
                }
                None => pen_down = false,
            }
        }
        path
    };
    html! {
        svg.percentiles viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            path.p99 d=(path(|bar| bar.p99)) {}
            path.p95 d=(path(|bar| bar.p95)) {}
            path.p50 d=(path(|bar| bar.p50)) {}
        }
    }
}

fn legend(bars: &[Option<&Bar>]) -> Markup {
    html! {
        ul.legend {
            @for (class, label, name) in CLASSES.into_iter().rev() {
                @let count = bars.iter().flatten().filter_map(|bar| bar.classes.get(class)).fold(0_u64, |sum, count| sum.saturating_add(*count));
                @if count > 0 {
                    li { span class={ "swatch " (name) } {} (label) " " span.muted { (format::count(count)) } }
                }
            }
            @if bars.iter().flatten().any(|bar| bar.p50.is_some()) {
                @for name in ["p50", "p95", "p99"] {
                    li { span class={ "dash " (name) } {} (name) }
                }
            }
        }
    }
}

fn tick(window: &Window, part: i64) -> Markup {
    let span = window.at(window.bars).saturating_sub(window.start);
    let at = Timestamp::from_micros(window.start.saturating_add(span / 4 * part));
    let fine = window.step < 60_000_000;
    html! { span.tick data-fine=[fine.then_some("")] { (format::moment(at)) } }
}

/// What a bar says, for readers of the slider and of the table.
fn words(bar: &Bar) -> String {
    let mut words = format::calls(total(bar));
    for (class, label, _) in CLASSES {
        let count = bar.classes.get(class).copied().unwrap_or(0);
        if count > 0 && class != 2 {
            let _ = write!(words, ", {} {label}", format::count(count));
        }
    }
    words
}

fn spoken(bars: &[Option<&Bar>]) -> String {
    let count = bars
        .iter()
        .flatten()
        .fold(0_u64, |sum, bar| sum.saturating_add(total(bar)));
    format!("{} in all", format::calls(count))
}

fn total(bar: &Bar) -> u64 {
    bar.classes
        .iter()
        .fold(0, |sum: u64, count| sum.saturating_add(*count))
}

fn table(chart: &Chart, bars: &[Option<&Bar>]) -> Markup {
    let shown = |duration: Option<Duration>| duration.map_or("—".to_owned(), format::duration);
    html! {
        details.as-table {
            summary { "As a table" }
            div.scroll tabindex="0" role="region" aria-label="Calls over time as a table" {
                table.table #timeline-table {
                    caption.visually-hidden { "Calls over time" }
                    thead {
                        tr {
                            th scope="col" { "From" }
                            th scope="col" { "Calls" }
                            th.num scope="col" { "p50" }
                            th.num scope="col" { "p95" }
                            th.num scope="col" { "p99" }
                        }
                    }
                    tbody {
                        @for (at, bar) in bars.iter().enumerate() {
                            @if let Some(bar) = bar {
                                tr data-bar=(at) data-count=(total(bar)) {
                                    td { (format::moment(Timestamp::from_micros(chart.window.at(at)))) }
                                    td { (words(bar)) }
                                    td.num { (shown(bar.p50)) }
                                    td.num { (shown(bar.p95)) }
                                    td.num { (shown(bar.p99)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
