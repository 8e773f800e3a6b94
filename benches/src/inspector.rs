use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs the inspector's own bench, which is an example of its package: it starts the server that users
/// run, in the workspace's build of it, and prints tables as the ones here are.
pub fn run(options: &[&str]) -> ExitCode {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["run", "--release", "--quiet", "--package"])
        .args(["runscope-inspector", "--example", "bench", "--"])
        .args(options)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
