//! Instructions and allocations that an exchange takes on its request's thread.
//!
//! Each figure is of a process of its own under valgrind's callgrind, which counts what happens in one
//! function, [`collect::collected`], and what that calls. No other thread is in it, and nothing of what
//! makes the requests.

mod case;
mod collect;
pub mod valgrind;
mod profile;
mod baseline;
mod table;
mod run;

pub use case::case;
pub use collect::collected;
pub use profile::total;
pub use run::{Then, run};
pub use table::signed;
