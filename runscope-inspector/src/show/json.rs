//! JSON is printed by its tokens and never through a value: numbers of any size, keys that come twice
//! and the order stay as they were sent.

use super::paint::{Class, Painted};
use serde::de::IgnoredAny;

/// Nobody reads what is nested deeper, and indenting it would cost more than it is worth.
const DEEPEST: usize = 128;

/// The indented text, or `None` where it is not JSON, is nested deeper than [`DEEPEST`], or
/// would become larger than `limit`.
pub(super) fn pretty(text: &str, limit: usize) -> Option<Painted> {
    let tokens = tokens(text)?;
    let mut painted = Painted::default();
    let mut depth = 0_usize;
    let mut tokens = tokens.peekable();
    // Whether a container was just opened, and so has no line of its own yet.
    let mut opened = false;
    while let Some(token) = tokens.next() {
        if painted.len() > limit {
            return None;
        }
        match token.kind {
            TokenKind::Close => {
                depth = depth.saturating_sub(1);
                if !opened {
                    painted.line(depth);
                }
            }
            _ if opened => painted.line(depth),
            _ => {}
        }
        opened = token.kind == TokenKind::Open;
        let is_key = token.kind == TokenKind::String
            && tokens
                .peek()
                .is_some_and(|next| next.kind == TokenKind::Colon);
        painted.push(class(token.kind, is_key), token.text);
        match token.kind {
            TokenKind::Open => depth = depth.saturating_add(1),
            TokenKind::Comma => painted.line(depth),
            TokenKind::Colon => painted.push(None, " "),
            _ => {}
        }
    }
    Some(painted)
}

/// A piece of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    /// As it was sent.
    pub(crate) text: &'a str,
}

/// What a piece of JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Open,
    Close,
    Comma,
    Colon,
    String,
    Number,
    Word,
}

/// The tokens of a text, or `None` where it is not JSON or is nested deeper than [`DEEPEST`]. Whoever
/// reads them can trust their order and depth.
pub(crate) fn tokens(text: &str) -> Option<impl Iterator<Item = Token<'_>>> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut depth = 0_usize;
    for token in split(text) {
        match token.kind {
            TokenKind::Open => depth = depth.saturating_add(1),
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
    }
    Some(split(text))
}

fn split(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let first = *rest.as_bytes().first()?;
        let (kind, end) = match first {
            b'{' | b'[' => (TokenKind::Open, 1),
            b'}' | b']' => (TokenKind::Close, 1),
            b',' => (TokenKind::Comma, 1),
            b':' => (TokenKind::Colon, 1),
            b'"' => (TokenKind::String, string_end(rest)),
            _ => {
                let end = rest.find(|character: char| {
                    character.is_ascii_whitespace() || ",:{}[]\"".contains(character)
                });
                let word = first.is_ascii_alphabetic();
                let kind = if word {
                    TokenKind::Word
                } else {
                    TokenKind::Number
                };
                (kind, end.unwrap_or(rest.len()))
            }
        };
        let (text, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(Token { kind, text })
    })
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn class(kind: TokenKind, is_key: bool) -> Option<Class> {
    match kind {
        TokenKind::String if is_key => Some(Class::Name),
        TokenKind::String => Some(Class::Text),
        TokenKind::Number => Some(Class::Number),
        TokenKind::Word => Some(Class::Word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_were_sent() {
        for (text, expected) in [
            ("1", "1"),
            (" [ ] ", "[]"),
            (r#"{"a":{}}"#, "{\n  \"a\": {}\n}"),
            (
                r#"[12345678901234567890.10e+2,-0]"#,
                "[\n  12345678901234567890.10e+2,\n  -0\n]",
            ),
            (
                r#"{"b":1,"a":2,"b":3}"#,
                "{\n  \"b\": 1,\n  \"a\": 2,\n  \"b\": 3\n}",
            ),
            (r#"{"\u0061\"":"\\"}"#, "{\n  \"\\u0061\\\"\": \"\\\\\"\n}"),
            (
                "[[1],[true,null]]",
                "[\n  [\n    1\n  ],\n  [\n    true,\n    null\n  ]\n]",
            ),
            (r#""<b>snö</b>""#, r#""<b>snö</b>""#),
        ] {
            assert_eq!(pretty(text, 1 << 20).unwrap().text(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_or_too_much_is_left_alone() {
        let deep = "[".repeat(100_000);
        let closed = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let wide = format!(
            "{}{}1{}",
            "[".repeat(120),
            "1,".repeat(10_000),
            "]".repeat(120)
        );
        for text in [
            "", "{", "{'a':1}", "1 2", "NaN", "[1,]", &deep, &closed, &wide,
        ] {
            assert_eq!(pretty(text, 1 << 20), None, "{:.20}", text);
        }
    }

    #[test]
    fn keys_and_values_are_told_apart() {
        let painted = pretty(r#"{"a":"b","n":[1,null]}"#, 1 << 20).unwrap();
        let classes: Vec<_> = painted
            .pieces()
            .filter_map(|(class, text)| Some((class?.name(), text)))
            .collect();
        assert_eq!(
            classes,
            [
                ("name", "\"a\""),
                ("text", "\"b\""),
                ("name", "\"n\""),
                ("num", "1"),
                ("word", "null")
            ]
        );
        let whole: String = painted.pieces().map(|(_, text)| text).collect();
        assert_eq!(whole, painted.text());
    }
}
