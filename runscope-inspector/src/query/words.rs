//! What a word is. The index and the evaluator both cut text with this one function, so a search
//! in the store and a live filter can't disagree.

use std::collections::VecDeque;
use std::iter::{self, Peekable};
use std::ops::Range;
use std::str::Chars;

/// Words longer than this many characters are known by their beginning.
pub const LONGEST_WORD: usize = 64;

/// Cuts text into words: runs of letters and digits of any script, in lower case, each at most
/// [`LONGEST_WORD`] characters. Everything else separates, `_` and `-` too, so that `declined`
/// finds `card_declined`. Each ideograph and kana is a word of its own, since those scripts put no
/// space between words.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut chars = text.chars().peekable();
    iter::from_fn(move || {
        let mut word = String::new();
        next_word(&mut chars, &mut word).then_some(word)
    })
}

/// Where the [`words`] of a text stand, in bytes.
fn word_ranges(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut chars = text.char_indices().peekable();
    iter::from_fn(move || {
        while chars.next_if(|(_, char)| !is_word_char(*char)).is_some() {}
        let (start, first) = chars.next()?;
        let mut end = start + first.len_utf8();
        if !stands_alone(first) {
            let goes_on = |(_, char): &(usize, char)| is_word_char(*char) && !stands_alone(*char);
            while let Some((at, char)) = chars.next_if(goes_on) {
                end = at + char.len_utf8();
            }
        }
        Some(start..end)
    })
}

/// Writes the [`words`] of a text one after the other, each with a space behind it.
pub fn push_words(to: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while next_word(&mut chars, to) {
        to.push(' ');
    }
}

/// Writes the next word, if there is one.
fn next_word(chars: &mut Peekable<Chars<'_>>, to: &mut String) -> bool {
    while chars.next_if(|char| !is_word_char(*char)).is_some() {}
    let Some(first) = chars.next() else {
        return false;
    };
    push_lower(to, first);
    if stands_alone(first) {
        return true;
    }
    let mut length = 1;
    while let Some(char) = chars.next_if(|char| is_word_char(*char) && !stands_alone(*char)) {
        if length < LONGEST_WORD {
            push_lower(to, char);
            length += 1;
        }
    }
    true
}

/// Lower case, a character at a time. `str::to_lowercase` looks at the neighbours (a final sigma),
/// so the beginning of a text could fold otherwise than the same letters in its middle.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Writes a character of a word in lower case. Where that adds a mark (`İ`), the mark is no part of
/// the word, so that cutting a word again gives the same word.
fn push_lower(to: &mut String, char: char) {
    if char.is_ascii() {
        to.push(char.to_ascii_lowercase());
    } else {
        to.extend(char.to_lowercase().filter(|char| is_word_char(*char)));
    }
}

/// Whether a character is part of a word.
pub(super) fn is_word_char(char: char) -> bool {
    char.is_alphanumeric()
}

fn stands_alone(char: char) -> bool {
    matches!(char,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Words that must follow each other; the last may be only the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    words: Vec<String>,
    prefix: bool,
}

impl Phrase {
    /// The words of a text, or `None` where it has none.
    #[must_use]
    pub fn exact(text: &str) -> Option<Self> {
        let words: Vec<_> = words(text).collect();
        (!words.is_empty()).then_some(Self {
            words,
            prefix: false,
        })
    }

    /// The words of a text whose last is the beginning of a word, or `None` where the text does not
    /// end inside a word.
    #[must_use]
    pub fn beginning(text: &str) -> Option<Self> {
        let phrase = Self::exact(text)?;
        let inside = text
            .chars()
            .next_back()
            .is_some_and(|last| is_word_char(last) && !stands_alone(last));
        inside.then_some(Self {
            prefix: true,
            ..phrase
        })
    }

    /// The words in order.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether the last word is only a beginning.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.prefix
    }

    /// Whether the text holds the words one after the other.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let text: Vec<_> = words(text).collect();
        text.windows(self.words.len())
            .any(|window| self.is(window.iter().map(String::as_str)))
    }

    /// Where the text holds the words one after the other, in bytes and in order.
    pub(super) fn find_in<'a>(self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut ranges = word_ranges(text);
        let mut window: VecDeque<(Range<usize>, String)> = VecDeque::new();
        iter::from_fn(move || {
            loop {
                let range = ranges.next()?;
                let word = words(text.get(range.clone())?).next().unwrap_or_default();
                window.push_back((range, word));
                if window.len() > self.words.len() {
                    window.pop_front();
                }
                if window.len() == self.words.len()
                    && self.is(window.iter().map(|(_, word)| word.as_str()))
                {
                    let (first, last) = (window.front()?, window.back()?);
                    return Some(first.0.start..last.0.end);
                }
            }
        })
    }

    /// Whether words, as many as the phrase has, are the phrase.
    fn is<'a>(&self, window: impl Iterator<Item = &'a str>) -> bool {
        let last = self.words.len().saturating_sub(1);
        self.words
            .iter()
            .zip(window)
            .enumerate()
            .all(|(at, (word, found))| {
                if self.prefix && at == last {
                    found.starts_with(word.as_str())
                } else {
                    found == word
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_words() {
        for (text, expected) in [
            ("card_declined", "card|declined"),
            (
                "Content-Type: application/JSON",
                "content|type|application|json",
            ),
            ("0198c8a4-7d1e-7abc", "0198c8a4|7d1e|7abc"),
            ("snö ÅÄÖ Straße ΟΔΟΣ", "snö|åäö|straße|οδοσ"),
            ("東京 abc東", "東|京|abc|東"),
            ("a\u{e000}b \u{2028}", "a|b"),
            ("İstanbul", "istanbul"),
            ("--", ""),
        ] {
            assert_eq!(
                words(text).collect::<Vec<_>>().join("|"),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_word_is_known_by_its_beginning() {
        let long = "x".repeat(LONGEST_WORD + 10);
        assert_eq!(
            words(&long).map(|word| word.len()).collect::<Vec<_>>(),
            [LONGEST_WORD]
        );
        assert!(
            Phrase::exact(&long)
                .unwrap()
                .is_in(&format!("a {long}yz b"))
        );
    }

    #[test]
    fn phrases_are_found_word_by_word() {
        for (phrase, text, found) in [
            ("card declined", "CARD_DECLINED!", true),
            ("card declined", "card was declined", false),
            ("decl", "declined", false),
            ("b c", "a b c d", true),
            ("c d e", "a b c d", false),
        ] {
            assert_eq!(
                Phrase::exact(phrase).unwrap().is_in(text),
                found,
                "{phrase} in {text}"
            );
        }
        assert!(
            Phrase::beginning("card decl")
                .unwrap()
                .is_in("a card declined")
        );
        assert!(
            !Phrase::beginning("card decl")
                .unwrap()
                .is_in("a card was declined")
        );
        assert_eq!(Phrase::beginning("card-"), None);
        assert_eq!(Phrase::exact("-"), None);
    }
}
