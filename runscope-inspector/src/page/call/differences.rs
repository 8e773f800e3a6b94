use super::head::marked;
use crate::compare::{BodyChange, Change, Kind, Line, Mark};
use crate::page::format;
use maud::{Markup, html};

/// What differs by name; where nothing does, that.
pub(super) fn changes(id: &str, title: &str, changes: &[Change]) -> Markup {
    html! {
        div.part id=(id) {
            h3 { (title) " " @if !changes.is_empty() { span.count { (changes.len()) } } }
            @if changes.is_empty() { p.nothing { "The same." } } @else { (table(changes)) }
        }
    }
}

pub(super) fn body(id: &str, change: &BodyChange) -> Markup {
    let absent = |here: bool| if here { "has a body here" } else { "has none" };
    let size = |bytes: usize| format::size(u64::try_from(bytes).unwrap_or(u64::MAX));
    match change {
        BodyChange::Json { changes, more } => by_name(id, changes, *more),
        BodyChange::Form { changes } => by_name(id, changes, false),
        other => html! {
            div.part id=(id) {
                h3 { "Body" }
                @match other {
                    BodyChange::Text { lines, more } if !lines.is_empty() => {
                        (text(lines))
                        @if *more { p.note.warning { "There are more differences than are shown." } }
                    }
                    BodyChange::Absent { a, b } => p.note { "The first call " (absent(*a)) "; the second " (absent(*b)) "." },
                    BodyChange::Binary { a, b } => p.note { "Bytes that differ: " (size(*a)) " and " (size(*b)) "." },
                    _ => p.nothing { "The same." },
                }
            }
        },
    }
}

fn by_name(id: &str, list: &[Change], more: bool) -> Markup {
    html! {
        (changes(id, "Body", list))
        @if more { p.note.warning { "There are more differences than are shown." } }
    }
}

fn table(changes: &[Change]) -> Markup {
    html! {
        table.pairs.changes {
            thead { tr { th scope="col" { "Name" } th scope="col" { "First" } th scope="col" { "Second" } } }
            tbody {
                @for change in changes {
                    tr data-kind=(kind(change.kind)) {
                        th scope="row" { span.sign title=(kind(change.kind)) { (sign(change.kind)) } " " (change.name) }
                        td { @for value in &change.a { del { (marked(value)) } } }
                        td { @for value in &change.b { ins { (marked(value)) } } }
                    }
                }
            }
        }
    }
}

fn text(lines: &[Line]) -> Markup {
    html! {
        pre.body-text.diff tabindex="0" role="group" aria-label="Differences by line" {
            @for line in lines {
                @match line.mark {
                    Mark::Same => span.line { "  " (line.text) "\n" },
                    Mark::Added => ins.line { "+ " (marked(&line.text)) "\n" },
                    Mark::Removed => del.line { "− " (marked(&line.text)) "\n" },
                    Mark::Gap => span.line.gap { "⋯\n" },
                }
            }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "added",
        Kind::Removed => "removed",
        Kind::Changed => "changed",
    }
}

fn sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "+",
        Kind::Removed => "−",
        Kind::Changed => "≠",
    }
}
