//! A name as a judge reads it: lower-case, without separators, and knowing where its words began.

/// Names with more letters than this are not taken apart.
const LONGEST: usize = 256;

/// The letters and digits of a name, and where in them a word begins.
pub(super) struct Words {
    letters: [u8; LONGEST],
    breaks: [Break; LONGEST],
    length: usize,
    too_long: bool,
}

/// What stands before a letter, from nothing to a separator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    None,
    /// A change of case, or between letters and digits: `api|Key`, `XML|Http`, `oauth|2`.
    Case,
    /// A character that is neither letter nor digit.
    Separator,
}

impl Words {
    pub(super) fn of(name: &[u8]) -> Self {
        let mut words = Self {
            letters: [0; LONGEST],
            breaks: [Break::None; LONGEST],
            length: 0,
            too_long: false,
        };
        let mut separated = true;
        for (index, &byte) in name.iter().enumerate() {
            if !is_letter(byte) {
                separated = true;
                continue;
            }
            let before = index
                .checked_sub(1)
                .and_then(|index| name.get(index))
                .copied();
            let after = name.get(index.saturating_add(1)).copied();
            let mark = match before {
                _ if separated => Break::Separator,
                Some(before) if changes_case(before, byte, after) => Break::Case,
                _ => Break::None,
            };
            separated = false;
            let (Some(letter), Some(slot)) = (
                words.letters.get_mut(words.length),
                words.breaks.get_mut(words.length),
            ) else {
                words.too_long = true;
                break;
            };
            *letter = byte.to_ascii_lowercase();
            *slot = mark;
            words.length += 1;
        }
        words
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// All letters and digits in a row; empty for a name that is too long.
    pub(super) fn joined(&self) -> &[u8] {
        if self.too_long {
            return &[];
        }
        self.letters.get(..self.length).unwrap_or_default()
    }

    pub(super) fn holds(&self, stem: &[u8]) -> bool {
        find(self.joined(), stem).is_some()
    }

    /// The words, as cut by breaks of this weight and above.
    pub(super) fn split(&self, weight: Break) -> impl Iterator<Item = &[u8]> {
        let joined = self.joined();
        let mut start = 0_usize;
        std::iter::from_fn(move || {
            let rest = self
                .breaks
                .get(start.saturating_add(1)..joined.len())
                .unwrap_or_default();
            let length = rest
                .iter()
                .position(|&mark| mark >= weight)
                .unwrap_or(rest.len())
                + 1;
            let word = joined.get(start..start.saturating_add(length))?;
            start += length;
            Some(word)
        })
    }

    pub(super) fn has_word(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        self.split(Break::Case).any(&is) || self.split(Break::Separator).any(&is)
    }

    pub(super) fn first(&self) -> &[u8] {
        self.split(Break::Case).next().unwrap_or_default()
    }

    pub(super) fn last(&self) -> &[u8] {
        self.split(Break::Case).last().unwrap_or_default()
    }

    /// Makes a stem unreadable wherever it stands inside one word and is not followed by one of
    /// `unless`.
    pub(super) fn blank(&mut self, stem: &[u8], unless: &[&[u8]]) {
        let mut from = 0;
        while let Some(found) = self.joined().get(from..).and_then(|rest| find(rest, stem)) {
            let start = from + found;
            let end = start + stem.len();
            from = end;
            let rest = self.joined().get(end..).unwrap_or_default();
            let inside = self.breaks.get(start + 1..end).unwrap_or_default();
            if unless.iter().any(|tail| rest.starts_with(tail))
                || inside.iter().any(|&mark| mark != Break::None)
            {
                continue;
            }
            self.letters.get_mut(start..end).unwrap_or_default().fill(0);
        }
    }
}

/// Where a stem first stands. Names are short and stems many, so a searcher that has to be made anew
/// for each stem costs more than it saves.
pub(super) fn find(letters: &[u8], stem: &[u8]) -> Option<usize> {
    letters
        .windows(stem.len())
        .position(|window| window == stem)
}

/// Bytes outside ASCII belong to words, so that a name in any script has letters.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

fn changes_case(before: u8, byte: u8, after: Option<u8>) -> bool {
    (before.is_ascii_lowercase() && byte.is_ascii_uppercase())
        || (before.is_ascii_uppercase()
            && byte.is_ascii_uppercase()
            && after.is_some_and(|after| after.is_ascii_lowercase()))
        || (before.is_ascii_digit() != byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words_at_separators_case_and_digits() {
        let cases: [(&str, &[&str]); 9] = [
            ("XApiKey", &["x", "api", "key"]),
            ("API_KEY", &["api", "key"]),
            ("api.key", &["api", "key"]),
            ("user[password]", &["user", "password"]),
            ("HTTPServer2Name", &["http", "server", "2", "name"]),
            ("AWSAccessKeyId", &["aws", "access", "key", "id"]),
            ("--", &[]),
            ("", &[]),
            ("naïve Größe", &["naïve", "größe"]),
        ];
        for (name, expected) in cases {
            let words = Words::of(name.as_bytes());
            let found: Vec<_> = words
                .split(Break::Case)
                .map(|word| String::from_utf8_lossy(word))
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_says_so() {
        let long = "ab-".repeat(LONGEST);
        assert!(Words::of(long.as_bytes()).is_too_long());
        assert!(Words::of(long.as_bytes()).joined().is_empty());
    }
}
