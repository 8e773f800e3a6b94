use super::json_path::JsonPath;
use super::pattern::Pattern;
use super::units::When;
use std::time::Duration;

/// A parsed filter. Made by [`parse`](super::parse); its `Display` is a filter that parses to an
/// equal one.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every exchange: the empty filter.
    All,
    /// One condition.
    Term(Term),
    /// Those that do not match.
    Not(Box<Expr>),
    /// Those that match all of two or more.
    And(Vec<Expr>),
    /// Those that match any of two or more.
    Or(Vec<Expr>),
}

/// One condition on an exchange.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Term {
    /// Words anywhere: URL, headers, form, bodies, status, context, tags, identifier.
    Anywhere(Pattern),
    /// The whole value of a named attribute.
    Is(Name, Pattern),
    /// Words in the URL or its decoded query.
    Url(Pattern),
    /// Words in a header's value.
    Header(Side, String, Pattern),
    /// Words in a body.
    Body(Side, Pattern),
    /// A value inside a JSON body.
    Json(Side, JsonPath, JsonTest),
    /// The whole value of the app's tag of this name.
    Tag(String, Pattern),
    /// The whole value of any of the app's tags.
    AnyTag(Pattern),
    /// The status code.
    Status(StatusTest),
    /// The time to the response's head.
    Time(Span<Duration>),
    /// The bytes of a body; without a side, the response's.
    Size(Side, Span<u64>),
    /// From this moment on.
    Since(When),
    /// Before this moment.
    Before(When),
}

/// An attribute that is compared whole, ignoring case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Name {
    /// The request's method.
    Method,
    /// The URL's host, with or without its port.
    Host,
    /// The URL's path.
    Path,
    /// The framework's route template.
    Route,
    /// Who called.
    Consumer,
    /// The service that captured the exchange.
    Service,
    /// How the exchange ended.
    Outcome,
}

/// Which half of the exchange a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The request or the response.
    Either,
    /// The request.
    Request,
    /// The response.
    Response,
}

/// A condition on the status code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusTest {
    /// All codes with this first digit, written `4xx`.
    Class(u8),
    /// Codes in a span.
    Span(Span<u16>),
}

/// A condition on a value inside a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTest {
    /// The whole value as text.
    Text(Pattern),
    /// A number in a span.
    Number(Span<f64>),
}

/// A span of ordered values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<T> {
    /// Exactly this.
    Is(T),
    /// More than this, written `>`.
    Over(T),
    /// This or more, written `>=`.
    AtLeast(T),
    /// Less than this, written `<`.
    Under(T),
    /// This or less, written `<=`.
    AtMost(T),
    /// From one to the other, both included, written `a..b`.
    Between(T, T),
}

impl Expr {
    /// Both this and another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, expr) | (expr, Self::All) => expr,
            (Self::And(mut left), Self::And(right)) => {
                left.extend(right);
                Self::And(left)
            }
            (Self::And(mut left), right) => {
                left.push(right);
                Self::And(left)
            }
            (left, Self::And(mut right)) => {
                right.insert(0, left);
                Self::And(right)
            }
            (left, right) => Self::And(vec![left, right]),
        }
    }

    /// Either this or another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Or(mut left), Self::Or(right)) => {
                left.extend(right);
                Self::Or(left)
            }
            (Self::Or(mut left), right) => {
                left.push(right);
                Self::Or(left)
            }
            (left, Self::Or(mut right)) => {
                right.insert(0, left);
                Self::Or(right)
            }
            (left, right) => Self::Or(vec![left, right]),
        }
    }
}

impl Name {
    /// Every name with its spelling, in the order of the documentation.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Method, "method"),
        (Self::Host, "host"),
        (Self::Path, "path"),
        (Self::Route, "route"),
        (Self::Consumer, "consumer"),
        (Self::Service, "service"),
        (Self::Outcome, "outcome"),
    ];
}

impl<T: PartialOrd + Copy> Span<T> {
    /// Whether a value lies in the span.
    #[must_use]
    pub fn contains(&self, value: T) -> bool {
        match *self {
            Self::Is(is) => value == is,
            Self::Over(low) => value > low,
            Self::AtLeast(low) => value >= low,
            Self::Under(high) => value < high,
            Self::AtMost(high) => value <= high,
            Self::Between(low, high) => low <= value && value <= high,
        }
    }
}

impl StatusTest {
    /// Whether a status code passes.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        match self {
            Self::Class(class) => status / 100 == u16::from(*class),
            Self::Span(span) => span.contains(status),
        }
    }
}
