use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The processor time of this process's threads that are still there.
pub fn processor_time() -> Duration {
    of_threads(|_| true)
}

/// That of the threads whose name begins so.
pub fn thread_time(name: &str) -> Duration {
    of_threads(|thread| is_called(thread, name))
}

/// How often the threads whose name begins so went to sleep.
pub fn thread_sleeps(name: &str) -> u64 {
    let sleeps = threads().filter(|thread| is_called(thread, name));
    let sleeps = sleeps.filter_map(|thread| {
        let text = fs::read_to_string(thread.join("status")).ok()?;
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        count.trim().parse::<u64>().ok()
    });
    sleeps.sum()
}

/// The first number of a thread's `schedstat` is how many nanoseconds it ran.
fn of_threads(wanted: impl Fn(&Path) -> bool) -> Duration {
    let nanoseconds = threads().filter(|path| wanted(path)).filter_map(|path| {
        let text = fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn threads() -> impl Iterator<Item = PathBuf> {
    let threads = fs::read_dir("/proc/self/task").expect("Linux");
    threads.flatten().map(|thread| thread.path())
}

/// Linux cuts names at 15 bytes.
fn is_called(thread: &Path, name: &str) -> bool {
    let comm = fs::read_to_string(thread.join("comm")).unwrap_or_default();
    comm.starts_with(&name[..name.len().min(15)])
}
