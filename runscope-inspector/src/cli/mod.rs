//! The command line of the binary.

mod args;
mod values;
mod read;
mod config_file;
mod run;
mod start;
#[cfg(feature = "demo")]
mod demo;
mod token_file;

#[cfg(feature = "demo")]
pub use args::DemoArgs;
pub use args::{Args, Command};
pub use run::{StartError, run};
pub use values::{DurabilityName, LogFormat};
