use crate::query::ParseError;
use serde_json::{Value, json};
use std::fmt;

/// Why a rule or a channel is refused: where it is wrong, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    field: String,
    position: Option<usize>,
    reason: String,
    fix: String,
}

impl Mistake {
    pub(crate) fn new(
        field: impl Into<String>,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            position: None,
            reason: reason.into(),
            fix: fix.into(),
        }
    }

    /// A filter, or another text with a grammar, that can't be read from a character on.
    pub(super) fn at(field: impl Into<String>, position: usize, expected: &str) -> Self {
        Self {
            position: Some(position),
            ..Self::new(
                field,
                format!(
                    "it can't be read from character {} on",
                    position.saturating_add(1)
                ),
                format!("write {expected} there"),
            )
        }
    }

    pub(super) fn filter(field: impl Into<String>, error: &ParseError) -> Self {
        Self::at(field, error.position(), error.expected())
    }

    /// The same as a part of something larger, whose place is put before its own.
    pub(crate) fn within(self, place: &str) -> Self {
        Self {
            field: format!("{place}{}", self.field),
            ..self
        }
    }

    /// Where it is, as a JSON Pointer (RFC 6901): `/condition/window`; empty for the whole.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// The character of a text field from which it can't be read, from 0.
    pub(crate) fn position(&self) -> Option<usize> {
        self.position
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do about it.
    pub(crate) fn fix(&self) -> &str {
        &self.fix
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "field": self.field(),
            "position": self.position(),
            "reason": self.reason(),
            "fix": self.fix(),
        })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.field.is_empty() {
            "/"
        } else {
            &self.field
        };
        write!(f, "{field}: {}; {}", self.reason, self.fix)
    }
}

impl std::error::Error for Mistake {}
