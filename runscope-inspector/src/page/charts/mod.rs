//! Calls over time: how many of each class of status, and how long they took.

mod window;
mod timeline;
mod draw;

pub(super) use timeline::timeline;
