use super::highlight::Highlight;
use std::ops::Range;

/// The ranges of one excerpt.
const MOST_RANGES: usize = 16;

/// The characters of an excerpt, and those of them that stand before its first match.
const EXCERPT: usize = 240;
const BEFORE: usize = 40;

/// What stands where a secret stood. It is no text of the exchange, so it is never marked nor cut.
const MASK: &str = "[redacted]";

/// Cuts a text round its first match. The ranges come in the order of their beginnings, and are in
/// bytes; those behind the excerpt are not asked for.
pub(super) fn excerpt(
    slot: String,
    text: &str,
    ranges: impl Iterator<Item = Range<usize>>,
) -> Option<Highlight> {
    let mut ranges = ranges.filter(|range| !range.is_empty()).peekable();
    let mut window = loop {
        let first = ranges.peek()?;
        if outside_masks(text, first).next().is_some() {
            break window(text, first.start);
        }
        ranges.next();
    };
    for mask in masks(text, window.start.saturating_sub(MASK.len())..window.end) {
        if mask.start < window.start && window.start < mask.end {
            window.start = mask.start;
        }
        if mask.start < window.end && window.end < mask.end {
            window.end = mask.end;
        }
    }
    let mut merged: Vec<Range<usize>> = Vec::new();
    let inside = ranges.take_while(|range| range.start < window.end);
    // A match that never ends can't be followed piece by piece without a bound.
    for range in inside.take(MOST_RANGES * 4) {
        let cut = range.start.max(window.start)..range.end.min(window.end);
        for range in outside_masks(text, &cut) {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
    }
    merged.truncate(MOST_RANGES);
    let shown = text.get(window.clone())?;
    let characters = |at: usize| {
        let before = text.get(window.start..at).unwrap_or_default();
        before.chars().count()
    };
    Some(Highlight {
        slot,
        ranges: merged
            .iter()
            .map(|range| (characters(range.start), characters(range.end)))
            .collect(),
        text: shown.to_owned(),
        offset: text.get(..window.start)?.chars().count(),
        more: window.end < text.len(),
    })
}

/// The bytes of the excerpt of a text with a match at a place.
fn window(text: &str, at: usize) -> Range<usize> {
    let before = text.get(..at).unwrap_or_default();
    let start = before
        .char_indices()
        .rev()
        .take(BEFORE)
        .last()
        .map_or(at, |(start, _)| start);
    let rest = text.get(start..).unwrap_or_default();
    let length = rest
        .char_indices()
        .nth(EXCERPT)
        .map_or(rest.len(), |(end, _)| end);
    start..start + length
}

/// The masks that begin in a range, each whole. The range's ends may lie inside a character.
fn masks(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let start = (range.start..=text.len()).find(|at| text.is_char_boundary(*at));
    let start = start.unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or_default();
    rest.match_indices(MASK)
        .map(move |(at, mask)| start + at..start + at + mask.len())
        .take_while(move |mask| mask.start < range.end)
}

/// What of a range is no part of a mask.
fn outside_masks<'a>(
    text: &'a str,
    range: &Range<usize>,
) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let mut at = range.start;
    let end = range.end;
    let mut masks = masks(text, at.saturating_sub(MASK.len())..end)
        .filter(move |mask| mask.end > at)
        .collect::<Vec<_>>()
        .into_iter();
    let mut done = false;
    std::iter::from_fn(move || {
        loop {
            if done {
                return None;
            }
            let (piece, next) = match masks.next() {
                Some(mask) => (at..mask.start.min(end), mask.end),
                None => {
                    done = true;
                    (at..end, end)
                }
            };
            at = next;
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_counts_in_characters() {
        let text = format!("{} needle {}", "ö".repeat(1000), "ü".repeat(1000));
        let at = text.find("needle").unwrap();
        let only = excerpt(String::new(), &text, std::iter::once(at..at + 6)).unwrap();
        assert_eq!(only.text.chars().count(), EXCERPT);
        assert_eq!(only.ranges, [(BEFORE, BEFORE + 6)]);
        assert_eq!((only.offset, only.more), (1001 - BEFORE, true));
    }

    #[test]
    fn masks_are_whole_and_unmarked_whatever_is_asked_for() {
        let text = format!("{}[redacted]x{}[redacted]", "a".repeat(35), "b ".repeat(96));
        let all = || std::iter::once(0..text.len());
        let highlight = excerpt(String::new(), &text, all()).unwrap();
        assert!(highlight.text.ends_with("[redacted]"), "{}", highlight.text);
        assert_eq!(highlight.ranges, [(0, 35), (45, 238)]);
        let inside = 37..43;
        assert_eq!(excerpt(String::new(), &text, std::iter::once(inside)), None);
    }
}
