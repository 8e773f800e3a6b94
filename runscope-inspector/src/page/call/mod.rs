//! One call in full: its page in the bucket, its shared page, and two calls compared.

mod routes;
mod view;
mod shared;
mod links;
mod neighbours;
mod head;
mod timing;
mod message;
mod body;
mod copies;
mod actions;
mod retry;
mod files;
mod compare;
mod differences;

pub(super) use routes::{in_bucket, public};
