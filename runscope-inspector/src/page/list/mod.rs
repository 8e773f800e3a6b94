//! The list of calls: a filter, the calls it finds, newest first, and those that arrive.

mod view;
mod wanted;
mod toolbar;
mod help;
mod results;
mod row;
mod rows;
mod live;

pub(super) use live::live;
pub(super) use rows::rows;
pub(super) use view::list;
