#![doc = include_str!("../README.md")]

mod spool;
mod options;
mod append;
mod take;
mod acknowledge;
mod retire;
mod open;
mod recover;
mod aside;
mod segment;
mod header;
mod frame;
mod name;
pub mod storage;

pub use append::Appended;
pub use open::Recovered;
pub use options::{Keep, Options};
pub use spool::{Lost, Spool};
pub use storage::{Directory, Storage};
pub use take::{Record, RecordId};
