//! Texts and header lists of one exchange in one buffer, so that a head costs one allocation.

use std::fmt;
use std::ops::Range;

/// A piece of a [`Flat`] buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// An append-only buffer of texts and header lists.
///
/// A header is written as the lengths of its name and its value (in one `u64`), the name, the value.
/// Lists are only ever walked from their start, so no index is kept.
#[derive(Default)]
pub(crate) struct Flat {
    /// Its length is the room that there is. What lies behind `end` is of no meaning: written once, so
    /// that what is appended has one bound to be held to.
    bytes: Vec<u8>,
    end: usize,
}

/// What it holds may be secret.
impl fmt::Debug for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flat")
            .field("len", &self.end)
            .finish_non_exhaustive()
    }
}

const LENGTHS: usize = size_of::<u64>();

impl Flat {
    /// Makes room for so many bytes in all.
    pub(super) fn reserve(&mut self, bytes: usize) {
        if let Some(more) = bytes.checked_sub(self.bytes.len()) {
            self.bytes.reserve_exact(more);
            self.bytes.resize(self.bytes.capacity(), 0);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// How many bytes the buffer holds on to.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends a text.
    pub(crate) fn text(&mut self, text: &[u8]) -> Span {
        let start = self.end;
        let end = start + text.len();
        if end > self.bytes.len() {
            self.grow(end);
        }
        if let Some(room) = self.bytes.get_mut(start..end) {
            room.copy_from_slice(text);
            self.end = end;
        }
        self.span_from(start)
    }

    /// Appends a header. One of 4 GiB, which no server accepts, is left out.
    #[inline]
    pub(crate) fn header(&mut self, name: &[u8], value: &[u8]) {
        if u32::try_from(name.len() | value.len()).is_ok() && !self.put(name, value) {
            self.grow(self.end + LENGTHS + name.len() + value.len());
            self.put(name, value);
        }
    }

    /// Where there is room.
    #[inline]
    fn put(&mut self, name: &[u8], value: &[u8]) -> bool {
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let Some((at_lengths, room)) = room.split_first_chunk_mut::<LENGTHS>() else {
            return false;
        };
        let Some((at_name, room)) = room.split_at_mut_checked(name.len()) else {
            return false;
        };
        let Some((at_value, _)) = room.split_at_mut_checked(value.len()) else {
            return false;
        };
        *at_lengths = (((name.len() as u64) << 32) | value.len() as u64).to_ne_bytes();
        at_name.copy_from_slice(name);
        at_value.copy_from_slice(value);
        self.end += LENGTHS + name.len() + value.len();
        true
    }

    /// By doubling, as a `Vec` does.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, bytes: usize) {
        self.reserve(bytes.max(self.bytes.len().saturating_mul(2)));
    }

    /// Forgets what it has, and keeps a buffer that is not huge for what comes next.
    pub(crate) fn clear(&mut self) {
        const KEEP: usize = 64 * 1024;
        self.end = 0;
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
    }

    /// What has been appended since the buffer had the length `start`.
    pub(crate) fn span_from(&self, start: usize) -> Span {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: clamp(start),
            end: clamp(self.end),
        }
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let written = self.bytes.get(..self.end).unwrap_or_default();
        written.get(span.range()).unwrap_or_default()
    }

    /// A text that came in as `&str`; anything else is shown as empty.
    pub(crate) fn str(&self, span: Span) -> &str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// A text, where there is one.
    pub(crate) fn non_empty(&self, span: Span) -> Option<&str> {
        (!span.is_empty()).then(|| self.str(span))
    }

    /// The headers of a list, in order.
    pub(crate) fn headers(&self, list: Span) -> Headers<'_> {
        Headers {
            rest: self.bytes(list),
        }
    }
}

/// Appends headers, and shows each to `see`.
#[inline]
pub(super) fn copy_headers<'h>(
    flat: &mut Flat,
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    mut see: impl FnMut(&'h str, &'h [u8]),
) {
    for (name, value) in headers {
        see(name, value);
        flat.header(name.as_bytes(), value);
    }
}

/// The headers of a list, in order.
#[derive(Debug, Clone)]
pub(crate) struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    /// The first value under a lower-case name.
    pub(crate) fn first(mut self, name: &str) -> Option<&'a [u8]> {
        self.find(|(known, _)| *known == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// The last value under a lower-case name.
    pub(crate) fn last(self, name: &str) -> Option<&'a [u8]> {
        self.filter(|(known, _)| *known == name.as_bytes())
            .last()
            .map(|(_, value)| value)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (lengths, rest) = self.rest.split_first_chunk::<LENGTHS>()?;
        let lengths = u64::from_ne_bytes(*lengths);
        let (name, rest) = rest.split_at_checked((lengths >> 32) as usize)?;
        let (value, rest) = rest.split_at_checked((lengths as u32) as usize)?;
        self.rest = rest;
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gives_back_what_was_put_in_in_order_and_with_duplicates() {
        let mut flat = Flat::default();
        let before = flat.text(b"GET");
        let start = flat.len();
        let headers: [(&str, &[u8]); 4] = [
            ("set-cookie", b"a"),
            ("x", b""),
            ("set-cookie", b"b"),
            ("bin", b"\xff\0"),
        ];
        for (name, value) in headers {
            flat.header(name.as_bytes(), value);
        }
        let list = flat.span_from(start);
        flat.text(b"after");

        let back: Vec<_> = flat.headers(list).collect();
        assert_eq!(back, headers.map(|(name, value)| (name.as_bytes(), value)));
        assert_eq!(flat.headers(list).first("set-cookie"), Some(&b"a"[..]));
        assert_eq!(flat.headers(list).first("absent"), None);
        assert_eq!(flat.str(before), "GET");
        assert_eq!(flat.headers(Span::default()).next(), None);
    }
}
