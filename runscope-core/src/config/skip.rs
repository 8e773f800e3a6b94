//! Which exchanges are left out, and which keep their bodies: pure decisions over a [`Config`].

use super::{Config, content_type::keeps_type};
use std::{fmt, str::FromStr, time::Duration};

/// Where orchestrators and load balancers ask whether a service is well.
const HEALTH_PATHS: [&str; 8] = [
    "/health", "/healthz", "/livez", "/readyz", "/ready", "/live", "/ping", "/_health",
];

/// How the probes of Kubernetes, Google Cloud and AWS name themselves, before the slash.
const PROBES: [&[u8]; 3] = [b"kube-probe", b"GoogleHC", b"ELB-HealthChecker"];

impl Config {
    /// Whether an exchange is left out because of `skip_methods`, `skip_paths` or
    /// `skip_health_checks`. Of the target only the path counts.
    pub(crate) fn skips(&self, method: &str, target: &str, user_agent: Option<&[u8]>) -> bool {
        if self
            .skip_methods
            .iter()
            .any(|skipped| skipped.eq_ignore_ascii_case(method))
        {
            return true;
        }
        if self.skip_paths.is_empty() && !self.skip_health_checks {
            return false;
        }
        let path = target.split(['?', '#']).next().unwrap_or_default();
        self.skip_paths.iter().any(|pattern| pattern.matches(path))
            || (self.skip_health_checks && is_health_check(path, user_agent))
    }

    /// Whether a body of this `Content-Type` is kept.
    pub(crate) fn keeps_content_type(&self, header: Option<&[u8]>) -> bool {
        keeps_type(&self.body_content_types, header)
    }

    /// Whether the bodies of an answered exchange are kept: always where neither `body_min_status`
    /// nor `body_min_time` is set, else when either of the two is reached. An exchange without an
    /// answer counts as failed.
    pub(crate) fn keeps_bodies(&self, status: Option<u16>, elapsed: impl Fn() -> Duration) -> bool {
        match (self.body_min_status, self.body_min_time) {
            (None, None) => true,
            (min_status, min_time) => {
                min_status.is_some_and(|least| status.is_none_or(|status| status >= least))
                    || min_time.is_some_and(|least| elapsed() >= least)
            }
        }
    }
}

/// Whether a request is a health check: by its path (a slash at its end does not matter) or by the
/// probe that sends it.
pub(crate) fn is_health_check(path: &str, user_agent: Option<&[u8]>) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let product = |agent: &[u8]| {
        let name = agent.split(|&byte| byte == b'/').next().unwrap_or_default();
        PROBES.iter().any(|probe| name.eq_ignore_ascii_case(probe))
    };
    HEALTH_PATHS.contains(&path) || user_agent.is_some_and(product)
}

/// A path in which `*` stands for any run of characters, slashes among them. Every other character
/// stands for itself (so does `?`), the case of letters matters, and the whole path must match.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PathPattern(String);

impl PathPattern {
    /// Takes at most `pattern × path` steps and no memory, whatever the path holds.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut segments = self.0.split('*');
        let first = segments.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else {
            return false;
        };
        let Some(last) = segments.next_back() else {
            return rest.is_empty();
        };
        // The earliest place of each middle part leaves the most for those that follow it.
        for segment in segments {
            match rest
                .find(segment)
                .and_then(|start| rest.get(start + segment.len()..))
            {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl FromStr for PathPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.starts_with(['/', '*']) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "{} does not begin with / or *",
                super::value::quoted(text)
            )),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_across_segments() {
        for (pattern, path, expected) in [
            ("/ping", "/ping", true),
            ("/ping", "/ping/", false),
            ("/ping", "/pingpong", false),
            ("/ping", "", false),
            ("/static/*", "/static/", true),
            ("/static/*", "/static/js/app.js", true),
            ("/static/*", "/static", false),
            ("*.png", "/a/b.png", true),
            ("*.png", "/a/b.png/c", false),
            ("*", "", true),
            ("*", "/anything", true),
            ("**", "/anything", true),
            ("/a*a", "/a", false),
            ("/a*a", "/aa", true),
            ("/users/*/avatar*", "/users/7/avatar", true),
            ("/users/*/avatar*", "/users/7/x/avatar.png", true),
            ("/users/*/avatar*", "/users/avatar", false),
            ("/a*b*c", "/abbbc", true),
            ("/a*b*bc", "/abc", false),
            ("/a*ab*c", "/aaabac", true),
            ("/item?", "/item?", true),
            ("/item?", "/items", false),
            ("/Admin", "/admin", false),
            ("/é*", "/é/ü", true),
        ] {
            assert_eq!(
                pattern.parse::<PathPattern>().unwrap().matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_path_pattern_begins_at_the_root() {
        for text in ["", "health", "?x", "https://example.com/a"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn health_checks_are_known_by_path_or_probe() {
        for (path, agent, expected) in [
            ("/healthz", None, true),
            ("/health/", None, true),
            ("/_health", None, true),
            ("/healthy", None, false),
            ("/api/health", None, false),
            ("/", None, false),
            ("/", Some(&b"kube-probe/1.29"[..]), true),
            ("/", Some(b"GoogleHC/1.0"), true),
            ("/", Some(b"ELB-HealthChecker/2.0"), true),
            ("/", Some(b"kube-prober/1.0"), false),
            ("/", Some(b"Mozilla/5.0 (kube-probe/1.29)"), false),
            ("/", Some(b""), false),
        ] {
            assert_eq!(is_health_check(path, agent), expected, "{path} {agent:?}");
        }
    }

    #[test]
    fn an_exchange_is_skipped_by_method_path_or_health() {
        let config = Config::builder()
            .sink(crate::MemorySink::new())
            .skip_methods(["options"])
            .skip_paths(["/static/*"])
            .build()
            .unwrap();
        assert!(config.skips("OPTIONS", "/", None));
        assert!(config.skips("GET", "/static/app.js?v=1", None));
        assert!(!config.skips("GET", "/healthz", None));
        assert!(!config.skips("GET", "/", None));

        let config = Config::builder()
            .sink(crate::MemorySink::new())
            .skip_health_checks(true)
            .build()
            .unwrap();
        assert!(config.skips("GET", "/healthz", None));
        assert!(!config.skips("OPTIONS", "/", None));
    }

    #[test]
    fn bodies_are_kept_when_either_limit_is_reached() {
        let (status, time) = (Some(500), Some(Duration::from_secs(1)));
        for (min_status, min_time, status, millis, expected) in [
            (None, None, 200, 0, true),
            (status, None, 499, 9_999, false),
            (status, None, 500, 0, true),
            (None, time, 599, 999, false),
            (None, time, 200, 1000, true),
            (status, time, 200, 0, false),
            (status, time, 200, 1000, true),
            (status, time, 503, 0, true),
        ] {
            let mut config = Config::builder()
                .sink(crate::MemorySink::new())
                .build()
                .unwrap();
            config.body_min_status = min_status;
            config.body_min_time = min_time;
            assert_eq!(
                config.keeps_bodies(Some(status), || Duration::from_millis(millis)),
                expected
            );
        }
    }
}
