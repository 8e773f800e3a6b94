use super::collect::COLLECTED;
use super::profile::Profile;
use std::path::Path;
use std::process::Command;

/// What one exchange takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    pub instructions: f64,
    pub allocations: f64,
}

/// Long copies by the same instructions on every processor and at every address.
const SAME_COPIES: &str = "glibc.cpu.x86_rep_movsb_threshold=1073741824";

/// This program under callgrind, which writes its profile to `file`. What it shall run is yet to be said.
pub fn callgrind(options: &[&str], file: &Path) -> Command {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new("valgrind");
    command
        .env("GLIBC_TUNABLES", SAME_COPIES)
        .arg("--tool=callgrind")
        .args(options)
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program);
    command
}

/// Whether there is a valgrind to count with.
pub fn is_installed() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Runs this program under valgrind, which counts so many exchanges of it. The profile stays in
/// `folder` for `callgrind_annotate`.
pub fn count(arguments: &[&str], exchanges: usize, folder: &Path) -> Result<Count, String> {
    let name = arguments.join("-");
    let file = folder.join(format!("{}.callgrind", name.replace('/', "-")));
    let options = [
        "--dump-instr=yes",
        "--compress-strings=no",
        "--compress-pos=no",
        &format!("--toggle-collect={COLLECTED}"),
    ];
    let output = callgrind(&options, &file)
        .args(arguments)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{name} failed under valgrind:\n{said}"));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let profile = Profile::read(&text).ok_or_else(|| format!("{name}: no profile"))?;
    let each = |sum: u64| sum as f64 / exchanges as f64;
    Ok(Count {
        instructions: each(profile.instructions),
        allocations: each(profile.allocations),
    })
}
