//! A traffic inspector that speaks the Runscope messages API.

pub mod exchange;
pub mod query;
pub mod store;
