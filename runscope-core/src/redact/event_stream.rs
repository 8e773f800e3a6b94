//! Event streams: JSON in `data:` lines.

use std::ops::Range;

use super::body;
use super::edits::Edits;
use super::redactor::Judge;
use super::text;

/// Cleans a stream line by line. An event of several data lines is judged joined as well, because a
/// name may stand in one line and its value in the next: then each of its lines is masked.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    cut: bool,
    depth: u8,
) {
    let source = edits.source();
    let mut start = range.start;
    while start < range.end {
        let event = event_end(source, start, range.end);
        let cut = cut && event == range.end;
        edit_event(judge, edits, start..event, cut, depth);
        start = event;
    }
}

fn edit_event(judge: &Judge, edits: &mut Edits<'_, '_>, range: Range<usize>, cut: bool, depth: u8) {
    let source = edits.source();
    let data = || lines(source, range.clone()).filter_map(|line| data_of(source, &line));
    if data().nth(1).is_some() {
        let slices: Vec<&[u8]> = data().filter_map(|place| source.get(place)).collect();
        let joined = slices.join(&b'\n');
        let mut probe = Edits::probe(&joined);
        body::edit_untyped(
            judge,
            &mut probe,
            0..joined.len(),
            cut,
            depth.saturating_add(1),
        );
        if probe.edited() {
            return data().for_each(|place| edits.mask(place));
        }
    }
    for line in lines(source, range.clone()) {
        let cut = cut && line.end == range.end;
        match data_of(source, &line) {
            Some(place) => body::edit_untyped(judge, edits, place, cut, depth.saturating_add(1)),
            None => text::edit(judge, edits, line, cut, depth.saturating_add(1)),
        }
    }
}

/// Where the event that begins here ends: behind its blank line, or at the end.
fn event_end(source: &[u8], start: usize, end: usize) -> usize {
    lines(source, start..end)
        .find(Range::is_empty)
        .map_or(end, |blank| (blank.end + 1).min(end))
}

/// Lines end with CR, LF or both; the pair shows as one end and an empty line is told from it.
fn lines(source: &[u8], range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        if start >= range.end {
            return None;
        }
        let rest = source.get(start..range.end)?;
        let end = start + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = start..end;
        let pair = source.get(end) == Some(&b'\r') && source.get(end + 1) == Some(&b'\n');
        start = end + if pair { 2 } else { 1 };
        Some(line)
    })
}

fn data_of(source: &[u8], line: &Range<usize>) -> Option<Range<usize>> {
    let text = source.get(line.clone())?;
    let value = text.strip_prefix(b"data:")?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Some(line.end - value.len()..line.end)
}
