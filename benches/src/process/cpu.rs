use std::fs;
use std::path::Path;
use std::time::Duration;

/// The processor time of this process's threads that are still there.
pub fn processor_time() -> Duration {
    of_threads(|_| true)
}

/// That of the threads whose name begins so. Linux cuts names at 15 bytes.
pub fn thread_time(name: &str) -> Duration {
    of_threads(|thread| {
        let comm = fs::read_to_string(thread.join("comm")).unwrap_or_default();
        comm.starts_with(&name[..name.len().min(15)])
    })
}

/// The first number of a thread's `schedstat` is how many nanoseconds it ran.
fn of_threads(wanted: impl Fn(&Path) -> bool) -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("Linux");
    let threads = threads.flatten().map(|thread| thread.path());
    let nanoseconds = threads.filter(|path| wanted(path)).filter_map(|path| {
        let text = fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}
