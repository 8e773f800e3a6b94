//! The command line of the binary.

mod args;
mod run;
mod token_file;

pub use args::{Args, DurabilityName, LogFormat};
pub use run::{StartError, run};
