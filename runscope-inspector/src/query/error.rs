use std::fmt;

/// Why a text is not a filter: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    position: usize,
    expected: String,
}

impl ParseError {
    pub(super) fn new(position: usize, expected: impl Into<String>) -> Self {
        Self {
            position,
            expected: expected.into(),
        }
    }

    /// The place of the mistake in characters, from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What should have stood there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at character {}: expected {}",
            self.position.saturating_add(1),
            self.expected
        )
    }
}

impl std::error::Error for ParseError {}
