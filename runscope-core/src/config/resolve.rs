//! Which scope applies to an exchange: a pure decision, made without allocating.

use super::{AccessToken, Config, Scope};

/// The enabled scopes of a config, most specific first, and where each of them delivers.
#[derive(Debug, Clone)]
pub(crate) struct Scopes {
    global: Resolved,
    ranked: Vec<Ranked>,
    destinations: Vec<Destination>,
}

/// An account and a bucket of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) access_token: AccessToken,
    pub(crate) bucket_key: String,
}

/// What is known about an exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ScopeKey<'a> {
    pub(crate) route: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
    pub(crate) consumer: Option<&'a str>,
}

/// What is known about an exchange at its start, when the route may not have been chosen and the
/// consumer may not have been recognised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EarlyKey<'a> {
    pub(crate) route: Early<'a>,
    pub(crate) service: Early<'a>,
    pub(crate) consumer: Early<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Early<'a> {
    /// It may still become anything, or stay absent.
    Open,
    /// It will not change any more.
    Known(Option<&'a str>),
}

/// What applies to an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The scope that won, as an index into `Config::scopes`; `None` is the config itself.
    pub(crate) scope: Option<usize>,
    pub(crate) log_body: bool,
    pub(crate) capture: bool,
    /// An index into [`Scopes::destinations`]; 0 is the config's own account.
    pub(crate) destination: usize,
}

#[derive(Debug, Clone)]
struct Ranked {
    route: Option<String>,
    service: Option<String>,
    consumer: Option<String>,
    resolved: Resolved,
}

impl Scopes {
    /// Ranks the scopes.
    pub(super) fn new(log_body: bool, account: Destination, scopes: &[Scope]) -> Self {
        let global = Resolved {
            scope: None,
            log_body,
            capture: true,
            destination: 0,
        };
        let mut destinations = vec![account];
        let mut enabled: Vec<(usize, &Scope)> = scopes
            .iter()
            .enumerate()
            .filter(|(_, scope)| scope.enabled)
            .collect();
        enabled.sort_by_key(|(_, scope)| level(scope));
        let ranked = enabled
            .into_iter()
            .map(|(index, scope)| Ranked {
                route: scope.route.clone(),
                service: scope.service.clone(),
                consumer: scope.consumer.clone(),
                resolved: Resolved {
                    scope: Some(index),
                    log_body: scope.log_body,
                    capture: scope.capture,
                    destination: destination(&mut destinations, scope),
                },
            })
            .collect();
        Self {
            global,
            ranked,
            destinations,
        }
    }

    /// The settings of the one scope that applies. Where there are no scopes nobody has to know the key,
    /// here and below.
    pub(crate) fn resolve<'k>(&self, key: impl FnOnce() -> ScopeKey<'k>) -> Resolved {
        match self.ranked.is_empty() {
            true => self.global,
            false => self.resolve_known(key()),
        }
    }

    fn resolve_known(&self, key: ScopeKey<'_>) -> Resolved {
        self.ranked
            .iter()
            .find(|scope| scope.matches(key))
            .map_or(self.global, |scope| scope.resolved)
    }

    /// Whether bodies may have to be sent once the open parts are known. Where this is false,
    /// nothing of a body need be kept; where it is true, bodies are kept until it is decided.
    pub(crate) fn may_log_body<'k>(&self, key: impl FnOnce() -> EarlyKey<'k>) -> bool {
        self.may(key, |resolved| resolved.capture && resolved.log_body)
    }

    /// Whether the exchange may have to be captured once the open parts are known.
    pub(crate) fn may_capture<'k>(&self, key: impl FnOnce() -> EarlyKey<'k>) -> bool {
        self.may(key, |resolved| resolved.capture)
    }

    /// The accounts and buckets in use, each once; the first is the config's own.
    pub(crate) fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// Whether some way to fill the open parts ends in a result that is wanted.
    ///
    /// For each scope it is enough to try one: the open parts that the scope names get its names,
    /// the others stay absent, which lets the fewest stronger scopes match. So the answer is exact:
    /// a scope that is always outranked does not count.
    fn may<'k>(
        &self,
        key: impl FnOnce() -> EarlyKey<'k>,
        wanted: impl Fn(&Resolved) -> bool,
    ) -> bool {
        if self.ranked.is_empty() {
            return wanted(&self.global);
        }
        let key = key();
        let reachable = |scope: &Ranked| {
            let completed = key.completed_for(scope);
            scope.matches(completed) && self.resolve_known(completed) == scope.resolved
        };
        (wanted(&self.global) && self.resolve_known(key.completed()) == self.global)
            || self
                .ranked
                .iter()
                .any(|scope| wanted(&scope.resolved) && reachable(scope))
    }
}

impl Config {
    /// The enabled scopes, ready to be asked.
    pub(crate) fn scopes(&self) -> &Scopes {
        &self.ranked_scopes
    }

    /// The accounts and buckets in use, each once; the first is the config's own. For a local sink
    /// names and tokens may be empty.
    pub(crate) fn destinations(&self) -> &[Destination] {
        self.ranked_scopes.destinations()
    }
}

impl Ranked {
    fn matches(&self, key: ScopeKey<'_>) -> bool {
        let agrees = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        agrees(&self.route, key.route)
            && agrees(&self.service, key.service)
            && agrees(&self.consumer, key.consumer)
    }
}

impl<'a> EarlyKey<'a> {
    /// The open parts stay absent.
    fn completed(self) -> ScopeKey<'a> {
        ScopeKey {
            route: self.route.or(None),
            service: self.service.or(None),
            consumer: self.consumer.or(None),
        }
    }

    /// The open parts become what the scope asks for.
    fn completed_for<'b>(self, scope: &'b Ranked) -> ScopeKey<'b>
    where
        'a: 'b,
    {
        ScopeKey {
            route: self.route.or(scope.route.as_deref()),
            service: self.service.or(scope.service.as_deref()),
            consumer: self.consumer.or(scope.consumer.as_deref()),
        }
    }
}

impl<'a> Early<'a> {
    fn or<'b>(self, otherwise: Option<&'b str>) -> Option<&'b str>
    where
        'a: 'b,
    {
        match self {
            Self::Open => otherwise,
            Self::Known(value) => value,
        }
    }
}

/// The place in the gateway's order; the lowest wins.
fn level(scope: &Scope) -> u8 {
    match scope.triple().map(|part| part.is_some()) {
        [true, true, true] => 0,
        [true, false, true] => 1,
        [false, true, true] => 2,
        [true, true, false] => 3,
        [false, false, true] => 4,
        [true, false, false] => 5,
        [false, true, false] => 6,
        [false, false, false] => 7,
    }
}

/// Where a scope delivers: at its own account and bucket, the missing half taken from the config's.
fn destination(destinations: &mut Vec<Destination>, scope: &Scope) -> usize {
    let Some(global) = destinations.first() else {
        return 0;
    };
    let wanted = Destination {
        access_token: scope
            .access_token
            .as_ref()
            .unwrap_or(&global.access_token)
            .clone(),
        bucket_key: scope
            .bucket_key
            .as_ref()
            .unwrap_or(&global.bucket_key)
            .clone(),
    };
    if let Some(index) = destinations.iter().position(|known| *known == wanted) {
        return index;
    }
    destinations.push(wanted);
    destinations.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Early::{Known, Open};

    fn account() -> Destination {
        Destination {
            access_token: "token".into(),
            bucket_key: "global".to_owned(),
        }
    }

    fn winner(scopes: &[Scope], key: [Option<&str>; 3]) -> Option<usize> {
        let [route, service, consumer] = key;
        Scopes::new(false, account(), scopes)
            .resolve(|| ScopeKey {
                route,
                service,
                consumer,
            })
            .scope
    }

    /// The seven kinds of scope, the most specific first.
    fn ladder() -> Vec<Scope> {
        let (r, s, c) = ("/users/{id}", "billing", "acme");
        vec![
            Scope::new().route(r).service(s).consumer(c),
            Scope::new().route(r).consumer(c),
            Scope::new().service(s).consumer(c),
            Scope::new().route(r).service(s),
            Scope::new().consumer(c),
            Scope::new().route(r),
            Scope::new().service(s),
        ]
    }

    #[test]
    fn the_eight_levels_win_in_the_order_of_the_gateway() {
        let all = [Some("/users/{id}"), Some("billing"), Some("acme")];
        // Without the strongest n scopes the next one wins, in whatever order they are written.
        for removed in 0..=7 {
            let scopes = ladder().split_off(removed);
            let expected = (removed < 7).then_some(0);
            assert_eq!(
                winner(&scopes, all),
                expected,
                "without the first {removed}"
            );
            let reversed: Vec<Scope> = scopes.into_iter().rev().collect();
            let expected = reversed.len().checked_sub(1);
            assert_eq!(
                winner(&reversed, all),
                expected,
                "reversed, without {removed}"
            );
        }
    }

    #[test]
    fn each_set_of_known_parts_picks_its_own_level() {
        let (r, s, c) = (Some("/users/{id}"), Some("billing"), Some("acme"));
        for (key, expected) in [
            ([r, s, c], Some(0)),
            ([r, None, c], Some(1)),
            ([None, s, c], Some(2)),
            ([r, s, None], Some(3)),
            ([None, None, c], Some(4)),
            ([r, None, None], Some(5)),
            ([None, s, None], Some(6)),
            ([None, None, None], None),
            ([Some("/other"), s, c], Some(2)),
            ([r, Some("shop"), Some("else")], Some(5)),
            ([Some("/other"), Some("shop"), Some("else")], None),
        ] {
            assert_eq!(winner(&ladder(), key), expected, "{key:?}");
        }
    }

    #[test]
    fn disabled_scopes_are_passed_over() {
        let mut scopes = ladder();
        scopes[0].enabled = false;
        scopes[1].enabled = false;
        let all = [Some("/users/{id}"), Some("billing"), Some("acme")];
        assert_eq!(winner(&scopes, all), Some(2));
    }

    #[test]
    fn a_route_is_compared_as_the_text_of_its_template() {
        let scopes = [Scope::new().route("/users/{id}")];
        for (route, expected) in [
            ("/users/{id}", Some(0)),
            ("/users/7", None),
            ("/users/{ID}", None),
            ("/users/{id}/", None),
            ("/users/{name}", None),
            ("", None),
        ] {
            assert_eq!(
                winner(&scopes, [Some(route), None, None]),
                expected,
                "{route}"
            );
        }
    }

    #[test]
    fn a_scope_wins_whole_and_what_it_leaves_out_is_the_default() {
        let scopes = [
            Scope::new().route("/plain"),
            Scope::new().route("/off").capture(false),
            Scope::new().route("/bodies").log_body(true),
        ];
        let scopes = Scopes::new(true, account(), &scopes);
        for (route, log_body, capture) in [
            ("/plain", false, true),
            ("/off", false, false),
            ("/bodies", true, true),
            ("/", true, true),
        ] {
            let resolved = scopes.resolve(|| ScopeKey {
                route: Some(route),
                ..ScopeKey::default()
            });
            assert_eq!(
                (resolved.log_body, resolved.capture),
                (log_body, capture),
                "{route}"
            );
        }
    }

    #[test]
    fn destinations_are_shared_and_the_missing_half_is_the_configs() {
        let list = [
            Scope::new().route("/a"),
            Scope::new().route("/b").bucket_key("other"),
            Scope::new().route("/c").access_token("second"),
            Scope::new()
                .route("/d")
                .access_token("token")
                .bucket_key("other"),
            Scope::new()
                .route("/e")
                .access_token("token")
                .bucket_key("global"),
            Scope::new().route("/f").bucket_key("unused").enabled(false),
        ];
        let scopes = Scopes::new(false, account(), &list);
        for (route, expected) in [
            ("/a", 0),
            ("/b", 1),
            ("/c", 2),
            ("/d", 1),
            ("/e", 0),
            ("/f", 0),
        ] {
            let resolved = scopes.resolve(|| ScopeKey {
                route: Some(route),
                ..ScopeKey::default()
            });
            assert_eq!(resolved.destination, expected, "{route}");
        }
        let pairs: Vec<(&str, &str)> = scopes
            .destinations()
            .iter()
            .map(|to| (to.access_token.expose(), to.bucket_key.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("token", "global"),
                ("token", "other"),
                ("second", "global")
            ]
        );

        let local = Scopes::new(false, Destination::default(), &list);
        let buckets: Vec<_> = local
            .destinations()
            .iter()
            .map(|to| to.bucket_key.as_str())
            .collect();
        assert_eq!(
            buckets,
            ["", "other", "", "other", "global"],
            "a sink is told the bucket"
        );
    }

    #[test]
    fn bodies_may_be_wanted_only_where_some_outcome_wants_them() {
        let none = || Known(None);
        let early = |route, service, consumer| EarlyKey {
            route,
            service,
            consumer,
        };
        let bodies = |scope: Scope| scope.log_body(true);
        let route = || Scope::new().route("/r");
        let consumer = || Scope::new().consumer("c");
        let cases: Vec<(&str, bool, Vec<Scope>, EarlyKey<'_>, bool)> = vec![
            (
                "no scopes, off",
                false,
                vec![],
                early(Open, Open, Open),
                false,
            ),
            ("no scopes, on", true, vec![], early(Open, Open, Open), true),
            (
                "an open route",
                false,
                vec![bodies(route())],
                early(Open, none(), none()),
                true,
            ),
            (
                "the route is another",
                false,
                vec![bodies(route())],
                early(Known(Some("/x")), none(), Open),
                false,
            ),
            (
                "the route is this",
                false,
                vec![bodies(route())],
                early(Known(Some("/r")), none(), Open),
                true,
            ),
            (
                "there is no route",
                false,
                vec![bodies(route())],
                early(none(), none(), Open),
                false,
            ),
            (
                "the config's bodies, surely outranked",
                true,
                vec![route()],
                early(Known(Some("/r")), none(), Open),
                false,
            ),
            (
                "the config's bodies, perhaps outranked",
                true,
                vec![route()],
                early(Open, none(), none()),
                true,
            ),
            (
                "a known route that a consumer could outrank with bodies",
                false,
                vec![route(), bodies(consumer().route("/r"))],
                early(Known(Some("/r")), none(), Open),
                true,
            ),
            (
                "a consumer's bodies that a known consumer does not get",
                false,
                vec![route(), bodies(consumer())],
                early(Known(Some("/r")), none(), Known(Some("d"))),
                false,
            ),
            (
                "a route's bodies, always outranked since the service is known",
                false,
                vec![bodies(route()), route().service("s")],
                early(Open, Known(Some("s")), none()),
                false,
            ),
            (
                "a route's bodies, outranked only by some services",
                false,
                vec![bodies(route()), route().service("s")],
                early(Open, Open, none()),
                true,
            ),
            (
                "bodies of a scope that captures nothing",
                false,
                vec![bodies(route()).capture(false)],
                early(Open, none(), none()),
                false,
            ),
        ];
        for (name, log_body, scopes, key, expected) in cases {
            let scopes = Scopes::new(log_body, account(), &scopes);
            assert_eq!(scopes.may_log_body(|| key), expected, "{name}");
        }
    }

    #[test]
    fn an_exchange_may_be_captured_unless_every_outcome_forbids_it() {
        let scopes = [
            Scope::new().route("/r").capture(false),
            Scope::new().consumer("c"),
        ];
        let early = |route, consumer| EarlyKey {
            route,
            service: Known(None),
            consumer,
        };
        for (list, key, expected) in [
            (&scopes[..1], early(Open, Open), true),
            (&scopes[..1], early(Known(Some("/r")), Open), false),
            (&scopes[..], early(Known(Some("/r")), Open), true),
            (&scopes[..], early(Known(Some("/r")), Known(None)), false),
        ] {
            let scopes = Scopes::new(false, account(), list);
            assert_eq!(scopes.may_capture(|| key), expected, "{key:?}");
        }
    }
}
