use super::head::marked;
use super::links::{Links, Side, Tab};
use super::message::pairs;
use crate::page::format;
use crate::show::{HexPage, Image, MediaType, Painted, Part, Presence, Shown, Stop, View};
use maud::{Markup, html};

/// Parts of parts are shown so deep.
const DEEPEST: usize = 2;

/// A body with its notes and the tabs that lead to its other views.
pub(super) fn body(side: Side, shown: &Shown, links: &Links) -> Markup {
    let (tab, at) = links.shown(side);
    // Bytes that are no text have nothing prettier.
    let tab = if tab == Tab::Pretty && shown.view == View::Binary {
        Tab::Hex
    } else {
        tab
    };
    let bytes = shown.has_bytes();
    html! {
        details.part.body id={ (side) "-body" } open {
            summary {
                h3 { "Body" }
                @if !shown.media.essence.is_empty() { span.media { (shown.media.essence) } }
            }
            (notes(shown))
            @if bytes {
                nav.body-tabs aria-label={ "Views of the " (side) " body" } {
                    @for (name, to) in [("Pretty", Tab::Pretty), ("Raw", Tab::Raw), ("Hex", Tab::Hex)] {
                        a href=(links.with(side, to, 0)) aria-current=[(to == tab).then_some("true")] { (name) }
                    }
                    a.download href=(links.download(side)) download { "Download" }
                }
                @match tab {
                    Tab::Pretty => (view(&shown.view, &shown.decoded.bytes, side, 0)),
                    Tab::Raw => (raw(shown, side)),
                    Tab::Hex => (hex(&shown.decoded.bytes, at, side, links)),
                }
            } @else if matches!(shown.view, View::Form(..)) {
                (view(&shown.view, &[], side, 0))
            }
        }
    }
}

/// What is to be known of a body before it is read.
fn notes(shown: &Shown) -> Markup {
    let kind = match shown.presence {
        Presence::Whole => "",
        Presence::Empty => "empty",
        Presence::Truncated(_) => "truncated",
        Presence::NotCaptured(_) => "not-captured",
        Presence::Masked => "redacted",
        Presence::Unknown => "unknown",
    };
    let size = shown.size.filter(|_| {
        matches!(
            shown.presence,
            Presence::Truncated(_) | Presence::NotCaptured(_)
        )
    });
    html! {
        @if let Some(sentence) = shown.presence.sentence() {
            p.note data-body=(kind) {
                (sentence)
                @if let Some(size) = size.filter(|size| *size > 0) { " It had " (format::size(size)) "." }
            }
        }
        @for step in &shown.decoded.steps {
            p.note { "Decoded " (step.coding) ", " (bytes(step.before)) " → " (bytes(step.after)) "." }
        }
        @if let Some(coding) = &shown.decoded_before {
            p.note { "Decoded " (coding) " by the sender." }
        }
        @match &shown.decoded.stop {
            Some(Stop::Limit { coding, limit }) => p.note.warning data-body="limit" {
                "Decoding " (coding) " was stopped at " (bytes(*limit)) ": more is not shown."
            },
            Some(Stop::Broken { coding }) => p.note.warning { "The " (coding) " coding is broken or cut; this is what could be decoded." },
            Some(Stop::Unknown { coding }) => p.note.warning { "The coding " (coding) " is not known here; these are the bytes as they were sent." },
            Some(Stop::TooMany) => p.note.warning { "Too many codings on one body; these are the bytes as they were sent." },
            None => {},
        }
        @if shown.redacted && shown.presence != Presence::Masked {
            p.note { "Secrets in it were masked." }
        }
    }
}

fn view(view: &View, bytes: &[u8], side: Side, depth: usize) -> Markup {
    html! {
        @match view {
            View::Json(painted) | View::Xml(painted) => (text(side, &paint(painted))),
            View::Form(fields, more) => { (pairs(fields)) @if *more { (cut("fields")) } },
            View::Multipart(all, more) => { (parts(all, side, depth)) @if *more { (cut("parts")) } },
            View::Image(image) => (picture(*image, bytes)),
            View::Text(plain) => (text(side, &marked(plain))),
            View::Binary => p.note { "Bytes that are no text: " (self::bytes(bytes.len())) "." },
        }
    }
}

/// Text that scrolls on its own, and so takes focus for the keyboard.
fn text(side: Side, content: &Markup) -> Markup {
    html! { pre.body-text tabindex="0" role="group" aria-label={ "Text of the " (side) " body" } { (content) } }
}

fn paint(painted: &Painted) -> Markup {
    html! {
        @if View::is_painted(painted) {
            @for (class, piece) in painted.pieces() {
                @match class {
                    Some(class) => span class={ "t-" (class.name()) } { (marked(piece)) },
                    None => (marked(piece)),
                }
            }
        } @else {
            (marked(painted.text()))
        }
    }
}

fn picture(image: Image, bytes: &[u8]) -> Markup {
    html! {
        figure.picture {
            img src=(image.data_uri(bytes)) alt="The image in this body";
            figcaption.muted {
                (image.media_type)
                @if let Some((width, height)) = image.size { ", " (width) " × " (height) }
                ", " (self::bytes(bytes.len()))
            }
        }
    }
}

fn parts(parts: &[Part], side: Side, depth: usize) -> Markup {
    html! {
        ol.multipart {
            @for part in parts {
                li.multipart-part {
                    p.part-name {
                        @if let Some(name) = &part.name { strong { (name) } } @else { span.muted { "(no name)" } }
                        @if let Some(file) = &part.filename { " " span.mono { (file) } }
                        " " span.muted { (part.content_type()) ", " (bytes(part.bytes.len())) }
                    }
                    @if part.bytes.is_empty() {
                        p.note { "Empty." }
                    } @else if depth < DEEPEST {
                        (view(&View::of(&part.bytes, &MediaType::of(part.content_type()), false), &part.bytes, side, depth + 1))
                    }
                }
            }
        }
    }
}

fn raw(shown: &Shown, side: Side) -> Markup {
    match shown.text() {
        Some(plain) => text(side, &marked(&plain)),
        None => html! { p.note { "Bytes that are no text; Hex shows them." } },
    }
}

fn hex(bytes: &[u8], at: usize, side: Side, links: &Links) -> Markup {
    let page = HexPage::of(bytes, at);
    let end = page.next.unwrap_or(page.total);
    html! {
        pre.body-text.hex tabindex="0" role="group" aria-label={ "Bytes of the " (side) " body" } {
            @for row in &page.rows {
                span.hex-offset { (format!("{:08x}", row.offset)) } "  "
                (format!("{:<48}", row.hex)) "  "
                span.hex-ascii { (row.ascii) } "\n"
            }
        }
        @if page.previous.is_some() || page.next.is_some() {
            nav.pager aria-label={ "Pages of the " (side) " body" } {
                @if let Some(previous) = page.previous { a href=(links.with(side, Tab::Hex, previous)) rel="prev" { "← Before" } }
                span.muted { "Bytes " (page.offset) " to " (end) " of " (page.total) }
                @if let Some(next) = page.next { a href=(links.with(side, Tab::Hex, next)) rel="next" { "After →" } }
            }
        }
    }
}

fn cut(what: &str) -> Markup {
    html! { p.note.warning { "There are more " (what) " than are shown; the download has all." } }
}

fn bytes(bytes: usize) -> String {
    format::size(u64::try_from(bytes).unwrap_or(u64::MAX))
}
