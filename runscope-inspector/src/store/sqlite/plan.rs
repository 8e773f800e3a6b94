//! What of a filter the index can answer.

use super::terms::{Kind, bucket_term, is_cut, power, power_term, tag_term, term};
use crate::exchange::Timestamp;
use crate::query::{
    Expr, JsonPath, JsonTest, Name, Pattern, Phrase, Side, Span, StatusTest, Step, Term, View,
};
use crate::store::{BucketId, Scan};
use std::time::Duration;

/// How a filter is answered: candidates from the index, then what is left to check on each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// A query of the full-text index that has every match, and possibly more.
    pub(super) lookup: Option<String>,
    /// Bounds of time that every match keeps.
    pub(super) since: Option<Timestamp>,
    pub(super) before: Option<Timestamp>,
    /// What the row of attributes can answer.
    pub(super) on_attributes: Vec<Expr>,
    /// What only the message can answer.
    pub(super) on_message: Vec<Expr>,
    /// Those of them that its bodies alone can rule out.
    pub(super) on_bodies: Vec<Expr>,
}

impl Plan {
    pub(super) fn new(scan: &Scan) -> Self {
        let conjuncts = match &scan.filter {
            Expr::And(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut plan = Self {
            lookup: lookup(&scan.filter).query,
            since: None,
            before: None,
            on_attributes: Vec::new(),
            on_message: Vec::new(),
            on_bodies: Vec::new(),
        };
        for expr in conjuncts {
            match expr {
                Expr::Term(Term::Since(when)) => {
                    plan.since = plan.since.max(Some(when.resolve(scan.now)));
                }
                Expr::Term(Term::Before(when)) => {
                    let before = when.resolve(scan.now);
                    plan.before = Some(plan.before.map_or(before, |known| known.min(before)));
                }
                _ => {}
            }
            if is_answered(expr, plan.lookup.is_some()) {
                continue;
            }
            let rest = if expr.needs_message() {
                &mut plan.on_message
            } else {
                &mut plan.on_attributes
            };
            rest.push(expr.clone());
            if is_about_bodies(expr) {
                plan.on_bodies.push(expr.clone());
            }
        }
        plan
    }

    /// Whether every candidate is a match.
    pub(super) fn is_exact(&self) -> bool {
        self.on_attributes.is_empty() && self.on_message.is_empty()
    }

    /// Whether every candidate within the bounds of time is a match.
    pub(super) fn is_exact_in_time(&self) -> bool {
        let time = |expr: &Expr| matches!(expr, Expr::Term(Term::Since(_) | Term::Before(_)));
        self.on_message.is_empty() && self.on_attributes.iter().all(time)
    }

    /// Whether the filter is about time alone.
    pub(super) fn is_time_only(&self) -> bool {
        self.lookup.is_none() && self.is_exact_in_time()
    }

    /// The query with a bucket's term, so that small buckets are found among large ones.
    pub(super) fn lookup_in(&self, bucket: BucketId) -> String {
        let bucket = quoted(&bucket_term(bucket));
        match &self.lookup {
            Some(query) => format!("({query}) AND {bucket}"),
            None => bucket,
        }
    }

    pub(super) fn passes_attributes(&self, view: View<'_>) -> bool {
        self.on_attributes.iter().all(|expr| expr.matches(view))
    }

    /// Whether a message that has nothing but the bodies of another leaves it possible that the other
    /// passes. Without the head, a body that is base64 is taken for text, so more can be left than
    /// passes.
    pub(super) fn passes_bodies(&self, view: View<'_>) -> bool {
        self.on_bodies.iter().all(|expr| expr.matches(view))
    }

    pub(super) fn passes_message(&self, view: View<'_>) -> bool {
        self.on_message.iter().all(|expr| expr.matches(view))
    }
}

/// What the index says of an expression.
struct Lookup {
    /// A query that has every match; without one, any exchange can match.
    query: Option<String>,
    /// Whether the query has nothing but matches.
    exact: bool,
}

impl Lookup {
    const NOTHING: Self = Self {
        query: None,
        exact: false,
    };

    fn exact(query: String) -> Self {
        Self {
            query: Some(query),
            exact: true,
        }
    }

    fn superset(query: Option<String>) -> Self {
        Self {
            query,
            exact: false,
        }
    }
}

/// Whether a conjunct needs no check on the candidates. A negation is subtracted from what the others
/// look up, if they look up anything.
fn is_answered(expr: &Expr, beside_a_query: bool) -> bool {
    match expr {
        Expr::Not(inner) => beside_a_query && excluded(inner).is_some(),
        expr => lookup(expr).exact,
    }
}

/// Whether an expression looks at bodies alone, and takes no body for having less text.
fn is_about_bodies(expr: &Expr) -> bool {
    match expr {
        Expr::Term(Term::Body(..) | Term::Json(..)) => true,
        Expr::And(all) | Expr::Or(all) => all.iter().all(is_about_bodies),
        _ => false,
    }
}

/// What a negation subtracts: only a query without strangers can be.
fn excluded(inner: &Expr) -> Option<String> {
    let Lookup { query, exact } = lookup(inner);
    query.filter(|_| exact)
}

fn lookup(expr: &Expr) -> Lookup {
    match expr {
        Expr::All => Lookup {
            query: None,
            exact: true,
        },
        Expr::Term(term) => lookup_term(term),
        Expr::Not(_) => Lookup::NOTHING,
        Expr::And(all) => {
            let queries = all.iter().filter_map(|expr| lookup(expr).query);
            let query = joined(queries, "AND").map(|found| {
                let negations = all.iter().filter_map(|expr| match expr {
                    Expr::Not(inner) => excluded(inner),
                    _ => None,
                });
                negations.fold(found, |found, excluded| {
                    format!("({found}) NOT ({excluded})")
                })
            });
            let exact = all.iter().all(|expr| is_answered(expr, query.is_some()));
            Lookup { query, exact }
        }
        Expr::Or(any) => {
            let parts: Vec<_> = any.iter().map(lookup).collect();
            let exact = parts.iter().all(|part| part.exact);
            let queries: Option<Vec<_>> = parts.into_iter().map(|part| part.query).collect();
            match queries.and_then(|queries| joined(queries.into_iter(), "OR")) {
                Some(query) => Lookup {
                    query: Some(query),
                    exact,
                },
                None => Lookup::NOTHING,
            }
        }
    }
}

fn lookup_term(term: &Term) -> Lookup {
    match term {
        Term::Anywhere(pattern) if pattern.is_anything() => Lookup {
            query: None,
            exact: true,
        },
        Term::Anywhere(pattern) => pattern
            .phrase()
            .map_or(Lookup::NOTHING, |phrase| Lookup::exact(words(&phrase))),
        Term::Is(name, pattern) => lookup_value(kind(*name), pattern),
        Term::Url(pattern) => {
            Lookup::superset(pattern.phrase().map(|phrase| in_columns("head", &phrase)))
        }
        Term::Header(_, name, pattern) => Lookup::superset(lookup_header(name, pattern)),
        Term::Body(side, pattern) => pattern.phrase().map_or(Lookup::NOTHING, |phrase| {
            Lookup::exact(in_columns(body_columns(*side), &phrase))
        }),
        Term::Json(side, path, test) => Lookup::superset(lookup_json(*side, path, test)),
        // The index folds the name's case, and the filter does not.
        Term::Tag(name, Pattern::Plain(value)) => {
            Lookup::superset(Some(quoted(&tag_term(name, value))))
        }
        Term::AnyTag(pattern) => Lookup::superset(Some(match pattern {
            Pattern::Plain(value) => {
                Phrase::exact(value).map_or_else(any_tag, |phrase| in_columns("head", &phrase))
            }
            _ => any_tag(),
        })),
        Term::Tag(name, _) => Lookup::superset(Some(beginning(&tag_term(name, "")))),
        Term::Status(StatusTest::Class(class)) => Lookup::exact(class_query(*class)),
        Term::Status(StatusTest::Span(Span::Is(status))) => {
            Lookup::exact(quoted(&term_of_number(Kind::Status, *status)))
        }
        Term::Status(StatusTest::Span(span)) => {
            let classes = (1..=9_u8).filter(|class| {
                let first = u16::from(*class) * 100;
                overlaps(span, first, first + 99)
            });
            Lookup::superset(joined(classes.map(class_query), "OR"))
        }
        Term::Time(span) => lookup_span(Kind::Duration, &micros(span)),
        Term::Size(Side::Request, span) => lookup_span(Kind::RequestSize, span),
        Term::Size(_, span) => lookup_span(Kind::ResponseSize, span),
        _ => Lookup::NOTHING,
    }
}

fn lookup_value(kind: Kind, pattern: &Pattern) -> Lookup {
    match pattern {
        Pattern::Plain(value) => Lookup {
            query: Some(quoted(&term(kind, value))),
            exact: !is_cut(value),
        },
        Pattern::Glob(glob) => {
            let (start, rest) = glob.split_once('*').unwrap_or((glob, ""));
            let exact = rest.is_empty() && !is_cut(start);
            Lookup {
                query: Some(beginning(&term(kind, start))),
                exact,
            }
        }
        Pattern::Regex(_) => Lookup {
            query: Some(beginning(&term(kind, ""))),
            exact: false,
        },
    }
}

/// A value of some length is rarer than the name of a header, which nearly every exchange has, and a
/// walk that jumps through a word of every exchange costs more than to check what has the value.
fn lookup_header(name: &str, pattern: &Pattern) -> Option<String> {
    const TELLING: usize = 4;
    let value = pattern.phrase();
    let tells = |phrase: &Phrase| phrase.words().iter().any(|word| word.len() >= TELLING);
    let name = Phrase::exact(name).filter(|_| !value.as_ref().is_some_and(tells));
    let queries = [name, value];
    let queries = queries.iter().flatten();
    joined(queries.map(|phrase| in_columns("head", phrase)), "AND")
}

/// A JSON body that matches has the names of the path, and the text that is asked for, as words. A
/// body that is longer than what is searched may have them beyond the end.
fn lookup_json(side: Side, path: &JsonPath, test: &JsonTest) -> Option<String> {
    let names = path.0.iter().filter_map(|step| match step {
        Step::Name(name) => Phrase::exact(name),
        _ => None,
    });
    let number = |text: &str| text.parse::<f64>().is_ok();
    let value = match test {
        JsonTest::Text(Pattern::Plain(text)) if !number(text) => Phrase::exact(text),
        _ => None,
    };
    let queries = names
        .chain(value)
        .map(|phrase| in_columns(body_columns(side), &phrase));
    let found = joined(queries, "AND")?;
    Some(format!(
        "({found}) OR {}",
        quoted(&term(Kind::LongBody, ""))
    ))
}

/// Most exchanges lie in a span that begins at nothing, so the index would not help there.
fn lookup_span(kind: Kind, span: &Span<u64>) -> Lookup {
    let (low, high) = match *span {
        Span::Is(value) => (value, value),
        Span::Over(low) | Span::AtLeast(low) => (low, u64::MAX),
        Span::Under(high) | Span::AtMost(high) => (0, high),
        Span::Between(low, high) => (low, high),
    };
    let powers = power(low)..=power(high);
    if powers.clone().count() > 30 {
        return Lookup::superset(Some(beginning(&term(kind, ""))));
    }
    Lookup::superset(joined(
        powers.map(|power| quoted(&power_term(kind, power))),
        "OR",
    ))
}

fn micros(span: &Span<Duration>) -> Span<u64> {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    match *span {
        Span::Is(value) => Span::Is(micros(value)),
        Span::Over(low) => Span::Over(micros(low)),
        Span::AtLeast(low) => Span::AtLeast(micros(low)),
        Span::Under(high) => Span::Under(micros(high)),
        Span::AtMost(high) => Span::AtMost(micros(high)),
        Span::Between(low, high) => Span::Between(micros(low), micros(high)),
    }
}

fn overlaps(span: &Span<u16>, first: u16, last: u16) -> bool {
    match *span {
        Span::Is(value) => first <= value && value <= last,
        Span::Over(low) => last > low,
        Span::AtLeast(low) => last >= low,
        Span::Under(high) => first < high,
        Span::AtMost(high) => first <= high,
        Span::Between(low, high) => first <= high && low <= last,
    }
}

fn kind(name: Name) -> Kind {
    match name {
        Name::Method => Kind::Method,
        Name::Host => Kind::Host,
        Name::Path => Kind::Path,
        Name::Route => Kind::Route,
        Name::Consumer => Kind::Consumer,
        Name::Service => Kind::Service,
        Name::Outcome => Kind::Outcome,
    }
}

fn any_tag() -> String {
    beginning(&term(Kind::Tag, ""))
}

fn class_query(class: u8) -> String {
    quoted(&term(Kind::Class, &class.to_string()))
}

fn term_of_number(kind: Kind, number: u16) -> String {
    term(kind, &number.to_string())
}

fn body_columns(side: Side) -> &'static str {
    match side {
        Side::Either => "{request_body response_body}",
        Side::Request => "request_body",
        Side::Response => "response_body",
    }
}

fn in_columns(columns: &str, phrase: &Phrase) -> String {
    format!("{columns} : {}", words(phrase))
}

fn words(phrase: &Phrase) -> String {
    let words = phrase.words().join(" ");
    if phrase.is_prefix() {
        beginning(&words)
    } else {
        quoted(&words)
    }
}

fn beginning(text: &str) -> String {
    format!("{} *", quoted(text))
}

/// Words and terms hold neither quotes nor anything else with a meaning to the index.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn joined(queries: impl Iterator<Item = String>, operator: &str) -> Option<String> {
    let queries: Vec<_> = queries.map(|query| format!("({query})")).collect();
    (!queries.is_empty()).then(|| queries.join(&format!(" {operator} ")))
}
