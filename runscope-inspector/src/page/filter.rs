//! Filters that links of the page lead to: the one that is read, with something more or less.

use crate::exchange::Timestamp;
use crate::query::{Expr, Name, Pattern, Span, StatusTest, Term, When};
use crate::store::FacetField;

/// The condition that a facet's value stands for.
pub(super) fn facet_term(field: FacetField, value: &str) -> Option<Term> {
    let name = match field {
        FacetField::Status => {
            let status = value.parse().ok()?;
            return Some(Term::Status(StatusTest::Span(Span::Is(status))));
        }
        FacetField::Method => Name::Method,
        FacetField::Host => Name::Host,
        FacetField::Route => Name::Route,
        FacetField::Consumer => Name::Consumer,
        FacetField::Service => Name::Service,
        FacetField::Outcome => Name::Outcome,
    };
    Some(Term::Is(name, Pattern::Plain(value.to_owned())))
}

/// Whether a condition is one of those that all have to hold.
pub(super) fn has(filter: &Expr, condition: &Expr) -> bool {
    conjuncts(filter).contains(condition)
}

/// The filter with a condition more, which can be there already.
pub(super) fn with(filter: &Expr, condition: Expr) -> Expr {
    if has(filter, &condition) {
        filter.clone()
    } else {
        filter.clone().and(condition)
    }
}

/// The filter without a condition.
pub(super) fn without(filter: &Expr, condition: &Expr) -> Expr {
    retained(filter, |known| known != condition)
}

/// The filter without bounds of time.
pub(super) fn without_time(filter: &Expr) -> Expr {
    retained(filter, |known| {
        !matches!(known, Expr::Term(Term::Since(_) | Term::Before(_)))
    })
}

/// The filter with these bounds of time instead of its own.
pub(super) fn within(filter: &Expr, since: Timestamp, before: Timestamp) -> Expr {
    without_time(filter)
        .and(Expr::Term(Term::Since(When::At(since))))
        .and(Expr::Term(Term::Before(When::At(before))))
}

/// The bounds of time that the filter sets.
pub(super) fn bounds(filter: &Expr, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    let (mut since, mut before) = (None, None);
    for condition in conjuncts(filter) {
        match condition {
            Expr::Term(Term::Since(when)) => since = since.max(Some(when.resolve(now))),
            Expr::Term(Term::Before(when)) => {
                let when = when.resolve(now);
                before = Some(before.map_or(when, |known: Timestamp| known.min(when)));
            }
            _ => {}
        }
    }
    (since, before)
}

fn retained(filter: &Expr, keep: impl Fn(&Expr) -> bool) -> Expr {
    let kept = conjuncts(filter).iter().filter(|known| keep(known));
    kept.cloned().fold(Expr::All, Expr::and)
}

fn conjuncts(filter: &Expr) -> &[Expr] {
    match filter {
        Expr::And(all) => all,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse;

    #[test]
    fn a_facet_is_added_and_taken_away_again() {
        for (filter, field, value, expected) in [
            ("", FacetField::Status, "404", "status:404"),
            ("a OR b", FacetField::Method, "GET", "(a OR b) method:GET"),
            (
                "method:GET",
                FacetField::Route,
                "/a b/\"{id}\"",
                r#"method:GET route:"/a b/\"{id}\"""#,
            ),
            ("x", FacetField::Consumer, "*", r#"x consumer:"*""#),
        ] {
            let before = parse(filter).unwrap();
            let condition = Expr::Term(facet_term(field, value).unwrap());
            let after = with(&before, condition.clone());
            assert_eq!(after.to_string(), expected);
            assert_eq!(parse(expected).unwrap(), after);
            assert!(has(&after, &condition));
            assert_eq!(with(&after, condition.clone()), after);
            assert_eq!(without(&after, &condition), before);
        }
        assert_eq!(facet_term(FacetField::Status, "many"), None);
    }

    #[test]
    fn bounds_of_time_are_replaced() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let filter = parse("since:15m status:500 before:2026-11-22T10:00Z").unwrap();
        let zoomed = within(&filter, at(0), at(60));
        assert_eq!(
            zoomed.to_string(),
            "status:500 since:1970-01-01T00:00:00Z before:1970-01-01T00:01:00Z"
        );
        assert_eq!(bounds(&zoomed, at(9)), (Some(at(0)), Some(at(60))));
        assert_eq!(without_time(&zoomed).to_string(), "status:500");
        assert_eq!(without_time(&parse("since:1h").unwrap()), Expr::All);
    }
}
