use super::fields::{Change, pairs};
use super::tree::Tree;
use super::{Line, json, lines};
use crate::show::{Shown, View};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long bodies are compared before the differences get coarser.
const TIME: Duration = Duration::from_millis(500);

/// How two bodies differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "as", rename_all = "lowercase")]
pub(crate) enum BodyChange {
    /// They do not; or neither has one.
    Same,
    /// Only one of them is here to be compared.
    Absent {
        /// Whether the first call has a body here.
        a: bool,
        /// Whether the second call has a body here.
        b: bool,
    },
    /// JSON, by paths.
    Json { changes: Vec<Change>, more: bool },
    /// Forms, by field.
    Form { changes: Vec<Change> },
    /// Text, by line.
    Text { lines: Vec<Line>, more: bool },
    /// Bytes, which are told apart by their number.
    Binary { a: usize, b: usize },
}

impl BodyChange {
    pub(super) fn of(a: Option<&Shown>, b: Option<&Shown>) -> Self {
        let present = |shown: &Shown| shown.has_bytes() || matches!(shown.view, View::Form(..));
        let (a, b) = match (a.filter(|a| present(a)), b.filter(|b| present(b))) {
            (None, None) => return Self::Same,
            (Some(a), Some(b)) => (a, b),
            (a, b) => {
                return Self::Absent {
                    a: a.is_some(),
                    b: b.is_some(),
                };
            }
        };
        if a.decoded.bytes == b.decoded.bytes && a.view == b.view {
            return Self::Same;
        }
        if let (View::Form(a, _), View::Form(b, _)) = (&a.view, &b.view) {
            let changes = pairs(a.iter().cloned(), b.iter().cloned());
            return Self::Form { changes };
        }
        let trees = |shown: &Shown| match &shown.view {
            View::Json(painted) => Tree::of(painted.text()),
            _ => None,
        };
        if let (Some(a), Some(b)) = (trees(a), trees(b)) {
            let (changes, more) = json::compare(&a, &b, Instant::now() + TIME);
            return Self::Json { changes, more };
        }
        match (text(a), text(b)) {
            (Some(a), Some(b)) => {
                let (lines, more) = lines::compare(a, b, TIME);
                Self::Text { lines, more }
            }
            _ => Self::Binary {
                a: a.decoded.bytes.len(),
                b: b.decoded.bytes.len(),
            },
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_same(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Json { changes, .. } | Self::Form { changes } => changes.is_empty(),
            Self::Text { lines, .. } => lines.is_empty(),
            Self::Absent { .. } | Self::Binary { .. } => false,
        }
    }
}

fn text(shown: &Shown) -> Option<&str> {
    match &shown.view {
        View::Json(painted) | View::Xml(painted) => Some(painted.text()),
        View::Text(text) => Some(text),
        View::Multipart(..) => std::str::from_utf8(&shown.decoded.bytes).ok(),
        View::Form(..) | View::Image(_) | View::Binary => None,
    }
}
