use super::rule::{AlertWhen, Condition, GroupBy, Rule};
use super::seen::Seen;
use crate::query::{Expr, Side, Term, passes, without_port};
use std::borrow::Cow;

/// A rule as calls are shown to it: what costs least is asked first.
#[derive(Debug)]
pub(super) struct Compiled {
    expr: Expr,
    rule: Rule,
    /// The assertions that the attributes answer come before the others.
    assertions: Vec<usize>,
    of: Option<Expr>,
}

/// What a rule says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether it is part of the traffic that matches are compared with.
    pub(super) traffic: bool,
    pub(super) matches: bool,
}

impl Compiled {
    pub(super) fn new(rule: Rule) -> Self {
        let mut assertions: Vec<usize> = (0..rule.assertions.len()).collect();
        assertions.sort_by_key(|at| {
            rule.assertions
                .get(*at)
                .is_none_or(|assertion| !assertion.is_attribute())
        });
        let of = match &rule.condition {
            Condition::Ratio { of_expr, .. } => Some(cheapest_first(of_expr.clone())),
            _ => None,
        };
        Self {
            expr: cheapest_first(rule.expr.clone()),
            assertions,
            of,
            rule,
        }
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }

    pub(super) fn judge(&self, seen: &Seen<'_>) -> Verdict {
        let traffic = self.of.as_ref().is_none_or(|of| matches(of, seen));
        Verdict {
            traffic,
            matches: traffic && matches(&self.expr, seen) && self.asserts(seen),
        }
    }

    fn asserts(&self, seen: &Seen<'_>) -> bool {
        let all = self
            .assertions
            .iter()
            .filter_map(|at| self.rule.assertions.get(*at))
            .all(|assertion| assertion.holds(seen));
        match self.rule.alert_when {
            AlertWhen::Hold => all,
            AlertWhen::Fail => !all,
        }
    }

    /// What the call's alert is told apart by; empty where the rule does not, or the call has none.
    pub(super) fn group<'a>(&self, seen: &Seen<'a>) -> Cow<'a, str> {
        let (attributes, message) = (seen.attributes(), seen.message());
        let group = match &self.rule.group_by {
            None => None,
            Some(GroupBy::Route) => attributes.route.as_deref().or(attributes.path.as_deref()),
            Some(GroupBy::Host) => attributes.host.as_deref().map(without_port),
            Some(GroupBy::Consumer) => attributes.consumer.as_deref(),
            Some(GroupBy::Header(name)) => {
                let request = message.request.as_ref().map(|request| &request.headers);
                let response = message.response.as_ref().map(|response| &response.headers);
                // The name lives as long as the rule, the value as long as the call.
                [request, response]
                    .into_iter()
                    .flatten()
                    .find_map(|headers| {
                        let mut all = headers.iter();
                        let (_, values) =
                            all.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
                        values.first().map(String::as_str)
                    })
            }
        };
        let group = group.unwrap_or_default();
        match group.char_indices().nth(LONGEST_GROUP) {
            None => Cow::Borrowed(group),
            Some((end, _)) => Cow::Borrowed(group.get(..end).unwrap_or_default()),
        }
    }

    /// Whether a match needs more of a call than its attributes.
    pub(super) fn needs_message(&self) -> bool {
        self.expr.needs_message()
            || self.of.as_ref().is_some_and(Expr::needs_message)
            || self
                .rule
                .assertions
                .iter()
                .any(|assertion| !assertion.is_attribute())
            || matches!(self.rule.group_by, Some(GroupBy::Header(_)))
    }
}

/// The characters of a group's name; it comes from whoever calls.
const LONGEST_GROUP: usize = 200;

/// The same, with what the attributes answer before what has to be looked for.
fn cheapest_first(expr: Expr) -> Expr {
    let sorted = |parts: Vec<Expr>| {
        let mut parts: Vec<_> = parts.into_iter().map(cheapest_first).collect();
        parts.sort_by_key(Expr::needs_message);
        parts
    };
    match expr {
        Expr::And(parts) => Expr::And(sorted(parts)),
        Expr::Or(parts) => Expr::Or(sorted(parts)),
        Expr::Not(inner) => Expr::Not(Box::new(cheapest_first(*inner))),
        expr => expr,
    }
}

/// As [`Expr::matches`], with bodies that are read once for all rules.
fn matches(expr: &Expr, seen: &Seen<'_>) -> bool {
    match expr {
        Expr::Term(Term::Json(side, path, test)) => {
            let has = |side| {
                seen.json(side, path)
                    .is_some_and(|document| path.any(&document, &mut |value| passes(test, value)))
            };
            match side {
                Side::Either => has(Side::Request) || has(Side::Response),
                side => has(*side),
            }
        }
        Expr::All | Expr::Term(_) => expr.matches(seen.view()),
        Expr::Not(inner) => !matches(inner, seen),
        Expr::And(all) => all.iter().all(|expr| matches(expr, seen)),
        Expr::Or(any) => any.iter().any(|expr| matches(expr, seen)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Attributes, Timestamp};
    use runscope_core::{Context, Message, Request, Response};
    use serde_json::json;

    #[test]
    fn a_rule_judges_as_its_filter_and_its_assertions_say() {
        let mut context = Context::default();
        context.route = Some("/users/{id}".to_owned());
        let mut request = Request::new("GET", "https://API.example:8443/users/7");
        request.headers.push("X-Tenant", "acme");
        let body = br#"{"error":{"code":"declined"}}"#;
        let message = Message::new()
            .request(request)
            .response(Response::new(502).response_time(0.25).body(&body[..]))
            .context(context);
        let attributes = Attributes::of(&message, Timestamp::now());
        let seen = Seen::new(&attributes, &message, Timestamp::now());
        let declined = json!([{"source": "response_json", "property": "error.code", "comparison": "equal", "value": "declined"}]);
        let fine =
            json!([{"source": "response_status", "comparison": "is_less_than", "value": 500}]);
        for (rule, matches, group) in [
            (json!({"name": "a"}), true, ""),
            (
                json!({"name": "a", "filter": "status:5xx", "group_by": "route"}),
                true,
                "/users/{id}",
            ),
            (
                json!({"name": "a", "filter": "status:4xx", "group_by": "host"}),
                false,
                "api.example",
            ),
            (
                json!({"name": "a", "filter": "body.$.error.code:declined", "group_by": "header.x-tenant"}),
                true,
                "acme",
            ),
            (
                json!({"name": "a", "filter": "response.body.$.error.code:other", "group_by": "consumer"}),
                false,
                "",
            ),
            (
                json!({"name": "a", "filter": "-status:4xx declined"}),
                true,
                "",
            ),
            (json!({"name": "a", "assertions": declined}), true, ""),
            (
                json!({"name": "a", "assertions": declined, "alert_when": "fail"}),
                false,
                "",
            ),
            (json!({"name": "a", "assertions": fine}), false, ""),
            (
                json!({"name": "a", "assertions": fine, "alert_when": "fail"}),
                true,
                "",
            ),
            (
                json!({"name": "a", "filter": "status:4xx", "assertions": fine, "alert_when": "fail"}),
                false,
                "",
            ),
        ] {
            let compiled = Compiled::new(Rule::read(&rule).unwrap());
            assert_eq!(compiled.judge(&seen).matches, matches, "{rule}");
            assert_eq!(compiled.group(&seen), group, "{rule}");
        }
    }

    #[test]
    fn matches_are_counted_among_the_traffic_that_the_rule_names() {
        let message = Message::new()
            .request(Request::new("GET", "https://api.example/other"))
            .response(Response::new(500));
        let attributes = Attributes::of(&message, Timestamp::now());
        let seen = Seen::new(&attributes, &message, Timestamp::now());
        for (of, traffic) in [("", true), ("path:/other", true), ("path:/pay", false)] {
            let rule = json!({"name": "a", "filter": "status:5xx",
                "condition": {"kind": "ratio", "window": "1m", "above": "5%", "of": of}});
            let verdict = Compiled::new(Rule::read(&rule).unwrap()).judge(&seen);
            assert_eq!(
                verdict,
                Verdict {
                    traffic,
                    matches: traffic
                },
                "{of}"
            );
        }
    }
}
