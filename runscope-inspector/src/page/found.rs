//! Where the filter's words stand, drawn from the ranges that the query gives.

use crate::exchange::{Exchange, Timestamp};
use crate::query::{Expr, Highlight, View};
use maud::{Markup, html};

/// Texts that a row of the list shows already.
const IN_THE_ROW: &[&str] = &["method", "host", "path", "url", "consumer"];

/// The places of a filter's words in an exchange. Bodies are looked through, so it takes time.
pub(super) fn places(filter: &Expr, exchange: &Exchange) -> Vec<Highlight> {
    filter.highlights(View::of(exchange, Timestamp::now()))
}

/// The first of the places that a row does not show already.
pub(super) fn beyond_the_row(filter: &Expr, exchange: &Exchange) -> Option<Highlight> {
    let mut places = places(filter, exchange).into_iter();
    let place = places.find(|place| !IN_THE_ROW.contains(&place.slot.as_str()))?;
    Some(shortened(place))
}

/// The characters before a match that a row has room for.
const BEFORE_IN_A_ROW: usize = 12;

/// An excerpt that begins shortly before its first match.
fn shortened(mut place: Highlight) -> Highlight {
    let first = place.ranges.first().map_or(0, |&(start, _)| start);
    let cut = first.saturating_sub(BEFORE_IN_A_ROW);
    place.text = place.text.chars().skip(cut).collect();
    place.offset += cut;
    for (start, end) in &mut place.ranges {
        (*start, *end) = (start.saturating_sub(cut), end.saturating_sub(cut));
    }
    place
}

/// One place: what text it is in, and the words marked in their surroundings.
pub(super) fn draw(place: &Highlight) -> Markup {
    html! {
        span.slot { (words(&place.slot)) }
        " "
        span.excerpt {
            @if place.offset > 0 { "…" }
            @for (text, is_match) in pieces(place) {
                @if is_match { mark { (text) } } @else { (text) }
            }
            @if place.more { "…" }
        }
    }
}

/// `response.body` as people say it.
fn words(slot: &str) -> String {
    slot.replacen('.', " ", if slot.starts_with("tag.") { 1 } else { 2 })
}

/// The excerpt in pieces, each with whether it is a match.
fn pieces(place: &Highlight) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let mut characters = place.text.chars();
    let mut at = 0;
    let mut take = |to: usize, is_match: bool, pieces: &mut Vec<(String, bool)>| {
        let piece: String = characters.by_ref().take(to.saturating_sub(at)).collect();
        at = to.max(at);
        if !piece.is_empty() {
            pieces.push((piece, is_match));
        }
    };
    for &(start, end) in &place.ranges {
        take(start, false, &mut pieces);
        take(end, true, &mut pieces);
    }
    take(usize::MAX, false, &mut pieces);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_begins_shortly_before_the_match() {
        let place = Highlight {
            slot: "response.body".to_owned(),
            text: "0123456789 0123456789 found it".to_owned(),
            ranges: vec![(22, 27)],
            offset: 3,
            more: false,
        };
        let short = shortened(place);
        assert_eq!(
            (short.text.as_str(), short.offset),
            (" 0123456789 found it", 13)
        );
        assert_eq!(short.ranges, [(12, 17)]);
    }

    #[test]
    fn matches_are_marked_by_characters_and_all_is_escaped() {
        for (text, ranges, expected) in [
            ("one two", &[(4, 7)][..], "one <mark>two</mark>"),
            (
                "añb<c",
                &[(1, 2), (3, 5)],
                "a<mark>ñ</mark>b<mark>&lt;c</mark>",
            ),
            ("all", &[(0, 3)], "<mark>all</mark>"),
            ("none", &[], "none"),
            ("past the end", &[(9, 99)], "past the <mark>end</mark>"),
        ] {
            let place = Highlight {
                slot: "response.body".to_owned(),
                text: text.to_owned(),
                ranges: ranges.to_vec(),
                offset: 0,
                more: false,
            };
            let html = draw(&place).into_string();
            let begin = r#"<span class="slot">response body</span> <span class="excerpt">"#;
            assert_eq!(html, format!("{begin}{expected}</span>"));
        }
    }
}
