use super::words::{Phrase, fold};
use regex::{Regex, RegexBuilder};
use std::fmt;
use std::iter;
use std::ops::Range;

/// What a text is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// The text itself, ignoring case.
    Plain(String),
    /// Text in which `*` stands for any characters, ignoring case.
    Glob(String),
    /// A regular expression, found anywhere in the text.
    Regex(Expression),
}

impl Pattern {
    /// Whether the pattern is the whole of the text.
    #[must_use]
    pub fn is_whole(&self, text: &str) -> bool {
        match self {
            Self::Plain(plain) => fold(plain) == fold(text),
            Self::Glob(glob) => glob_is_whole(&fold(glob), &fold(text)),
            Self::Regex(expression) => expression.regex.is_match(text),
        }
    }

    /// Whether the pattern's words are in the text; where the pattern has no words, or a `*` that
    /// is not the end of a word, whether its characters are.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        match (self.phrase(), self) {
            (Some(phrase), _) => phrase.is_in(text),
            (None, Self::Plain(plain)) => fold(text).contains(&fold(plain)),
            (None, Self::Glob(glob)) => glob_is_in(&fold(glob), &fold(text)),
            (None, Self::Regex(expression)) => expression.regex.is_match(text),
        }
    }

    /// Where the pattern is found in the text, in bytes and in order, as [`is_in`](Self::is_in) does.
    /// Where a `*` stands inside, the shortest text that fits is meant.
    pub(super) fn find_in<'a>(&self, text: &'a str) -> Box<dyn Iterator<Item = Range<usize>> + 'a> {
        if let Some(phrase) = self.phrase() {
            return Box::new(phrase.find_in(text));
        }
        // Most texts hold nothing, and an expression costs more to compile than they to look at.
        if !self.is_in(text) {
            return Box::new(iter::empty());
        }
        let regex = match self {
            Self::Regex(expression) => Some(expression.regex.clone()),
            Self::Plain(text) | Self::Glob(text) => {
                let pieces: Vec<_> = match self {
                    Self::Glob(_) => text.split('*').filter(|piece| !piece.is_empty()).collect(),
                    _ => vec![text.as_str()],
                };
                let pieces: Vec<_> = pieces.into_iter().map(regex::escape).collect();
                RegexBuilder::new(&pieces.join("(?s:.*?)"))
                    .case_insensitive(true)
                    .build()
                    .ok()
            }
        };
        // A regular expression that matches nothing at all matches everywhere; that is no place.
        let mut at = 0;
        Box::new(iter::from_fn(move || {
            loop {
                let found = regex.as_ref()?.find_at(text, at)?;
                at = match found.is_empty() {
                    false => found.end(),
                    true => found.end() + text.get(found.end()..)?.chars().next()?.len_utf8(),
                };
                if !found.is_empty() {
                    return Some(found.range());
                }
            }
        }))
    }

    /// The pattern as words, which an index can look up, where it can be written so.
    #[must_use]
    pub fn phrase(&self) -> Option<Phrase> {
        match self {
            Self::Plain(plain) => Phrase::exact(plain),
            Self::Glob(glob) => {
                let start = glob
                    .strip_suffix('*')
                    .filter(|start| !start.contains('*'))?;
                Phrase::beginning(start)
            }
            Self::Regex(_) => None,
        }
    }

    /// Whether the pattern takes every text: `*`.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        matches!(self, Self::Glob(glob) if glob.bytes().all(|byte| byte == b'*'))
    }
}

/// A regular expression with its source. Matching takes time linear in the text.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    ignores_case: bool,
    regex: Regex,
}

impl Expression {
    /// Compiles a regular expression.
    ///
    /// # Errors
    ///
    /// The compiler's own words, in one line, where it is not one or is too large.
    pub fn new(source: &str, ignores_case: bool) -> Result<Self, String> {
        let regex = RegexBuilder::new(source)
            .case_insensitive(ignores_case)
            .size_limit(256 * 1024)
            .dfa_size_limit(1024 * 1024)
            .nest_limit(64)
            .build()
            .map_err(|error| last_line(&error.to_string()))?;
        Ok(Self {
            source: source.to_owned(),
            ignores_case,
            regex,
        })
    }

    /// Whether it is found in the text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, self.ignores_case) == (&other.source, other.ignores_case)
    }
}

/// The expression between slashes, as the filter language spells it.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/{}/{}",
            self.source,
            if self.ignores_case { "i" } else { "" }
        )
    }
}

fn last_line(text: &str) -> String {
    let line = text.lines().next_back().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

/// Without alternatives in the pattern, taking each piece at its first place is never wrong.
fn glob_is_in(glob: &str, text: &str) -> bool {
    let mut rest = text;
    glob.split('*').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn glob_is_whole(glob: &str, text: &str) -> bool {
    let Some((first, after)) = glob.split_once('*') else {
        return glob == text;
    };
    let (middle, last) = after.rsplit_once('*').unwrap_or(("", after));
    text.strip_prefix(first)
        .and_then(|text| text.strip_suffix(last))
        .is_some_and(|text| glob_is_in(middle, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Pattern {
        Pattern::Glob(text.to_owned())
    }

    #[test]
    fn a_glob_of_a_whole_value_is_anchored() {
        for (pattern, text, matches) in [
            ("/users/*", "/users/42", true),
            ("/users/*", "/v1/users/42", false),
            ("*/users/*", "/v1/users/42", true),
            ("*.example", "shop.EXAMPLE", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXc", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern).is_whole(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn in_text_a_star_ends_a_word_or_joins_pieces() {
        for (pattern, text, matches) in [
            ("decl*", "card_declined", true),
            ("clined*", "card_declined", false),
            ("*clined", "card_declined!", true),
            ("c*d!", "card_declined!", true),
            ("c*x", "card_declined!", false),
        ] {
            assert_eq!(glob(pattern).is_in(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn text_without_words_is_found_as_it_is() {
        let plain = Pattern::Plain("{}".to_owned());
        assert!(plain.is_in(r#"{"a":{}}"#));
        assert!(!plain.is_in(r#"{"a":{ }}"#));
    }

    #[test]
    fn regular_expressions_are_bounded() {
        assert!(Expression::new("a{1000}{1000}", false).is_err());
        assert!(Expression::new(&"(".repeat(1000), false).is_err());
        assert_eq!(Expression::new("a)", false).unwrap_err(), "unopened group");
    }
}
