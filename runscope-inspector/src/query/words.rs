//! What a word is. The index and the evaluator both cut text with this one function, so a search
//! in the store and a live filter can't disagree.

use std::collections::VecDeque;
use std::iter;
use std::ops::Range;

/// Words longer than this many characters are known by their beginning.
pub const LONGEST_WORD: usize = 64;

/// Cuts text into words: runs of letters and digits of any script, in lower case, each at most
/// [`LONGEST_WORD`] characters. Everything else separates, `_` and `-` too, so that `declined`
/// finds `card_declined`. Each ideograph and kana is a word of its own, since those scripts put no
/// space between words.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    slices(text).map(|(_, slice)| {
        let mut word = String::new();
        push_word(&mut word, slice);
        word
    })
}

/// Writes the [`words`] of a text one after the other, each with a space behind it.
pub fn push_words(to: &mut String, text: &str) {
    if text.is_ascii() {
        return push_ascii_words(to, text);
    }
    for (_, slice) in slices(text) {
        push_word(to, slice);
        to.push(' ');
    }
}

/// The same for ASCII, in one pass and without a branch in it that depends on the text: nearly all text
/// that is indexed is ASCII, and where its words end can't be foretold.
fn push_ascii_words(to: &mut String, text: &str) {
    to.reserve(text.len() + 1);
    let mut length = 0;
    for part in text.as_bytes().chunks(PART) {
        let (mut written, mut end) = ([0; PART], 0);
        for byte in part {
            let lower = LOWER[usize::from(*byte)];
            let in_word = lower != 0;
            if let Some(place) = written.get_mut(end) {
                *place = if in_word { lower } else { b' ' };
            }
            let kept = if in_word {
                length < LONGEST_WORD
            } else {
                length > 0
            };
            end += usize::from(kept);
            length = if in_word { length + 1 } else { 0 };
        }
        let written = written.get(..end).unwrap_or_default();
        to.push_str(std::str::from_utf8(written).unwrap_or_default());
    }
    if length > 0 {
        to.push(' ');
    }
}

/// The bytes of a text that are written at one time.
const PART: usize = 512;

/// The lower case of each ASCII letter and digit, and 0 for every other byte.
static LOWER: [u8; 256] = {
    let mut lower = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            lower[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// The parts of a text that are words, each with the byte at which it stands.
fn slices(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut at, mut rest) = (0, text);
    iter::from_fn(move || {
        let from = rest.find(is_word_char)?;
        let word = rest.get(from..)?;
        let first = word.chars().next()?;
        let length = if stands_alone(first) {
            first.len_utf8()
        } else {
            word.find(|char| !is_word_char(char) || stands_alone(char))
                .unwrap_or(word.len())
        };
        let (word, after) = word.split_at_checked(length)?;
        let start = at + from;
        (at, rest) = (start + length, after);
        Some((start, word))
    })
}

/// Writes the beginning of a word in lower case, as far as words are told apart.
fn push_word(to: &mut String, word: &str) {
    if word.is_ascii() {
        let from = to.len();
        to.push_str(word.get(..LONGEST_WORD).unwrap_or(word));
        if let Some(known) = to.get_mut(from..) {
            known.make_ascii_lowercase();
        }
    } else {
        let known = word.chars().take(LONGEST_WORD);
        known.for_each(|char| push_lower(to, char));
    }
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
        let mut slices = slices(text);
        let mut window: VecDeque<(Range<usize>, String)> = VecDeque::new();
        iter::from_fn(move || {
            loop {
                let (start, slice) = slices.next()?;
                let mut word = String::new();
                push_word(&mut word, slice);
                window.push_back((start..start + slice.len(), word));
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn words_are_written_as_they_are_cut(text in "[ -~]{0,200}|[a-z]{60,70}|[a-z ]{500,1100}|\\PC{0,50}") {
            let mut written = String::new();
            push_words(&mut written, &text);
            let cut: String = words(&text).map(|word| word + " ").collect();
            prop_assert_eq!(written, cut);
        }
    }
}
