use super::error::ParseError;
use super::expr::{Expr, JsonTest, Name, Side, Span, StatusTest, Term};
use super::json_path::{JsonPath, Step, is_name_char};
use super::lexer::Lexer;
use super::pattern::Pattern;
use super::units::{When, parse_duration, parse_number, parse_size, parse_when};
use crate::nearest::nearest;
use std::str::FromStr;

/// The longest filter, in bytes.
const LONGEST: usize = 4096;

/// How deep brackets and negations can stand in each other.
const DEEPEST: usize = 50;

/// Parses a filter; an empty one matches everything.
///
/// # Errors
///
/// Where the text is not a filter: the place, and what was expected there.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        depth: 0,
    };
    if text.len() > LONGEST {
        return Err(parser
            .lexer
            .error_at(0, &format!("a filter of at most {LONGEST} bytes")));
    }
    parser.lexer.skip_space();
    if parser.lexer.peek().is_none() {
        return Ok(Expr::All);
    }
    let expr = parser.any_of()?;
    match parser.lexer.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.lexer.error("a `(` before this `)`")),
    }
}

impl FromStr for Expr {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text)
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
}

impl Parser<'_> {
    /// Operands joined by `OR`.
    fn any_of(&mut self) -> Result<Expr, ParseError> {
        let mut operands = vec![self.all_of()?];
        while self.lexer.eat_keyword("OR") {
            operands.push(self.all_of()?);
        }
        Ok(single_or(operands, Expr::Or))
    }

    /// Operands joined by `AND` or by standing side by side.
    fn all_of(&mut self) -> Result<Expr, ParseError> {
        let mut operands = vec![self.operand()?];
        loop {
            self.lexer.skip_space();
            let ended = matches!(self.lexer.peek(), None | Some(')'));
            if ended || self.lexer.peek_run() == "OR" {
                return Ok(single_or(operands, Expr::And));
            }
            self.lexer.eat_keyword("AND");
            operands.push(self.operand()?);
        }
    }

    fn operand(&mut self) -> Result<Expr, ParseError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let expected = format!("no more than {DEEPEST} brackets and negations in each other");
            return Err(self.lexer.error(&expected));
        }
        self.lexer.skip_space();
        let expr = if self.lexer.eat_keyword("NOT") || self.lexer.eat("-") {
            Expr::Not(Box::new(self.operand()?))
        } else if self.lexer.eat("(") {
            let inner = self.any_of()?;
            if !self.lexer.eat(")") {
                return Err(self.lexer.error("a closing `)`"));
            }
            self.boundary()?;
            inner
        } else {
            let term = self.term()?;
            self.boundary()?;
            Expr::Term(term)
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// A term ends with a space, a closing bracket or the text.
    fn boundary(&self) -> Result<(), ParseError> {
        match self.lexer.peek() {
            None | Some(')') => Ok(()),
            Some(char) if char.is_whitespace() => Ok(()),
            Some(_) => Err(self.lexer.error("a space")),
        }
    }

    fn term(&mut self) -> Result<Term, ParseError> {
        if let Some(side) = self.json_field() {
            let path = self.json_path()?;
            return Ok(Term::Json(side, path, self.json_test()?));
        }
        let start = self.lexer.position();
        let run = self.lexer.peek_run();
        if matches!(run, "AND" | "OR") {
            return Err(self.lexer.error("a word, a field or a `(`"));
        }
        let Some((name, after)) = run
            .split_once(':')
            .filter(|(name, _)| looks_like_field(name))
        else {
            return Ok(Term::Anywhere(self.pattern("a word, a field or a `(`")?));
        };
        if after.starts_with("//") {
            return Ok(Term::Anywhere(self.pattern("a word")?));
        }
        self.lexer.eat(name);
        self.lexer.eat(":");
        self.field(name, start)
    }

    fn field(&mut self, name: &str, start: usize) -> Result<Term, ParseError> {
        const VALUE: &str = "a value, a \"phrase\" or a /regular expression/";
        let lower = name.to_ascii_lowercase();
        if let Some((name, _)) = Name::ALL
            .into_iter()
            .find(|(_, spelling)| *spelling == lower)
        {
            return Ok(Term::Is(name, self.pattern(VALUE)?));
        }
        match lower.as_str() {
            "tag" => return Ok(Term::AnyTag(self.pattern(VALUE)?)),
            "url" => return Ok(Term::Url(self.pattern(VALUE)?)),
            "status" => return Ok(Term::Status(self.status()?)),
            "time" => {
                let span = self.span(
                    parse_duration,
                    "a time with its unit, such as 500ms or 1.5s",
                )?;
                return Ok(Term::Time(span));
            }
            "since" => return Ok(Term::Since(self.moment()?)),
            "before" => return Ok(Term::Before(self.moment()?)),
            _ => {}
        }
        if let Some(tag) = lower
            .strip_prefix("tag.")
            .and_then(|_| name.get("tag.".len()..))
        {
            self.named(tag, start, "the tag's name after `tag.`")?;
            return Ok(Term::Tag(tag.to_owned(), self.pattern(VALUE)?));
        }
        let (side, rest) = split_side(&lower);
        if let Some(header) = rest.strip_prefix("header.") {
            self.named(header, start, "the header's name after `header.`")?;
            return Ok(Term::Header(side, header.to_owned(), self.pattern(VALUE)?));
        }
        match rest {
            "body" => Ok(Term::Body(side, self.pattern(VALUE)?)),
            "size" => Ok(Term::Size(
                side,
                self.span(parse_size, "a size such as 300, 10kb or 1.5mib")?,
            )),
            _ => Err(self.lexer.error_at(start, &unknown(&lower))),
        }
    }

    fn named(&self, name: &str, start: usize, expected: &str) -> Result<(), ParseError> {
        if name.is_empty() {
            Err(self.lexer.error_at(start, expected))
        } else {
            Ok(())
        }
    }

    fn pattern(&mut self, expected: &str) -> Result<Pattern, ParseError> {
        if let Some(text) = self.lexer.quoted()? {
            return Ok(Pattern::Plain(text));
        }
        if let Some(expression) = self.lexer.regex()? {
            return Ok(Pattern::Regex(expression));
        }
        match self.lexer.run() {
            "" => Err(self.lexer.error(expected)),
            glob if glob.contains('*') => Ok(Pattern::Glob(glob.to_owned())),
            plain => Ok(Pattern::Plain(plain.to_owned())),
        }
    }

    fn status(&mut self) -> Result<StatusTest, ParseError> {
        let run = self.lexer.peek_run();
        if let &[class @ b'1'..=b'9', b'x' | b'X', b'x' | b'X'] = run.as_bytes() {
            self.lexer.run();
            return Ok(StatusTest::Class(class - b'0'));
        }
        let code = |text: &str| {
            text.parse()
                .ok()
                .filter(|code: &u16| (100..=999).contains(code))
        };
        let expected = "a status code such as 404, a class such as 4xx, or a span such as 500..599";
        self.span(code, expected).map(StatusTest::Span)
    }

    fn moment(&mut self) -> Result<When, ParseError> {
        let start = self.lexer.position();
        parse_when(self.lexer.run()).ok_or_else(|| {
            let expected =
                "a time ago such as 15m, a date such as 2026-11-22T10:00Z, or Unix seconds";
            self.lexer.error_at(start, expected)
        })
    }

    fn span<T: PartialOrd + Copy>(
        &mut self,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Span<T>, ParseError> {
        let compare: Option<fn(T) -> Span<T>> = if self.lexer.eat(">=") {
            Some(Span::AtLeast)
        } else if self.lexer.eat("<=") {
            Some(Span::AtMost)
        } else if self.lexer.eat(">") {
            Some(Span::Over)
        } else if self.lexer.eat("<") {
            Some(Span::Under)
        } else {
            None
        };
        let start = self.lexer.position();
        let run = self.lexer.run();
        let one = |text: &str| read(text).ok_or_else(|| self.lexer.error_at(start, expected));
        match (compare, run.split_once("..")) {
            (Some(span), _) => one(run).map(span),
            (None, None) => one(run).map(Span::Is),
            (None, Some((low, high))) => match (one(low)?, one(high)?) {
                (low, high) if low <= high => Ok(Span::Between(low, high)),
                _ => Err(self
                    .lexer
                    .error_at(start, "a span from the smaller to the larger")),
            },
        }
    }

    /// The side of a body field that a JSON path follows, if one comes next; the path is not taken.
    fn json_field(&mut self) -> Option<Side> {
        let run = self.lexer.peek_run().to_ascii_lowercase();
        let (side, rest) = split_side(&run);
        let prefix = run.len() - rest.len() + "body.".len();
        rest.strip_prefix("body.")
            .filter(|path| path.starts_with('$'))?;
        let prefix = self.lexer.peek_run().get(..prefix)?;
        self.lexer.eat(prefix);
        Some(side)
    }

    /// A path from its `$` to the colon after it.
    fn json_path(&mut self) -> Result<JsonPath, ParseError> {
        self.lexer.eat("$");
        let mut steps = Vec::new();
        while !self.lexer.eat(":") {
            steps.push(self.json_step()?);
        }
        Ok(JsonPath(steps))
    }

    fn json_step(&mut self) -> Result<Step, ParseError> {
        const PLACE: &str = "an index, `*` or a \"name\" in the brackets";
        if self.lexer.eat(".") {
            return match self.lexer.take_while(is_name_char) {
                "" => Err(self.lexer.error("a member's name after the `.`")),
                name => Ok(Step::Name(name.to_owned())),
            };
        }
        if !self.lexer.eat("[") {
            return Err(self.lexer.error("`.name`, `[0]`, `[*]` or `:`"));
        }
        let step = if let Some(name) = self.lexer.quoted()? {
            Step::Name(name)
        } else if self.lexer.eat("*") {
            Step::Every
        } else {
            let start = self.lexer.position();
            let digits = self.lexer.take_while(|char| char.is_ascii_digit());
            let index = digits
                .parse()
                .map_err(|_| self.lexer.error_at(start, PLACE))?;
            Step::Index(index)
        };
        if self.lexer.eat("]") {
            Ok(step)
        } else {
            Err(self.lexer.error("a closing `]`"))
        }
    }

    fn json_test(&mut self) -> Result<JsonTest, ParseError> {
        let run = self.lexer.peek_run();
        let numbers = run
            .split_once("..")
            .filter(|(low, high)| parse_number(low).is_some() && parse_number(high).is_some());
        if run.starts_with(['>', '<']) || numbers.is_some() {
            return self.span(parse_number, "a number").map(JsonTest::Number);
        }
        self.pattern("a value, a comparison such as >=400, a \"phrase\" or a /regular expression/")
            .map(JsonTest::Text)
    }
}

const FIELDS: &str = "method, host, path, route, consumer, service, outcome, url, status, time, since, \
     before, tag, tag.NAME, size, header.NAME, body and body.$.PATH, the last four also after `request.` or \
     `response.`; to search for text with a colon, put it in quotes";

/// What is expected in the place of a field that there is not.
fn unknown(field: &str) -> String {
    match meant(field) {
        Some(meant) => format!("a known field: did you mean `{meant}:`? There are {FIELDS}"),
        None => format!("one of the fields {FIELDS}"),
    }
}

/// The field that a mistyped one is near to. Only its own words are looked at, not the name of a header
/// or tag after them.
fn meant(field: &str) -> Option<String> {
    const WHOLE: [&str; 8] = [
        "tag", "url", "status", "time", "since", "before", "body", "size",
    ];
    let names = Name::ALL.iter().map(|(_, name)| *name);
    let Some((first, rest)) = field.split_once('.') else {
        return nearest(field, names.chain(WHOLE)).map(str::to_owned);
    };
    let first = nearest(first, ["request", "response", "header", "tag", "body"])?;
    if !matches!(first, "request" | "response") {
        return (!rest.is_empty()).then(|| format!("{first}.{rest}"));
    }
    let (second, name) = match rest.split_once('.') {
        Some((second, name)) => (nearest(second, ["header", "body"])?, Some(name)),
        None => (nearest(rest, ["body", "size"])?, None),
    };
    Some(match name {
        Some(name) => format!("{first}.{second}.{name}"),
        None => format!("{first}.{second}"),
    })
}

/// Whether the text before a colon was meant as a field, rather than as `12:30` or `::1`.
fn looks_like_field(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic())
        && !name.contains(['*', '/', '@', ','])
}

fn split_side(field: &str) -> (Side, &str) {
    if let Some(rest) = field.strip_prefix("request.") {
        (Side::Request, rest)
    } else if let Some(rest) = field.strip_prefix("response.") {
        (Side::Response, rest)
    } else {
        (Side::Either, field)
    }
}

fn single_or(mut operands: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match operands.len() {
        1 => operands.swap_remove(0),
        _ => many(operands),
    }
}
