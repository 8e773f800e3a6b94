//! Assertions in Runscope's own vocabulary: a source, a property of it, a comparison, a value.
//!
//! ```json
//! {"source":"response_json","property":"data.items[0].id","comparison":"equal","value":"7"}
//! ```
//!
//! Its seven sources and fifteen comparisons have its exact names. `has_key`, `has_value` and
//! `is_null` are for JSON only; `empty`, `not_empty`, `is_a_number` and `is_null` take no value;
//! `equal` compares text, `equal_number` numbers. Sources of the request and the connection are this
//! inspector's own, and kept apart.
//!
//! Of a half that a call does not have, request or response, nothing holds. Of a part that the half
//! does not have (no such header, no such place in the JSON, a body that is no JSON) `empty`,
//! `not_equal` and `does_not_contain` hold, and nothing else.

mod source;
mod comparison;
mod assert;
mod found;
mod path;
mod xpath;
mod xml;
#[cfg(test)]
mod tests;

pub(crate) use assert::Assertion;
pub(crate) use comparison::Comparison;
pub(crate) use source::Source;
pub(super) use xml::Tree;
