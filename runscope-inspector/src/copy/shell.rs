use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of one argument: Linux allows 128 KiB.
const LONGEST: usize = 100_000;

/// A word that every shell of the Bourne family reads as just this text. Single quotes keep everything
/// but themselves.
pub(super) fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// How a command gets a body.
pub(super) enum Fed {
    /// As this word of the command line.
    Word(String),
    /// By this command and a pipe before it.
    Pipe(String),
}

/// Text goes as a word. What a terminal would not take as it is when it is pasted (control characters,
/// line ends), what is no text, and what is too long for a word goes through a pipe.
pub(super) fn feed(body: &[u8]) -> Fed {
    let line = std::str::from_utf8(body)
        .ok()
        .filter(|text| !text.chars().any(char::is_control));
    match line {
        Some(text) if body.len() <= LONGEST => Fed::Word(quote(text)),
        Some(text) => Fed::Pipe(format!("printf %s {} | ", quote(text))),
        None => Fed::Pipe(format!(
            "printf %s {} | base64 -d | ",
            quote(&STANDARD.encode(body))
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        for (text, expected) in [
            ("plain-word.txt", "plain-word.txt"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$(id)`id`;&|", "'$(id)`id`;&|'"),
            ("*?~!", "'*?~!'"),
        ] {
            assert_eq!(quote(text), expected);
        }
    }
}
