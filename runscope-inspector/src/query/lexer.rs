use super::error::ParseError;
use super::pattern::Expression;

/// Reads a filter's text a piece at a time; which piece can stand where is the parser's to know.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The place of the next character, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.advance(rest.len() - rest.trim_start().len());
    }

    /// Takes this text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let next = self.rest().starts_with(text);
        if next {
            self.advance(text.len());
        }
        next
    }

    /// Takes this word if it comes next and is a whole one.
    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        self.peek_run() == keyword && self.eat(keyword)
    }

    /// What comes next up to a space, a quote or a bracket; empty where one of these comes next.
    pub(super) fn peek_run(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char: char| char.is_whitespace() || matches!(char, '"' | '(' | ')'));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    }

    pub(super) fn run(&mut self) -> &'a str {
        let run = self.peek_run();
        self.advance(run.len());
        run
    }

    /// The characters that come next for as long as they pass.
    pub(super) fn take_while(&mut self, passes: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char| !passes(char)).unwrap_or(rest.len());
        self.advance(end);
        rest.get(..end).unwrap_or_default()
    }

    /// Text between quotes if it comes next, in which `\` takes the next character as it is.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, ParseError> {
        if !self.eat("\"") {
            return Ok(None);
        }
        let mut out = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.advance(at + 1);
                    return Ok(Some(out));
                }
                '\\' => out.extend(chars.next().map(|(_, char)| char)),
                char => out.push(char),
            }
        }
        Err(self.error_at(self.text.len(), "a closing `\"`"))
    }

    /// A regular expression between slashes if it comes next.
    ///
    /// A path begins with a slash too, so the closing one must be the end of the term: only an `i`
    /// and closing brackets can follow it. An expression has no spaces; it writes them `\s`.
    pub(super) fn regex(&mut self) -> Result<Option<Expression>, ParseError> {
        let rest = self.rest();
        let chunk = rest.split(char::is_whitespace).next().unwrap_or_default();
        let Some(inner) = chunk.strip_prefix('/') else {
            return Ok(None);
        };
        let Some((source, ignores_case)) = unescaped_slashes(inner).find_map(|(source, after)| {
            let (ignores_case, after) = match after.strip_prefix('i') {
                Some(after) => (true, after),
                None => (false, after),
            };
            let closes = !source.is_empty() && after.bytes().all(|byte| byte == b')');
            closes.then_some((source, ignores_case))
        }) else {
            return Ok(None);
        };
        let expression = Expression::new(source, ignores_case)
            .map_err(|error| self.error(&format!("a regular expression ({error})")))?;
        self.advance(source.len() + if ignores_case { 3 } else { 2 });
        Ok(Some(expression))
    }

    pub(super) fn error(&self, expected: &str) -> ParseError {
        self.error_at(self.at, expected)
    }

    pub(super) fn error_at(&self, at: usize, expected: &str) -> ParseError {
        let before = self.text.get(..at).unwrap_or(self.text);
        ParseError::new(before.chars().count(), expected)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }
}

/// The text before and after each slash that has no backslash before it.
fn unescaped_slashes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut escaped = false;
    text.char_indices().filter_map(move |(at, char)| {
        let slash = char == '/' && !escaped;
        escaped = char == '\\' && !escaped;
        if slash {
            Some((text.get(..at)?, text.get(at + 1..)?))
        } else {
            None
        }
    })
}
