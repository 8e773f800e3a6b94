use encoding_rs::{Encoding, UTF_8};

/// The text of a body, whole or cut.
pub(super) fn any_text(bytes: &[u8], charset: Option<&str>, cut: bool) -> Option<String> {
    if cut {
        cut_text(bytes, charset)
    } else {
        text(bytes, charset)
    }
}

/// The bytes as text in the charset they are declared in, UTF-8 where none is; `None` where they are
/// no text: broken in their charset, or with control characters that text does not have.
fn text(bytes: &[u8], charset: Option<&str>) -> Option<String> {
    let encoding = charset.map_or(Some(UTF_8), |label| Encoding::for_label(label.as_bytes()));
    let (text, _, broken) = encoding.unwrap_or(UTF_8).decode(bytes);
    (!broken && text.chars().all(is_text)).then(|| text.into_owned())
}

/// The same for a body that was cut, which may end within a character.
fn cut_text(bytes: &[u8], charset: Option<&str>) -> Option<String> {
    (0..4_usize).find_map(|cut| {
        let end = bytes.len().checked_sub(cut)?;
        text(bytes.get(..end)?, charset)
    })
}

fn is_text(character: char) -> bool {
    !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\x0c' | '\x1b' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_its_charset_and_bytes_are_no_text() {
        for (bytes, charset, expected) in [
            ("snö".as_bytes(), None, Some("snö")),
            (b"sn\xf6", Some("iso-8859-1"), Some("snö")),
            (b"sn\xf6", None, None),
            (b"s\0n\0", Some("utf-16le"), Some("sn")),
            ("snö".as_bytes(), Some("no-such-charset"), Some("snö")),
            (b"a\0b", None, None),
            (b"a\tb\r\n", None, Some("a\tb\r\n")),
            (b"", None, Some("")),
        ] {
            assert_eq!(text(bytes, charset).as_deref(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_character_that_was_cut_is_left_out() {
        let bytes = "a😀".as_bytes();
        for end in 1..bytes.len() {
            assert_eq!(cut_text(&bytes[..end], None).as_deref(), Some("a"));
        }
        assert_eq!(cut_text(b"\xff\xff\xff\xff\xff", None), None);
    }
}
