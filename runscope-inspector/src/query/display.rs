//! The filter's text form, written.

use super::expr::{Expr, JsonTest, Name, Side, Span, StatusTest, Term};
use super::pattern::Pattern;
use super::units::{write_duration, write_size};
use std::fmt::{self, Display};

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Term(term) => term.fmt(f),
            Self::Not(inner) => write!(f, "NOT {}", Operand(inner)),
            Self::And(all) => joined(f, all, " "),
            Self::Or(any) => joined(f, any, " OR "),
        }
    }
}

/// An expression inside another: in brackets unless it is a term or a negation.
struct Operand<'a>(&'a Expr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::Term(_) | Expr::Not(_) => self.0.fmt(f),
            _ => write!(f, "({})", self.0),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, operands: &[Expr], between: &str) -> fmt::Result {
    operands.iter().enumerate().try_for_each(|(at, operand)| {
        f.write_str(if at == 0 { "" } else { between })?;
        Operand(operand).fmt(f)
    })
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere(pattern) => Word(pattern).fmt(f),
            Self::Is(name, pattern) => write!(f, "{name}:{pattern}"),
            Self::Url(pattern) => write!(f, "url:{pattern}"),
            Self::Header(side, name, pattern) => write!(f, "{side}header.{name}:{pattern}"),
            Self::Body(side, pattern) => write!(f, "{side}body:{pattern}"),
            Self::Json(side, path, JsonTest::Text(pattern)) => {
                write!(f, "{side}body.{path}:{pattern}")
            }
            Self::Json(side, path, JsonTest::Number(span)) => {
                write!(f, "{side}body.{path}:")?;
                write_span(f, span, f64::to_string)
            }
            Self::AnyTag(pattern) => write!(f, "tag:{pattern}"),
            Self::Tag(name, pattern) => write!(f, "tag.{name}:{pattern}"),
            Self::Status(StatusTest::Class(class)) => write!(f, "status:{class}xx"),
            Self::Status(StatusTest::Span(span)) => {
                f.write_str("status:")?;
                write_span(f, span, u16::to_string)
            }
            Self::Time(span) => {
                f.write_str("time:")?;
                write_span(f, span, |duration| write_duration(*duration))
            }
            Self::Size(side, span) => {
                write!(f, "{side}size:")?;
                write_span(f, span, |bytes| write_size(*bytes))
            }
            Self::Since(when) => write!(f, "since:{when}"),
            Self::Before(when) => write!(f, "before:{when}"),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(name, _)| name == self);
        f.write_str(known.map(|(_, spelling)| *spelling).unwrap_or_default())
    }
}

/// The prefix of a field that can be about either side: `request.`, `response.` or nothing.
impl Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Either => "",
            Self::Request => "request.",
            Self::Response => "response.",
        })
    }
}

fn write_span<T>(
    f: &mut fmt::Formatter<'_>,
    span: &Span<T>,
    write: impl Fn(&T) -> String,
) -> fmt::Result {
    match span {
        Span::Is(value) => f.write_str(&write(value)),
        Span::Over(value) => write!(f, ">{}", write(value)),
        Span::AtLeast(value) => write!(f, ">={}", write(value)),
        Span::Under(value) => write!(f, "<{}", write(value)),
        Span::AtMost(value) => write!(f, "<={}", write(value)),
        Span::Between(low, high) => write!(f, "{}..{}", write(low), write(high)),
    }
}

/// A pattern after a field's colon.
impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) if is_plain_value(text) => f.write_str(text),
            Self::Plain(text) => Quoted(text).fmt(f),
            Self::Glob(glob) => f.write_str(glob),
            Self::Regex(expression) => expression.fmt(f),
        }
    }
}

/// A free word, which must not look like a field or an operator.
struct Word<'a>(&'a Pattern);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Pattern::Plain(text) if matches!(text.as_str(), "AND" | "OR" | "NOT") => {
                Quoted(text).fmt(f)
            }
            pattern => pattern.fmt(f),
        }
    }
}

/// Text between quotes, with `"` and `\` escaped.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\"",
            self.0.replace('\\', r"\\").replace('"', "\\\"")
        )
    }
}

/// Whether text can stand without quotes wherever a pattern can: it is no span, no regular
/// expression, and nothing in it has a meaning of its own.
fn is_plain_value(text: &str) -> bool {
    let begins = text.starts_with(|char: char| char.is_alphanumeric() || char == '_');
    begins
        && !text.contains("..")
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
}
