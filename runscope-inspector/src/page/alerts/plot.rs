use crate::exchange::Timestamp;
use crate::page::format;
use maud::{Markup, html};
use std::time::Duration;

const WIDTH: usize = 10;
const HEIGHT: f64 = 100.0;

/// Counts over time, in bars of several parts, with moments marked.
pub(super) struct Plot<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// The parts of a bar from its base upwards, each with its class.
    pub(super) parts: &'a [(&'a str, &'a str)],
    pub(super) start: Timestamp,
    pub(super) step: Duration,
    pub(super) bars: Vec<Vec<u64>>,
    /// What is marked, and what the marks are called.
    pub(super) marks: (&'a str, Vec<Timestamp>),
}

impl Plot<'_> {
    pub(super) fn draw(&self) -> Markup {
        let total = |bar: &Vec<u64>| {
            bar.iter()
                .fold(0, |sum: u64, count| sum.saturating_add(*count))
        };
        let most = self.bars.iter().map(total).max().unwrap_or(0);
        let width = self.bars.len().max(1).saturating_mul(WIDTH);
        html! {
            div.chart-head {
                h2 { (self.title) }
                (self.legend())
            }
            div.plot.still {
                div.plot-area {
                    svg.counts viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                        @for (at, bar) in self.bars.iter().enumerate() { (self.column(at, bar, most)) }
                        @for mark in &self.marks.1 {
                            @if let Some(x) = self.x(*mark) {
                                rect.mark x=(format!("{x:.1}")) y="0" width="3" height=(HEIGHT) {}
                            }
                        }
                    }
                    span.plot-most { (format::count(most)) }
                }
            }
            div.axis aria-hidden="true" {
                @for part in 0..5_u32 { span.tick { (format::moment(self.tick(part))) } }
            }
            (self.table())
        }
    }

    fn column(&self, at: usize, bar: &[u64], most: u64) -> Markup {
        let scale = HEIGHT / most.max(1) as f64;
        let x = at.saturating_mul(WIDTH).saturating_add(1);
        let mut top = HEIGHT;
        let mut drawn = Vec::new();
        for ((_, class), count) in self.parts.iter().zip(bar) {
            if *count > 0 {
                let height = (*count as f64 * scale).max(1.5);
                top = (top - height).max(0.0);
                drawn.push((*class, top, height));
            }
        }
        html! {
            @for (class, y, height) in drawn {
                rect class=(class) x=(x) y=(format!("{y:.2}")) width=(WIDTH - 2) height=(format!("{height:.2}")) {}
            }
        }
    }

    fn sum(&self, part: usize) -> u64 {
        let counts = self.bars.iter().filter_map(|bar| bar.get(part));
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn legend(&self) -> Markup {
        html! {
            ul.legend {
                @for (at, (name, class)) in self.parts.iter().enumerate() {
                    @let count = self.sum(at);
                    @if count > 0 {
                        li { span class={ "swatch " (class) } {} (name) " " span.muted { (format::count(count)) } }
                    }
                }
                @if !self.marks.1.is_empty() {
                    li { span.swatch.mark {} (self.marks.0) " " span.muted { (self.marks.1.len()) } }
                }
            }
        }
    }

    fn micros(&self) -> i64 {
        i64::try_from(self.step.as_micros())
            .unwrap_or(i64::MAX)
            .max(1)
    }

    fn x(&self, moment: Timestamp) -> Option<f64> {
        let since = moment.as_micros().saturating_sub(self.start.as_micros());
        let bars = since as f64 / self.micros() as f64;
        (0.0..=self.bars.len() as f64)
            .contains(&bars)
            .then_some(bars * WIDTH as f64)
    }

    fn at(&self, bar: usize) -> Timestamp {
        let bar = i64::try_from(bar).unwrap_or(i64::MAX);
        let since = self.micros().saturating_mul(bar);
        Timestamp::from_micros(self.start.as_micros().saturating_add(since))
    }

    fn tick(&self, part: u32) -> Timestamp {
        let span = self
            .step
            .saturating_mul(u32::try_from(self.bars.len()).unwrap_or(u32::MAX));
        let since = i64::try_from((span / 4).saturating_mul(part).as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.start.as_micros().saturating_add(since))
    }

    fn table(&self) -> Markup {
        html! {
            details.as-table {
                summary { "As a table" }
                div.scroll tabindex="0" role="region" aria-label={ (self.title) " as a table" } {
                    table.table id=(self.id) {
                        caption.visually-hidden { (self.title) }
                        thead {
                            tr {
                                th scope="col" { "From" }
                                @for (name, _) in self.parts { th.num scope="col" { (name) } }
                            }
                        }
                        tbody {
                            @for (at, bar) in self.bars.iter().enumerate() {
                                @if bar.iter().any(|count| *count > 0) {
                                    tr {
                                        td { (format::moment(self.at(at))) }
                                        @for count in bar { td.num { (format::count(*count)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
