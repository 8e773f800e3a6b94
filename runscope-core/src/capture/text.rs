//! Texts that the app gives of itself, kept short.

use std::fmt;

/// The most bytes of one of the app's own fields.
pub(super) const MAX_FIELD: usize = 1024;

/// A text, cut at [`MAX_FIELD`] while it is written: an error's text can be of any length.
pub(super) fn short_text(text: &dyn fmt::Display) -> String {
    struct Short(String);
    impl fmt::Write for Short {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let kept = cut(part, MAX_FIELD.saturating_sub(self.0.len()));
            self.0.push_str(kept);
            if kept.len() == part.len() {
                Ok(())
            } else {
                Err(fmt::Error)
            }
        }
    }
    let mut short = Short(String::new());
    // The error only says that the text was cut.
    let _ = fmt::Write::write_fmt(&mut short, format_args!("{text}"));
    short.0
}

/// The beginning of a text that one field takes.
pub(super) fn short(text: &str) -> &str {
    cut(text, MAX_FIELD)
}

/// Whether a kept text may be the beginning of a longer one. The cut falls before a character, of
/// which up to three bytes would have had room.
pub(crate) fn may_be_cut(text: &str) -> bool {
    text.len() > MAX_FIELD - 4
}

/// The longest beginning that has at most `most` bytes and ends on a character.
fn cut(text: &str, most: usize) -> &str {
    let whole = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=most.min(text.len())).rev().find(whole);
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_character_and_never_have_a_hole() {
        for (text, length, cut) in [
            ("x".repeat(MAX_FIELD - 4), MAX_FIELD - 4, false),
            ("x".repeat(MAX_FIELD), MAX_FIELD, true),
            ("x".repeat(MAX_FIELD + 1), MAX_FIELD, true),
            (
                format!("{}😀y", "x".repeat(MAX_FIELD - 3)),
                MAX_FIELD - 3,
                true,
            ),
        ] {
            for kept in [short_text(&text), short(&text).to_owned()] {
                assert_eq!((kept.len(), may_be_cut(&kept)), (length, cut));
                assert!(text.starts_with(&kept));
            }
        }
        struct Pieces;
        impl fmt::Display for Pieces {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&"x".repeat(MAX_FIELD - 1))?;
                f.write_str("é")?;
                f.write_str("y")
            }
        }
        assert_eq!(short_text(&Pieces), "x".repeat(MAX_FIELD - 1));
    }
}
