//! Where in an exchange the words of a filter stand.

use super::evaluate::{View, json_values};
use super::excerpt::excerpt;
use super::expr::{Expr, Name, Side, Term};
use super::pattern::Pattern;
use super::text::{Slot, slots};
use serde::Serialize;
use std::ops::Range;

/// The texts that are shown of one exchange.
const MOST_TEXTS: usize = 8;

/// A text of an exchange in which something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Highlight {
    /// Which text: `url`, `request.header.accept`, `response.body`, `response.body.$.error.code`,
    /// `request.form.name`, `tag.region`, `consumer`, …
    pub slot: String,
    /// A part of it, as it is searched: a header, form field or tag with its name before it, escapes
    /// of JSON undone.
    pub text: String,
    /// Where in the excerpt it was found: from one character up to another, in order, not
    /// overlapping. Characters are Unicode scalar values, not bytes.
    pub ranges: Vec<(usize, usize)>,
    /// The characters of the text before the excerpt.
    pub offset: usize,
    /// Whether the text goes on behind it.
    pub more: bool,
}

impl Expr {
    /// The conditions on texts that an exchange may have matched by, so none of those behind a `NOT`.
    #[must_use]
    pub fn text_terms(&self) -> Vec<&Term> {
        match self {
            Self::All | Self::Not(_) => Vec::new(),
            Self::Term(
                term @ (Term::Anywhere(pattern)
                | Term::Is(_, pattern)
                | Term::Url(pattern)
                | Term::Header(_, _, pattern)
                | Term::Body(_, pattern)
                | Term::Tag(_, pattern)
                | Term::AnyTag(pattern)),
            ) if !pattern.is_anything() => vec![term],
            Self::Term(term @ Term::Json(..)) => vec![term],
            Self::Term(_) => Vec::new(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::text_terms).collect(),
        }
    }

    /// Where the filter's words stand in an exchange: a few short excerpts with ranges, however
    /// large it is.
    #[must_use]
    pub fn highlights(&self, view: View<'_>) -> Vec<Highlight> {
        let terms = self.text_terms();
        let mut found = Vec::new();
        if terms.is_empty() {
            return found;
        }
        slots(view.message, view.attributes, &mut |slot, text| {
            if found.len() < MOST_TEXTS {
                found.extend(highlight(&slot, text, &terms));
            }
        });
        for term in terms {
            let Term::Json(side, path, test) = term else {
                continue;
            };
            for side in sides(*side) {
                json_values(view.message, side, path, test, &mut |value| {
                    if found.len() < MOST_TEXTS {
                        let slot = format!("{}.body.{path}", side_name(side));
                        let whole = std::iter::once(0..value.len());
                        found.extend(excerpt(slot, value, whole));
                    }
                });
            }
        }
        found
    }
}

fn sides(side: Side) -> impl Iterator<Item = Side> {
    [Side::Request, Side::Response]
        .into_iter()
        .filter(move |one| side == Side::Either || side == *one)
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Request => "request",
        _ => "response",
    }
}

fn highlight(slot: &Slot<'_>, text: &str, terms: &[&Term]) -> Option<Highlight> {
    let looks: Vec<Look<'_>> = terms.iter().filter_map(|term| look(term, slot)).collect();
    // The first match of any term is where the excerpt begins, so all are followed at once.
    let mut following: Vec<_> = looks
        .iter()
        .map(|look| look.ranges(text).peekable())
        .collect();
    let merged = std::iter::from_fn(move || {
        following
            .iter_mut()
            .filter_map(|ranges| {
                let start = ranges.peek()?.start;
                Some((start, ranges))
            })
            .min_by_key(|(start, _)| *start)?
            .1
            .next()
    });
    excerpt(slot_name(slot), text, merged)
}

/// How a term looks at a text: for words in what follows a place, or at the whole of that.
struct Look<'a> {
    pattern: &'a Pattern,
    from: usize,
    whole: bool,
}

impl<'a> Look<'a> {
    fn ranges(&self, text: &'a str) -> Box<dyn Iterator<Item = Range<usize>> + 'a> {
        let (from, pattern) = (self.from, self.pattern);
        let text = text.get(from..).unwrap_or_default();
        let ranges: Box<dyn Iterator<Item = Range<usize>>> = match pattern {
            Pattern::Plain(_) | Pattern::Glob(_) if self.whole => {
                let is_it =
                    pattern.is_whole(text) || pattern.is_whole(super::evaluate::without_port(text));
                Box::new(is_it.then_some(0..text.len()).into_iter())
            }
            _ => pattern.find_in(text),
        };
        Box::new(ranges.map(move |range| from + range.start..from + range.end))
    }
}

fn look<'a>(term: &'a Term, slot: &Slot<'_>) -> Option<Look<'a>> {
    let words = |pattern, from| {
        Some(Look {
            pattern,
            from,
            whole: false,
        })
    };
    let whole = |pattern, from| {
        Some(Look {
            pattern,
            from,
            whole: true,
        })
    };
    match (term, slot) {
        // Words are looked for in the searched part of a body, everything else in all of it.
        (Term::Anywhere(pattern), Slot::Body { searched, .. }) => {
            if *searched == pattern.phrase().is_some() {
                words(pattern, 0)
            } else {
                None
            }
        }
        (Term::Body(side, pattern), Slot::Body { side: of, searched }) => {
            if is_on(*side, *of) && *searched == pattern.phrase().is_some() {
                words(pattern, 0)
            } else {
                None
            }
        }
        // These are parts of the URL, and how an exchange ended is no text of it.
        (Term::Anywhere(_), Slot::Attribute(Name::Host | Name::Path | Name::Outcome)) => None,
        (Term::Anywhere(pattern), _) => words(pattern, 0),
        (Term::Is(name, pattern), Slot::Attribute(of)) if name == of => whole(pattern, 0),
        (Term::Url(pattern), Slot::Url) => words(pattern, 0),
        (
            Term::Header(side, name, pattern),
            Slot::Header {
                side: of,
                name: header,
            },
        ) if is_on(*side, *of) && name.eq_ignore_ascii_case(header) => {
            words(pattern, header.len() + ": ".len())
        }
        (Term::Tag(name, pattern), Slot::Tag(tag)) if name == tag => {
            whole(pattern, tag.len() + " ".len())
        }
        (Term::AnyTag(pattern), Slot::Tag(tag)) => whole(pattern, tag.len() + " ".len()),
        _ => None,
    }
}

fn is_on(wanted: Side, side: Side) -> bool {
    wanted == Side::Either || wanted == side
}

fn slot_name(slot: &Slot<'_>) -> String {
    match slot {
        Slot::Plain(name) => (*name).to_owned(),
        Slot::Attribute(name) => Name::ALL
            .iter()
            .find(|(known, _)| known == name)
            .map_or_else(String::new, |(_, spelling)| (*spelling).to_owned()),
        Slot::Url => "url".to_owned(),
        Slot::Header { side, name } => {
            format!("{}.header.{}", side_name(*side), name.to_lowercase())
        }
        Slot::Form(name) => format!("request.form.{name}"),
        Slot::Tag(name) => format!("tag.{name}"),
        Slot::Body { side, .. } => format!("{}.body", side_name(*side)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Attributes, Timestamp};
    use crate::query::parse;
    use runscope_core::{Context, Message, Request, Response};
    use std::collections::BTreeMap;

    /// What is marked in each slot.
    fn marked(highlights: &[Highlight]) -> BTreeMap<&str, Vec<String>> {
        let mut marked: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for highlight in highlights {
            let characters: Vec<char> = highlight.text.chars().collect();
            let words = highlight
                .ranges
                .iter()
                .map(|(start, end)| characters[*start..*end].iter().collect::<String>());
            marked.entry(&highlight.slot).or_default().extend(words);
        }
        marked
    }

    fn message() -> Message {
        let mut context = Context::default();
        context.consumer = Some("acme".to_owned());
        context.tags.insert("region".to_owned(), "eu".to_owned());
        Message::new()
            .request(
                Request::new("POST", "https://shop.example/tea?note=green%20tea")
                    .header("Accept", "text/tea")
                    .form_field("leaf", "green"),
            )
            .response(Response::new(402).body(
                r#"{"error":{"code":402,"message":"card \u201cdeclined\u201d"},"card":"[redacted]","tea":"a card, declined"}"#,
            ))
            .context(context)
    }

    fn found(filter: &str) -> Vec<Highlight> {
        let message = message();
        let view = View {
            attributes: &Attributes::of(&message, Timestamp::default()),
            message: &message,
            now: Timestamp::default(),
        };
        parse(filter).unwrap().highlights(view)
    }

    #[test]
    fn words_are_marked_where_the_filter_looks_for_them() {
        for (filter, expected) in [
            ("green", "request.form.leaf=green url=green,green"),
            ("declined", "response.body=declined,declined"),
            (
                "\"card declined\"",
                "response.body=card “declined,card, declined",
            ),
            ("decl*", "response.body=declined,declined"),
            ("response.body:card", "response.body=card,card,card"),
            ("header.accept:text", "request.header.accept=text"),
            ("header.accept:accept", ""),
            ("request.body:card", ""),
            ("tag:eu", "tag.region=eu"),
            ("tag.region:e*", "tag.region=eu"),
            ("tag:region", ""),
            ("region", "tag.region=region"),
            (
                "consumer:acme OR host:shop.example",
                "consumer=acme host=shop.example",
            ),
            ("body.$.error.code:>=400", "response.body.$.error.code=402"),
            ("url:/sh.p/", "url=shop"),
            ("body:/c.rd/", "response.body=card,card,card"),
            ("*clin*", "response.body=clin,clin"),
            ("status:402 -declined", ""),
            ("NOT (green)", ""),
            ("redacted", ""),
            ("body:/\"card\":.{14}/", "response.body=\"card\":\",\",\""),
            ("", ""),
            ("*", ""),
        ] {
            let highlights = found(filter);
            let shown: Vec<String> = marked(&highlights)
                .iter()
                .map(|(slot, words)| format!("{slot}={}", words.join(",")))
                .collect();
            assert_eq!(shown.join(" "), expected, "{filter}: {highlights:?}");
        }
    }
}
