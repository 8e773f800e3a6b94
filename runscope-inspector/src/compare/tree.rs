use crate::show::{Token, TokenKind, tokens};

/// JSON as it was sent, to be compared: numbers by their digits, keys in their order and as often as
/// they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Tree {
    /// A number or a word as it was sent, or a string in its shortest spelling.
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads a text, or `None` where it is not JSON or too deep.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut tokens = tokens(text)?;
        let first = tokens.next()?;
        read(first, &mut tokens)
    }

    /// The value in short, on one line.
    pub(super) fn short(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Array(items) if items.is_empty() => "[]".to_owned(),
            Self::Array(items) => format!("[… {}]", items.len()),
            Self::Object(fields) if fields.is_empty() => "{}".to_owned(),
            Self::Object(fields) => format!("{{… {}}}", fields.len()),
        }
    }
}

/// Recursion is bounded: the tokens nest at most 128 deep.
fn read<'a>(first: Token<'a>, rest: &mut impl Iterator<Item = Token<'a>>) -> Option<Tree> {
    match (first.kind, first.text) {
        (TokenKind::Open, "[") => {
            let mut items = Vec::new();
            loop {
                let token = rest.next()?;
                match token.kind {
                    TokenKind::Close => return Some(Tree::Array(items)),
                    TokenKind::Comma => {}
                    _ => items.push(read(token, rest)?),
                }
            }
        }
        (TokenKind::Open, _) => {
            let mut fields = Vec::new();
            loop {
                let token = rest.next()?;
                match token.kind {
                    TokenKind::Close => return Some(Tree::Object(fields)),
                    TokenKind::Comma => {}
                    _ => {
                        rest.next().filter(|token| token.kind == TokenKind::Colon)?;
                        let value = rest.next()?;
                        fields.push((string(token.text)?, read(value, rest)?));
                    }
                }
            }
        }
        (TokenKind::String, text) => {
            let text = string(text)?;
            Some(Tree::Scalar(serde_json::to_string(&text).ok()?))
        }
        (_, text) => Some(Tree::Scalar(text.to_owned())),
    }
}

/// A string without its quotes and escapes. A lone surrogate can't be one; it stays as it was sent.
fn string(text: &str) -> Option<String> {
    Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()))
}
