//! The filter language: one typed form for search, live tail, saved views and alerts.
//!
//! [`parse`] reads a filter into an [`Expr`], whose `Display` writes it again and whose
//! [`matches`](Expr::matches) says whether an exchange passes. The store looks up what it can by
//! index and asks `matches` for the rest, so both always agree.
//!
//! | filter | what passes |
//! |---|---|
//! | `declined`, `"card declined"`, `decl*` | words, words in a row, the beginning of a word: anywhere in the exchange |
//! | `method:POST` `host:*.example` `path:/users/*` `route:"/users/{id}"` | the whole value, ignoring case; also `consumer:` `service:` `outcome:` |
//! | `url:checkout` `header.accept:json` `response.body:declined` | words in the URL, a header, a body |
//! | `body.$.error.code:>=400` | a value inside a JSON body: text, `*`, a number to compare |
//! | `tag.region:eu`, `tag:eu` | the app's own fields: one, or any of them; `tag.region:*` where there is one |
//! | `status:404` `status:5xx` `status:400..499` `status:>=400` | status codes |
//! | `time:>500ms` `size:>10kb` `request.size:1kb..2kb` | time to the response's head; bytes of the response's, or the request's, body |
//! | `since:15m` `before:2026-11-22T10:00Z` | time ago, a date in UTC, or Unix seconds |
//! | `path:/^\/v[12]\//i` | a regular expression where text can stand; it has no spaces |
//! | `a b`, `a AND b`, `a OR b`, `NOT a`, `-a`, `(a OR b) c` | `NOT` binds closest, then `AND`, then `OR` |
//!
//! `header.`, `body` and `size` stand for either side (`size` for the response), or after
//! `request.` and `response.` for one. A `*` at the end of a word is any ending; elsewhere it is any
//! characters. Text with a meaning of its own goes in quotes: `path:"/users/"`, `"AND"`.

mod parser;
mod lexer;
mod error;
mod expr;
mod pattern;
mod units;
mod json_path;
mod display;
mod evaluate;
mod words;
mod text;
mod highlight;
mod excerpt;
#[cfg(test)]
mod tests;

pub use error::ParseError;
pub(crate) use evaluate::passes;
pub use evaluate::{View, without_port};
pub use expr::{Expr, JsonTest, Name, Side, Span, StatusTest, Term};
pub use highlight::Highlight;
pub use json_path::{JsonPath, Step};
pub use parser::parse;
pub use pattern::{Expression, Pattern};
pub use text::{SEARCHED_BODY, pieces, searched_body, url_pieces, whole_body};
pub use units::{When, parse_duration, parse_size};
pub(crate) use units::{parse_number, write_duration};
pub use words::{LONGEST_WORD, Phrase, fold, push_words, words};
