//! JSON: one pass that checks the grammar (RFC 8259) and masks values by their keys.

use std::ops::Range;

use super::body::{Unclean, holds_secret};
use super::edits::Edits;
use super::json_grammar::{Nesting, is_number};
use super::json_string::{self, JsonString, Scanned, unescaped};
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
    let end = match std::str::from_utf8(text) {
        Ok(_) => range.end,
        Err(error) if cut && error.error_len().is_none() => range.start + error.valid_up_to(),
        Err(_) => return Err(Unclean),
    };
    let mark = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let scanner = Scanner {
        judge,
        source,
        edits,
        at: range.start + mark,
        end,
        limit: range.end,
        cut,
        form,
        depth,
        nesting: Nesting::default(),
        class: Class::Plain,
        muted: None,
        measured: None,
    };
    match scanner.run() {
        Ok(()) => Ok(()),
        Err(Stop::Cut) if cut => Ok(()),
        Err(_) => Err(Unclean),
    }
}

struct Scanner<'a, 's, 'o> {
    judge: &'a Judge,
    source: &'s [u8],
    edits: &'a mut Edits<'s, 'o>,
    at: usize,
    /// The end of the valid text.
    end: usize,
    /// The end of all text; behind `end` when a character was cut in two.
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

impl Scanner<'_, '_, '_> {
    fn run(mut self) -> Result<(), Stop> {
        let mut expect = Expect::Value;
        let mut finished = 0_usize;
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else {
                let between = self.nesting.is_empty() && finished > 0;
                let complete = between && matches!(expect, Expect::Next);
                if complete && self.end == self.limit {
                    return Ok(());
                }
                return self.stop_at_cut(self.end);
            };
            expect = match (expect, byte) {
                (Expect::Next, _) if self.nesting.is_empty() => {
                    if self.form == Form::One {
                        return Err(Stop::Malformed);
                    }
                    Expect::Value
                }
                (Expect::Next, b',') => {
                    self.at += 1;
                    if self.nesting.in_object() {
                        Expect::Key
                    } else {
                        Expect::Value
                    }
                }
                (Expect::FirstKey | Expect::Next, b'}') if self.nesting.in_object() => self.close(),
                (Expect::FirstItem | Expect::Next, b']') if !self.nesting.in_object() => {
                    self.close()
                }
                (Expect::FirstKey | Expect::Key, b'"') => {
                    self.key()?;
                    Expect::Value
                }
                (Expect::Value | Expect::FirstItem, b'{' | b'[') => self.open(byte == b'{')?,
                (Expect::Value | Expect::FirstItem, _) => {
                    self.scalar(byte)?;
                    Expect::Next
                }
                _ => return Err(Stop::Malformed),
            };
            if matches!(expect, Expect::Next) && self.nesting.is_empty() {
                finished += 1;
            }
        }
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

    fn key(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let string = self.string()?;
        let content = start + 1..string.close;
        if self.muted.is_none() {
            self.class = self.class_of(content.clone(), string.escaped);
            if string.is_worth_a_look(content.len()) {
                self.edit_key(content, string.escaped);
            }
        }
        self.skip_space();
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Stop::Malformed),
            None => self.stop_at_cut(self.end),
        }
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
        let hit = unescaped(
            self.source.get(content.clone()).unwrap_or_default(),
            |name| {
                let mut probe = Edits::probe(name);
                self.judge.edit_patterns(&mut probe, 0..name.len());
                probe.edited()
            },
        );
        if hit {
            self.edits.mask(content);
        }
    }

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

    fn string_value(&mut self, class: Class) -> Result<(), Stop> {
        let start = self.at;
        let string = self.string()?;
        let content = start + 1..string.close;
        if self.muted.is_some() || content.is_empty() {
            return Ok(());
        }
        let text = self.source.get(content.clone()).unwrap_or_default();
        match class {
            Class::Secret => self.edits.mask(content),
            Class::Measure if !names::is_measured(text) => self.edits.mask(content),
            _ if string.escaped => {
                let depth = self.depth;
                if unescaped(text, |text| holds_secret(self.judge, text, depth)) {
                    self.edits.mask(content);
                }
            }
            _ if string.is_worth_a_look(content.len()) => {
                self.judge.edit_value(self.edits, content, self.depth);
            }
            _ => {}
        }
        Ok(())
    }

    fn number(&mut self, class: Class) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.source.get(start..self.end).unwrap_or_default();
        let in_number =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest
            .iter()
            .position(|byte| !in_number(byte))
            .unwrap_or(rest.len());
        let number = rest.get(..length).unwrap_or_default();
        self.at = start + length;
        if self.at == self.end && (self.cut || !self.nesting.is_empty()) {
            return self.stop_at_cut(start);
        }
        if !is_number(number) {
            return if self.at == self.end {
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

    fn literal(&mut self, literal: &[u8], class: Class) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.source.get(start..self.end).unwrap_or_default();
        if !rest.starts_with(literal) {
            let begun = literal.starts_with(rest);
            return if begun {
                self.stop_at_cut(start)
            } else {
                Err(Stop::Malformed)
            };
        }
        self.at += literal.len();
        if class == Class::Secret && self.muted.is_none() && literal != b"null" {
            self.edits.replace(start..self.at, MASKED);
        }
        Ok(())
    }

    fn string(&mut self) -> Result<JsonString, Stop> {
        match json_string::scan(self.source, self.at + 1, self.end) {
            Scanned::Whole(string) => {
                self.at = string.close + 1;
                Ok(string)
            }
            Scanned::Cut => {
                // A character that was cut in two is a part of this string.
                self.end = self.limit;
                self.stop_at_cut(self.at)
            }
            Scanned::Malformed => Err(Stop::Malformed),
        }
    }

    /// The text ends inside a value: what begins at `token` is dropped, or the secret it belongs to is
    /// masked. Half a character outside a string is not JSON.
    fn stop_at_cut<T>(&mut self, token: usize) -> Result<T, Stop> {
        if self.end != self.limit {
            return Err(Stop::Malformed);
        }
        match self.muted {
            Some((start, _)) => self.edits.replace(start..self.limit, MASKED),
            None => self.edits.replace(token..self.limit, b""),
        }
        Err(Stop::Cut)
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(..self.end)?.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        let separator = self.form == Form::Sequence && self.nesting.is_empty();
        while let Some(b' ' | b'\t' | b'\n' | b'\r' | 0x1e) = self.peek() {
            if self.peek() == Some(0x1e) && !separator {
                return;
            }
            self.at += 1;
        }
    }
}
