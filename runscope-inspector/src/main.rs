//! The inspector as a program; see `runscope-inspector --help`.

use runscope_inspector::cli::{Args, run};
use std::io::Write as _;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "runscope-inspector: {error}");
            ExitCode::FAILURE
        }
    }
}
