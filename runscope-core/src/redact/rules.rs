//! What the configuration says about redaction.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::names::{self, Class, NameKind};

/// The user's last word on a body: it gets the body as cleaned by the rules and returns the one to
/// send. When it panics the body is masked whole.
pub type BodyCallback = Arc<dyn Fn(&BodyContext<'_>, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// Which body of an exchange is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// The body that the client sent.
    Request,
    /// The body that the service answered.
    Response,
}

/// What is known about a body that is to be cleaned.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BodyContext<'a> {
    /// Whether it belongs to the request or to the response.
    pub side: Side,
    /// The value of `Content-Type`, when there was one.
    pub content_type: Option<&'a str>,
    /// The exchange's URL, already cleaned, when it is known.
    pub url: Option<&'a str>,
    /// Whether the bytes are only the beginning of the real body.
    pub truncated: bool,
}

impl<'a> BodyContext<'a> {
    /// A whole body of which nothing is known but its side.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self {
            side,
            content_type: None,
            url: None,
            truncated: false,
        }
    }

    /// Says what `Content-Type` was. Default: none, which is read as text.
    #[must_use]
    pub fn content_type(mut self, content_type: Option<&'a str>) -> Self {
        self.content_type = content_type;
        self
    }

    /// Says the URL of the exchange, for the callback only. Default: none.
    #[must_use]
    pub fn url(mut self, url: Option<&'a str>) -> Self {
        self.url = url;
        self
    }

    /// Says whether the bytes are only the beginning of the real body. Default: false.
    #[must_use]
    pub fn truncated(mut self, truncated: bool) -> Self {
        self.truncated = truncated;
        self
    }
}

/// Which names and values are secret.
///
/// By default every value whose name holds `auth`, `token`, `secret`, `password`, `session`, `cookie`
/// and their like is masked in headers, URLs and bodies, and so are userinfo in URLs, JWT-shaped
/// values and card numbers, but for headers whose syntax has no room for them (`accept`, `date`,
/// `host` and their like). Names given here are exact, and they are compared
/// without regard to case, `-`, `_` and camelCase: `x-api-key`, `X_API_KEY` and `xApiKey` are one name.
/// A name that was added is always secret, one that was removed never is because of its name.
#[derive(Clone)]
pub struct RedactionRules {
    enabled: bool,
    patterns: bool,
    only: Option<BTreeSet<Vec<u8>>>,
    added: BTreeSet<Vec<u8>>,
    removed: BTreeSet<Vec<u8>>,
    callback: Option<BodyCallback>,
}

impl Default for RedactionRules {
    fn default() -> Self {
        Self::new()
    }
}

impl RedactionRules {
    /// The rules that hold when nothing is configured: the built-in names and all patterns.
    #[must_use]
    pub fn new() -> Self {
        Self {
            enabled: true,
            patterns: true,
            only: None,
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            callback: None,
        }
    }

    /// Switches redaction on or off as a whole. Default: on. The callback is called in both cases.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether JWT-shaped values and card numbers are masked whatever their name is. Default: true.
    #[must_use]
    pub fn patterns(mut self, patterns: bool) -> Self {
        self.patterns = patterns;
        self
    }

    /// Makes these names the only secret ones, instead of the built-in judgement. Patterns still apply.
    #[must_use]
    pub fn replace_names<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.only = Some(normalised(names).collect());
        self
    }

    /// Makes these names secret, whatever else is said about them.
    #[must_use]
    pub fn add_names<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.added.extend(normalised(names));
        self
    }

    /// Takes these names out of the built-in judgement. Their values are still searched for patterns.
    #[must_use]
    pub fn remove_names<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.removed.extend(normalised(names));
        self
    }

    /// Gives the user's code the last word on each body. It is called on the worker's thread, with the
    /// cleaned body, and not for one that had to be masked whole. Default: none.
    #[must_use]
    pub fn callback<F>(mut self, callback: F) -> Self
    where
        F: Fn(&BodyContext<'_>, Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    {
        self.callback = Some(Arc::new(callback));
        self
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    pub(super) fn has_patterns(&self) -> bool {
        self.patterns
    }

    pub(super) fn body_callback(&self) -> Option<&BodyCallback> {
        self.callback.as_ref()
    }

    /// The judgement of a name, uncached.
    pub(super) fn judge(&self, kind: NameKind, name: &[u8]) -> Class {
        let as_written = names::normal_form(name);
        let listed =
            |set: &BTreeSet<Vec<u8>>| !set.is_empty() && set.contains(as_written.as_slice());
        if listed(&self.added) {
            Class::Secret
        } else if listed(&self.removed) {
            Class::Plain
        } else if let Some(only) = &self.only {
            if listed(only) {
                Class::Secret
            } else {
                Class::Plain
            }
        } else {
            names::judge(kind, name)
        }
    }
}

impl fmt::Debug for RedactionRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |set: &BTreeSet<Vec<u8>>| -> Vec<String> {
            set.iter()
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect()
        };
        f.debug_struct("RedactionRules")
            .field("enabled", &self.enabled)
            .field("patterns", &self.patterns)
            .field("only", &self.only.as_ref().map(list))
            .field("added", &list(&self.added))
            .field("removed", &list(&self.removed))
            .field("callback", &self.callback.as_ref().map(|_| "Fn(..)"))
            .finish()
    }
}

fn normalised<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> impl Iterator<Item = Vec<u8>> {
    names
        .into_iter()
        .map(|name| names::normal_form(name.as_ref().as_bytes()).to_vec())
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_names_win_over_the_built_in_judgement_in_a_fixed_order() {
        let rules = RedactionRules::new()
            .add_names(["favouriteColour", "both"])
            .remove_names(["x-api-key", "both"]);
        let only = RedactionRules::new()
            .replace_names(["PIN-Code"])
            .add_names(["extra"]);
        let cases = [
            (&rules, "Favourite_Colour", Class::Secret),
            (&rules, "BOTH", Class::Secret),
            (&rules, "XApiKey", Class::Plain),
            (&rules, "password", Class::Secret),
            (&rules, "colour", Class::Plain),
            (&only, "pinCode", Class::Secret),
            (&only, "extra", Class::Secret),
            (&only, "password", Class::Plain),
        ];
        for (rules, name, expected) in cases {
            assert_eq!(
                rules.judge(NameKind::Field, name.as_bytes()),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn debug_shows_a_placeholder_for_the_callback() {
        let rules = RedactionRules::new().callback(|_, body| body);
        assert!(format!("{rules:?}").contains("callback: Some(\"Fn(..)\")"));
    }
}
