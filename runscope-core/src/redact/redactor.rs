//! The doors through which everything passes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::edits::Edits;
use super::names::{Class, NameKind};
use super::rules::{BodyContext, RedactionRules};
use super::{MASK, body, cache, header, names, patterns, text, url};

/// Cleans headers, URLs and bodies of secrets. A clone shares the rules.
///
/// A recorder and a client have one of their own; this is for tools that make messages by other ways.
#[derive(Clone)]
pub struct Redactor {
    judge: Arc<Judge>,
}

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyVerdict {
    /// Nothing in it is secret, and nothing was written: the input is what may be sent.
    Unchanged,
    /// The cleaned body was appended.
    Cleaned,
    /// It could not be judged, so that the mask alone was appended.
    MaskedWhole,
}

/// What became of a body, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckedBody {
    pub(crate) verdict: BodyVerdict,
    /// Whether an unchanged body was found to be UTF-8; `false` where nobody looked.
    pub(crate) is_utf8: bool,
}

impl From<BodyVerdict> for CheckedBody {
    fn from(verdict: BodyVerdict) -> Self {
        Self {
            verdict,
            is_utf8: false,
        }
    }
}

/// The rules, with the number under which verdicts on names are cached.
pub(super) struct Judge {
    number: u64,
    rules: RedactionRules,
}

impl Redactor {
    /// A redactor that follows these rules.
    #[must_use]
    pub fn new(rules: RedactionRules) -> Self {
        Self {
            judge: Arc::new(Judge::new(rules)),
        }
    }

    /// Appends the cleaned value of a header, and returns whether something was masked.
    pub fn header(&self, name: &str, value: &[u8], out: &mut Vec<u8>) -> bool {
        self.header_of(name.as_bytes(), value, out)
    }

    /// As above, with the name as it is kept.
    pub(crate) fn header_of(&self, name: &[u8], value: &[u8], out: &mut Vec<u8>) -> bool {
        let mut edits = Edits::new(value, out);
        if self.judge.rules.is_enabled() {
            header::edit(&self.judge, &mut edits, name, 0..value.len());
        }
        edits.finish()
    }

    /// Appends a cleaned URL, absolute or in origin form, and returns whether something was masked.
    ///
    /// Userinfo, the values of secret parameters (in the query, the fragment, or after `;` in the path)
    /// and patterns are masked.
    pub fn url(&self, url: &[u8], out: &mut Vec<u8>) -> bool {
        let mut edits = Edits::new(url, out);
        if self.judge.rules.is_enabled() {
            url::edit(&self.judge, &mut edits, 0..url.len(), false, 0);
        }
        edits.finish()
    }

    /// Cleans a body that is no longer compressed.
    pub fn body(&self, context: BodyContext<'_>, bytes: &[u8], out: &mut Vec<u8>) -> BodyVerdict {
        self.checked_body(context, bytes, out).verdict
    }

    /// As above, and what was found on the way need not be found again.
    pub(crate) fn checked_body(
        &self,
        context: BodyContext<'_>,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> CheckedBody {
        let begin = out.len();
        let checked = self.clean(&context, bytes, out);
        let Some(callback) = self.judge.rules.body_callback() else {
            return checked;
        };
        let cleaned = match checked.verdict {
            BodyVerdict::MaskedWhole => return checked,
            BodyVerdict::Unchanged => bytes.to_vec(),
            BodyVerdict::Cleaned => out.split_off(begin),
        };
        match catch_unwind(AssertUnwindSafe(|| callback(&context, cleaned))) {
            Ok(last_word) => {
                out.extend_from_slice(&last_word);
                BodyVerdict::Cleaned.into()
            }
            Err(_) => {
                out.extend_from_slice(MASK.as_bytes());
                BodyVerdict::MaskedWhole.into()
            }
        }
    }

    /// Cleans a form field that is already decoded.
    pub fn field<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        self.clean_field(name, value, false)
    }

    /// Cleans the beginning of a field that was cut: it may end in half of a secret.
    pub fn cut_field<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        self.clean_field(name, value, true)
    }

    fn clean_field<'a>(&self, name: &str, value: &'a str, cut: bool) -> Cow<'a, str> {
        let judge = &self.judge;
        let masked = judge.rules.is_enabled()
            && !value.is_empty()
            && (judge.hides(NameKind::Parameter, name.as_bytes(), value.as_bytes())
                || body::text_holds_secret(judge, value.as_bytes(), cut, 0));
        if masked {
            Cow::Borrowed(MASK)
        } else {
            Cow::Borrowed(value)
        }
    }

    fn clean(&self, context: &BodyContext<'_>, bytes: &[u8], out: &mut Vec<u8>) -> CheckedBody {
        if !self.judge.rules.is_enabled() {
            return BodyVerdict::Unchanged.into();
        }
        let begin = out.len();
        let mut edits = Edits::new(bytes, out);
        let whole = 0..bytes.len();
        let typed = context.content_type;
        match body::edit(&self.judge, &mut edits, whole, typed, context.truncated, 0) {
            Ok(_) if edits.finish_if_edited() => BodyVerdict::Cleaned.into(),
            Ok(is_utf8) => CheckedBody {
                verdict: BodyVerdict::Unchanged,
                is_utf8,
            },
            Err(body::Unclean) => {
                out.truncate(begin);
                out.extend_from_slice(MASK.as_bytes());
                BodyVerdict::MaskedWhole.into()
            }
        }
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(RedactionRules::new())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redactor").field(&self.judge.rules).finish()
    }
}

impl Judge {
    pub(super) fn new(rules: RedactionRules) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Self { number, rules }
    }

    pub(super) fn class(&self, kind: NameKind, name: &[u8]) -> Class {
        cache::verdict(self.number, kind, name, || {
            match self.rules.judge(kind, name) {
                Class::Plain if kind == NameKind::Header => header::syntax(name),
                class => class,
            }
        })
    }

    /// Whether a value must be masked because of its name.
    pub(super) fn hides(&self, kind: NameKind, name: &[u8], value: &[u8]) -> bool {
        match self.class(kind, name) {
            Class::Secret => true,
            Class::Measure => !names::is_measured(value),
            _ => false,
        }
    }

    pub(super) fn has_patterns(&self) -> bool {
        self.rules.has_patterns()
    }

    /// Masks JWTs and cards alone.
    pub(super) fn edit_patterns(&self, edits: &mut Edits<'_, '_>, range: Range<usize>) {
        if self.rules.has_patterns() {
            patterns::scan(edits, range);
        }
    }

    /// Masks whatever text can show: assignments, URLs, credentials after a scheme, elements and
    /// patterns. Text with none of the characters that these need is only searched for patterns.
    pub(super) fn edit_value(&self, edits: &mut Edits<'_, '_>, range: Range<usize>, depth: u8) {
        let value = edits.source().get(range.clone()).unwrap_or_default();
        if memchr::memchr3(b'=', b':', b'<', value).is_some() || text::holds_scheme(value) {
            text::edit(self, edits, range, false, depth);
        } else {
            self.edit_patterns(edits, range);
        }
    }
}
