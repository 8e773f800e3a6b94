//! XML is indented where only space stands between its tags. An element that has text of its own is
//! left as it is with all that is in it, since space counts there.

use super::paint::{Class, Painted};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::ops::Range;

/// Deeper elements are indented no further.
const DEEPEST: usize = 64;

/// The indented text, or `None` where it is not well-formed or would become larger than `limit`.
pub(super) fn pretty(text: &str, limit: usize) -> Option<Painted> {
    let nodes = nodes(text)?;
    let mut painted = Painted::default();
    let mut depth = 0_usize;
    // The depth at which an element with text began; nothing in it is touched.
    let mut verbatim: Option<usize> = None;
    let mut after_start = false;
    for Node { kind, range, mixed } in nodes {
        if painted.len() > limit {
            return None;
        }
        let source = text.get(range)?;
        if kind == Kind::End {
            depth = depth.saturating_sub(1);
        }
        if verbatim.is_none() {
            if kind == Kind::Text && source.trim().is_empty() {
                continue;
            }
            let closes_empty = kind == Kind::End && after_start;
            if painted.len() > 0 && !closes_empty {
                painted.line(depth.min(DEEPEST));
            }
        }
        paint(&mut painted, kind, source);
        after_start = kind == Kind::Start;
        if kind == Kind::Start {
            if mixed && verbatim.is_none() {
                verbatim = Some(depth);
            }
            depth = depth.saturating_add(1);
        }
        if kind == Kind::End && verbatim == Some(depth) {
            verbatim = None;
        }
    }
    Some(painted)
}

/// A piece of XML by its place in the text.
struct Node {
    kind: Kind,
    range: Range<usize>,
    /// Whether an element has text of its own.
    mixed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Start,
    End,
    Empty,
    Text,
    /// Comments, declarations, processing instructions.
    Quiet,
}

fn nodes(text: &str) -> Option<Vec<Node>> {
    let mut reader = Reader::from_str(text);
    let mut nodes: Vec<Node> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut start = 0;
    let mut elements = false;
    loop {
        let event = reader.read_event().ok()?;
        let end = usize::try_from(reader.buffer_position()).ok()?;
        let range = start..end;
        let kind = match event {
            Event::Start(_) => Kind::Start,
            Event::End(_) => Kind::End,
            Event::Empty(_) => Kind::Empty,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => Kind::Text,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Kind::Quiet,
            Event::Eof => break,
        };
        let has_text = kind == Kind::Text && !text.get(range.clone())?.trim().is_empty();
        match open.last() {
            Some(&parent) if has_text => nodes.get_mut(parent)?.mixed = true,
            None if has_text => return None,
            _ => {}
        }
        match kind {
            Kind::Start => open.push(nodes.len()),
            Kind::End => drop(open.pop()),
            _ => {}
        }
        elements |= matches!(kind, Kind::Start | Kind::Empty);
        nodes.push(Node {
            kind,
            range,
            mixed: false,
        });
        start = end;
    }
    (elements && open.is_empty()).then_some(nodes)
}

fn paint(painted: &mut Painted, kind: Kind, source: &str) {
    match kind {
        Kind::Text => painted.push(None, source),
        Kind::Quiet => painted.push(Some(Class::Quiet), source),
        Kind::Start | Kind::End | Kind::Empty => tag(painted, source),
    }
}

/// Paints `<name attribute="value">`.
fn tag(painted: &mut Painted, source: &str) {
    let opening = if source.starts_with("</") { 2 } else { 1 };
    let (bracket, rest) = source.split_at(opening.min(source.len()));
    painted.push(Some(Class::Quiet), bracket);
    let is_end = |character: char| character.is_whitespace() || "/>".contains(character);
    let (name, mut rest) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
    painted.push(Some(Class::Name), name);
    while let Some(at) = rest.find(['"', '\'']) {
        let (attribute, quoted) = rest.split_at(at);
        painted.push(Some(Class::Attribute), attribute);
        let mark = if quoted.starts_with('"') { '"' } else { '\'' };
        let end = quoted
            .match_indices(mark)
            .nth(1)
            .map_or(quoted.len(), |(at, mark)| at + mark.len());
        let (value, after) = quoted.split_at(end);
        painted.push(Some(Class::Text), value);
        rest = after;
    }
    painted.push(Some(Class::Quiet), rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_between_tags_is_changed() {
        for (text, expected) in [
            ("<a/>", "<a/>"),
            ("<a></a>", "<a></a>"),
            (
                "<a><b/><c x='1>2'></c></a>",
                "<a>\n  <b/>\n  <c x='1>2'></c>\n</a>",
            ),
            (
                "<?xml version=\"1.0\"?>\n\n<a>\n <b>t</b>\n\n</a>\n",
                "<?xml version=\"1.0\"?>\n<a>\n  <b>t</b>\n</a>",
            ),
            (
                "<p>one <b> two </b><i/>\n</p>",
                "<p>one <b> two </b><i/>\n</p>",
            ),
            (
                "<a><b><p>x<i/></p></b><c/></a>",
                "<a>\n  <b>\n    <p>x<i/></p>\n  </b>\n  <c/>\n</a>",
            ),
            ("<a><![CDATA[<x>]]></a>", "<a><![CDATA[<x>]]></a>"),
            ("<a>&amp;&#65;</a>", "<a>&amp;&#65;</a>"),
            (
                "<!DOCTYPE a><a><!-- c --></a>",
                "<!DOCTYPE a>\n<a>\n  <!-- c -->\n</a>",
            ),
        ] {
            let painted = pretty(text, 1 << 20).unwrap();
            assert_eq!(painted.text(), expected);
            let whole: String = painted.pieces().map(|(_, text)| text).collect();
            assert_eq!(whole, expected);
        }
    }

    #[test]
    fn what_is_not_well_formed_is_left_alone() {
        for text in [
            "",
            "plain",
            "<a>",
            "<a></b>",
            "<a",
            "{\"a\":1}",
            "<a/>text",
            "</a>",
        ] {
            assert_eq!(pretty(text, 1 << 20), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_stays_small() {
        let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
        let painted = pretty(&deep, 8 << 20).unwrap();
        assert!(painted.text().len() < 5000 * 2 * (DEEPEST * 2 + 6));
        assert_eq!(pretty(&deep, 1000), None);
    }

    #[test]
    fn tags_are_painted_by_their_parts() {
        let painted = pretty("<a x=\"1\" y='\"'>t</a>", 1 << 20).unwrap();
        let classes: Vec<_> = painted
            .pieces()
            .filter_map(|(class, text)| Some((class?.name(), text)))
            .collect();
        assert_eq!(
            classes,
            [
                ("quiet", "<"),
                ("name", "a"),
                ("attr", " x="),
                ("text", "\"1\""),
                ("attr", " y="),
                ("text", "'\"'"),
                ("quiet", ">"),
                ("quiet", "</"),
                ("name", "a"),
                ("quiet", ">"),
            ]
        );
    }
}
