//! The edits that a scanner makes: replaced ranges of the source, in ascending order.

use std::ops::Range;

use super::MASK;

/// Collects edits of `source`. Nothing is copied before the first edit, so a clean source costs
/// nothing; without an output only the fact that there was an edit is kept.
pub(super) struct Edits<'s, 'o> {
    source: &'s [u8],
    out: Option<&'o mut Vec<u8>>,
    copied: usize,
    edited: bool,
}

/// A point to which edits can be taken back.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    copied: usize,
    edited: bool,
}

impl<'s, 'o> Edits<'s, 'o> {
    pub(super) fn new(source: &'s [u8], out: &'o mut Vec<u8>) -> Self {
        Self {
            source,
            out: Some(out),
            copied: 0,
            edited: false,
        }
    }

    /// Edits that are only asked whether there were any.
    pub(super) fn probe(source: &'s [u8]) -> Self {
        Self {
            source,
            out: None,
            copied: 0,
            edited: false,
        }
    }

    pub(super) fn source(&self) -> &'s [u8] {
        self.source
    }

    pub(super) fn edited(&self) -> bool {
        self.edited
    }

    pub(super) fn mask(&mut self, range: Range<usize>) {
        self.replace(range, MASK.as_bytes());
    }

    /// Replaces a range. One that overlaps the edit before it makes that one longer.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &[u8]) {
        let end = range.end.min(self.source.len());
        if end <= self.copied || range.start >= end {
            return;
        }
        if let Some(out) = self.out.as_deref_mut()
            && range.start >= self.copied
        {
            out.extend_from_slice(
                self.source
                    .get(self.copied..range.start)
                    .unwrap_or_default(),
            );
            out.extend_from_slice(with);
        }
        self.copied = end;
        self.edited = true;
    }

    pub(super) fn mark(&self) -> Mark {
        let length = self.out.as_ref().map_or(0, |out| out.len());
        Mark {
            length,
            copied: self.copied,
            edited: self.edited,
        }
    }

    pub(super) fn take_back(&mut self, mark: Mark) {
        if let Some(out) = self.out.as_deref_mut() {
            out.truncate(mark.length);
        }
        self.copied = mark.copied;
        self.edited = mark.edited;
    }

    /// Copies what follows the last edit, when there was one, and returns whether there was.
    pub(super) fn finish_if_edited(self) -> bool {
        self.edited && self.finish()
    }

    /// Copies what follows the last edit and returns whether there was one.
    pub(super) fn finish(self) -> bool {
        if let Some(out) = self.out {
            out.extend_from_slice(self.source.get(self.copied..).unwrap_or_default());
        }
        self.edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_replace_ranges_and_keep_the_rest() {
        let mut out = b"> ".to_vec();
        let mut edits = Edits::new(b"abcdefgh", &mut out);
        edits.mask(1..3);
        edits.replace(2..4, b"!");
        let mark = edits.mark();
        edits.mask(5..6);
        edits.take_back(mark);
        edits.replace(6..7, b"");
        assert!(edits.finish());
        assert_eq!(out, b"> a[redacted]efh");
    }

    #[test]
    fn a_source_without_edits_is_not_copied() {
        let mut out = Vec::new();
        assert!(!Edits::new(b"abc", &mut out).finish_if_edited());
        assert!(out.is_empty());
    }
}
