//! Texts and header lists of one exchange in one buffer, so that a head costs one allocation.

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
/// A header is written as its name's length (`u16`), its value's length (`u32`), the name, the
/// value. Lists are only ever walked from their start, so no index is kept.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    bytes: Vec<u8>,
}

const LENGTHS: usize = 6;

impl Flat {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes the buffer holds on to.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends a text.
    pub(crate) fn text(&mut self, text: &[u8]) -> Span {
        self.write(|bytes| bytes.extend_from_slice(text))
    }

    /// Appends whatever `write` appends, as one text.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.span_from(start)
    }

    /// Appends a header whose value `write` appends. A name longer than 64 KiB, which no server
    /// accepts, is cut.
    pub(crate) fn header(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&name_length.to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes
            .extend_from_slice(&name.as_bytes()[..usize::from(name_length)]);
        let value_start = self.bytes.len();
        write(&mut self.bytes);
        let value_length = u32::try_from(self.bytes.len() - value_start).unwrap_or(u32::MAX);
        self.bytes[start + 2..start + LENGTHS].copy_from_slice(&value_length.to_ne_bytes());
    }

    /// What has been appended since the buffer had the length `start`.
    pub(crate) fn span_from(&self, start: usize) -> Span {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: clamp(start),
            end: clamp(self.bytes.len()),
        }
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        self.bytes.get(span.range()).unwrap_or_default()
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
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name_length, rest) = self.rest.split_first_chunk::<2>()?;
        let (value_length, rest) = rest.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(usize::from(u16::from_ne_bytes(*name_length)))?;
        let (value, rest) = rest.split_at_checked(u32::from_ne_bytes(*value_length) as usize)?;
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
            flat.header(name, |out| out.extend_from_slice(value));
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
