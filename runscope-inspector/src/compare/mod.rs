//! Two calls beside each other: what was added, removed and changed, from the request line to the
//! values inside JSON bodies.

mod comparison;
mod fields;
mod body;
mod json;
mod tree;
mod lines;

pub(crate) use body::BodyChange;
pub(crate) use comparison::Comparison;
pub(crate) use fields::{Change, Kind};
pub(crate) use lines::{Line, Mark};
