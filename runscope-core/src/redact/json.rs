//! JSON: one pass that checks the grammar (RFC 8259) and masks values by their keys.

use std::ops::Range;

use super::body::{self, Unclean};
use super::edits::Edits;
use super::json_grammar::{Nesting, in_number, is_number, short_number};
use super::json_keys::PlainKeys;
use super::json_string::{self, Escapes, JsonString, Scanned, Seen, unescaped};
use super::names::{self, Class, NameKind};
use super::patterns;
use super::redactor::Judge;

const MASKED: &[u8] = b"\"[redacted]\"";

/// How many values a text holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    One,
    /// Any number, apart by white space or record separators (NDJSON, RFC 7464).
    Sequence,
}

/// Masks what is secret in JSON text; white space and the order of keys stay as they are. Of a text
/// that was cut at its end a string, number or literal that reaches the end is dropped.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    form: Form,
    cut: bool,
    depth: u8,
) -> Result<(), Unclean> {
    let source = edits.source();
    let text = source.get(range.clone()).unwrap_or_default();
    let end = match cut {
        true => range.end - half_character(text),
        false => range.end,
    };
    let mark = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let scanner = Scanner {
        judge,
        source,
        text: source.get(..end).unwrap_or_default(),
        edits,
        at: range.start + mark,
        limit: range.end,
        cut,
        form,
        depth,
        nesting: Nesting::default(),
        class: Class::Plain,
        muted: None,
        measured: None,
        plain: PlainKeys::default(),
    };
    match scanner.run() {
        Ok(()) => Ok(()),
        Err(Stop::Cut) if cut => Ok(()),
        Err(_) => Err(Unclean),
    }
}

/// How many bytes at the end of a text are the beginning of a character.
fn half_character(text: &[u8]) -> usize {
    let tail = text.get(text.len().saturating_sub(3)..).unwrap_or(text);
    let is_first = |byte: &u8| *byte >= 0xc0;
    let Some(start) = tail.iter().rposition(is_first) else {
        return 0;
    };
    let last = tail.get(start..).unwrap_or_default();
    match std::str::from_utf8(last) {
        Err(error) if error.error_len().is_none() => last.len(),
        _ => 0,
    }
}

struct Scanner<'a, 's, 'o> {
    judge: &'a Judge,
    source: &'s [u8],
    /// The source up to the end of the valid text. That it is UTF-8 is found on the way: outside
    /// strings JSON is ASCII.
    text: &'s [u8],
    edits: &'a mut Edits<'s, 'o>,
    at: usize,
    /// The end of all text; behind that of `text` when a character was cut in two.
    limit: usize,
    cut: bool,
    form: Form,
    depth: u8,
    nesting: Nesting,
    /// The judgement of the key whose value comes next.
    class: Class,
    /// Where the secret value began that the scanner is in, and how deep it stands.
    muted: Option<(usize, usize)>,
    /// How deep the container of measures stands that the scanner is in.
    measured: Option<usize>,
    /// Keys that need no judgement.
    plain: PlainKeys,
}

enum Stop {
    Cut,
    Malformed,
}

#[derive(Clone, Copy)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    Key,
    Next,
}

/// What nearly every token passes through is inlined by force: as calls they hand their results over in
/// memory, which takes as long as the work itself.
impl Scanner<'_, '_, '_> {
    fn run(mut self) -> Result<(), Stop> {
        let mut expect = Expect::Value;
        loop {
            let Some(mut byte) = self.token() else {
                return self.end(expect);
            };
            // Behind a comma there is no need to come round again.
            if matches!(expect, Expect::Next) && byte == b',' && !self.nesting.is_empty() {
                self.at += 1;
                expect = match self.nesting.in_object() {
                    true => Expect::Key,
                    false => Expect::Value,
                };
                match self.token() {
                    Some(next) => byte = next,
                    None => return self.end(expect),
                }
            }
            expect = match (expect, byte) {
                (Expect::FirstKey | Expect::Key, b'"') => self.member()?,
                (Expect::Next, _) if self.nesting.is_empty() => {
                    if self.form == Form::One {
                        return Err(Stop::Malformed);
                    }
                    Expect::Value
                }
                (Expect::FirstKey | Expect::Next, b'}') if self.nesting.in_object() => self.close(),
                (Expect::FirstItem | Expect::Next, b']') if !self.nesting.in_object() => {
                    self.close()
                }
                (Expect::Value | Expect::FirstItem, _) => self.value(byte)?,
                _ => return Err(Stop::Malformed),
            };
        }
    }

    /// At the end of the text, which is whole only behind a value that is in no container.
    fn end(&mut self, expect: Expect) -> Result<(), Stop> {
        let complete = self.nesting.is_empty() && matches!(expect, Expect::Next);
        if complete && self.text.len() == self.limit {
            return Ok(());
        }
        self.stop_at_cut(self.text.len())
    }

    /// A key, and the value after it or the beginning of that.
    #[inline(always)]
    fn member(&mut self) -> Result<Expect, Stop> {
        self.key()?;
        match self.token() {
            Some(byte) => self.value(byte),
            None => Ok(Expect::Value),
        }
    }

    /// A scalar, or the beginning of a container.
    #[inline(always)]
    fn value(&mut self, byte: u8) -> Result<Expect, Stop> {
        if matches!(byte, b'{' | b'[') {
            return self.open(byte == b'{');
        }
        self.scalar(byte)?;
        Ok(Expect::Next)
    }

    fn open(&mut self, object: bool) -> Result<Expect, Stop> {
        let depth = self.nesting.depth;
        match std::mem::take(&mut self.class) {
            Class::Secret if self.muted.is_none() => self.muted = Some((self.at, depth)),
            Class::Measure if self.measured.is_none() => self.measured = Some(depth),
            _ => {}
        }
        if !self.nesting.push(object) {
            return Err(Stop::Malformed);
        }
        self.at += 1;
        Ok(if object {
            Expect::FirstKey
        } else {
            Expect::FirstItem
        })
    }

    fn close(&mut self) -> Expect {
        self.at += 1;
        self.nesting.pop();
        let depth = self.nesting.depth;
        if let Some((start, muted)) = self.muted
            && muted == depth
        {
            self.edits.replace(start..self.at, MASKED);
            self.muted = None;
        }
        if self.measured == Some(depth) {
            self.measured = None;
        }
        Expect::Next
    }

    #[inline(always)]
    fn key(&mut self) -> Result<(), Stop> {
        match self.plain.find(self.text, self.at + 1) {
            Some(close) => self.at = close + 1,
            None => self.judged_key()?,
        }
        match self.token() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Stop::Malformed),
            None => self.stop_at_cut(self.text.len()),
        }
    }

    #[inline(never)]
    fn judged_key(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let string = self.string()?;
        if self.muted.is_some() {
            return Ok(());
        }
        let content = start + 1..string.close;
        let escaped = string.escapes != Escapes::None;
        self.class = self.class_of(content.clone(), escaped);
        let text = self.source.get(content.clone()).unwrap_or_default();
        if escaped || patterns::may_hold(text) {
            self.edit_key(content, escaped);
        } else if self.class == Class::Plain {
            self.plain.add(text);
        }
        Ok(())
    }

    fn class_of(&self, content: Range<usize>, escaped: bool) -> Class {
        let name = self.source.get(content).unwrap_or_default();
        if escaped {
            unescaped(name, |name| self.judge.class(NameKind::Field, name))
        } else {
            self.judge.class(NameKind::Field, name)
        }
    }

    /// A map's key may be a token itself.
    fn edit_key(&mut self, content: Range<usize>, escaped: bool) {
        if !escaped {
            return self.judge.edit_patterns(self.edits, content);
        }
        let text = self.source.get(content.clone()).unwrap_or_default();
        let hit = unescaped(text, |name| {
            let mut probe = Edits::probe(name);
            self.judge.edit_patterns(&mut probe, 0..name.len());
            probe.edited()
        });
        if hit {
            self.edits.mask(content);
        }
    }

    #[inline(always)]
    fn scalar(&mut self, first: u8) -> Result<(), Stop> {
        let class = std::mem::take(&mut self.class);
        let class = if self.measured.is_some() && class == Class::Plain {
            Class::Measure
        } else {
            class
        };
        match first {
            b'"' => self.string_value(class),
            b'-' | b'0'..=b'9' => self.number(class),
            b't' => self.literal(b"true", class),
            b'f' => self.literal(b"false", class),
            b'n' => self.literal(b"null", class),
            _ => Err(Stop::Malformed),
        }
    }

    #[inline(always)]
    fn string_value(&mut self, class: Class) -> Result<(), Stop> {
        let start = self.at + 1;
        match json_string::scan_short(self.text, start) {
            Some(close) if class == Class::Plain => {
                self.at = close + 1;
                match self.muted {
                    None => self.edit_plain(start..close),
                    Some(_) => Ok(()),
                }
            }
            _ => self.judged_string_value(class),
        }
    }

    #[inline(never)]
    fn judged_string_value(&mut self, class: Class) -> Result<(), Stop> {
        let start = self.at;
        let string = self.string()?;
        let content = start + 1..string.close;
        if self.muted.is_some() || content.is_empty() {
            return Ok(());
        }
        let text = self.source.get(content.clone()).unwrap_or_default();
        let hidden = match class {
            Class::Secret => true,
            Class::Measure if !names::is_measured(text) => true,
            _ if string.escapes != Escapes::None => self.hides_in_escapes(string, text),
            _ => return self.edit_plain(content),
        };
        if hidden {
            self.edits.mask(content);
        }
        Ok(())
    }

    /// Masks what is secret inside a value that has no escapes and is no secret by its key.
    #[inline]
    fn edit_plain(&mut self, content: Range<usize>) -> Result<(), Stop> {
        let text = self.source.get(content.clone()).unwrap_or_default();
        if Seen::of(text).is_worth_a_look(text.len()) {
            self.judge.edit_value(self.edits, content, self.depth);
        }
        Ok(())
    }

    /// Whether a string with escapes holds a secret once they are undone. What is nested too deep is
    /// judged by its escapes themselves, and so is always looked at.
    fn hides_in_escapes(&self, string: JsonString, text: &[u8]) -> bool {
        let depth = self.depth;
        let look = string.escapes == Escapes::Numbers
            || depth >= body::NESTED
            || Seen::of(text).is_worth_unescaping(text);
        look && unescaped(text, |text| body::holds_secret(self.judge, text, depth))
    }

    #[inline(always)]
    fn number(&mut self, class: Class) -> Result<(), Stop> {
        let start = self.at;
        // Too short for a card's number, and as short as a measure may be.
        if let Some(end) = short_number(self.text, start)
            && class != Class::Secret
        {
            self.at = end;
            return Ok(());
        }
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| in_number(**byte)).count();
        let number = rest.get(..length).unwrap_or_default();
        self.at = start + length;
        if length == rest.len() && (self.cut || !self.nesting.is_empty()) {
            return self.stop_at_cut(start);
        }
        if !is_number(number) {
            return if length == rest.len() {
                self.stop_at_cut(start)
            } else {
                Err(Stop::Malformed)
            };
        }
        if self.muted.is_none() && self.hides_number(class, number) {
            self.edits.replace(start..self.at, MASKED);
        }
        Ok(())
    }

    fn hides_number(&self, class: Class, number: &[u8]) -> bool {
        match class {
            Class::Secret => return true,
            Class::Measure => return number.len() > 12,
            _ if number.len() < 13 || !self.judge.has_patterns() => return false,
            _ => {}
        }
        let begin = usize::from(number.starts_with(b"-"));
        let mut hit = false;
        patterns::cards(number, begin, number.len(), false, |_| hit = true);
        hit
    }

    #[inline(always)]
    fn literal<const N: usize>(&mut self, literal: &[u8; N], class: Class) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        if rest.first_chunk() != Some(literal) {
            let begun = literal.starts_with(rest);
            return if begun {
                self.stop_at_cut(start)
            } else {
                Err(Stop::Malformed)
            };
        }
        self.at += N;
        if class == Class::Secret && self.muted.is_none() && literal != b"null".as_slice() {
            self.edits.replace(start..self.at, MASKED);
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<JsonString, Stop> {
        match json_string::scan(self.text, self.at + 1) {
            Scanned::Whole(string) => {
                self.at = string.close + 1;
                Ok(string)
            }
            Scanned::Cut => {
                // A character that was cut in two is a part of this string.
                self.text = self.source.get(..self.limit).unwrap_or_default();
                self.stop_at_cut(self.at)
            }
            Scanned::Malformed => Err(Stop::Malformed),
        }
    }

    /// The text ends inside a value: what begins at `token` is dropped, or the secret it belongs to is
    /// masked. Half a character outside a string is not JSON.
    fn stop_at_cut<T>(&mut self, token: usize) -> Result<T, Stop> {
        if self.text.len() != self.limit {
            return Err(Stop::Malformed);
        }
        match self.muted {
            Some((start, _)) => self.edits.replace(start..self.limit, MASKED),
            None => self.edits.replace(token..self.limit, b""),
        }
        Err(Stop::Cut)
    }

    /// The byte that comes next after white space.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        match self.text.get(self.at) {
            Some(&byte) if byte > b' ' => Some(byte),
            _ => self.token_after_space(),
        }
    }

    #[inline(never)]
    fn token_after_space(&mut self) -> Option<u8> {
        let separator = self.form == Form::Sequence && self.nesting.is_empty();
        let is_space =
            |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r') || (byte == 0x1e && separator);
        while let Some(&byte) = self.text.get(self.at) {
            if !is_space(byte) {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }
}
