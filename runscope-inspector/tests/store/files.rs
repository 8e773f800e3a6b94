//! The directory and its files.

use crate::{default_bucket, message, open};
use runscope_inspector::store::{Settings, Sqlite, Store};
use std::path::Path;

#[test]
fn one_process_at_a_time_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(
        Sqlite::open(Settings::new(directory.path()))
            .unwrap_err()
            .is_in_use()
    );
    drop(store);
    open(directory.path());
}

#[cfg(unix)]
#[test]
fn files_are_their_owners_only_though_the_directory_is_not() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let made = parent.path().join("a/made");
    drop(open(&made));
    assert_eq!(mode(&made), 0o700);
    let wide = parent.path().join("wide");
    fs::create_dir(&wide).unwrap();
    fs::set_permissions(&wide, Permissions::from_mode(0o755)).unwrap();
    let files = || {
        fs::read_dir(&wide)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let check = || {
        let store = open(&wide);
        let bucket = default_bucket(&store);
        store.append(bucket.id, vec![message("a")]).unwrap();
        let modes: Vec<_> = files().map(|path| (mode(&path), path)).collect();
        assert!(
            modes.len() >= 5,
            "database files with their logs: {modes:?}"
        );
        assert!(modes.iter().all(|(mode, _)| *mode == 0o600), "{modes:?}");
    };
    check();
    assert_eq!(mode(&wide), 0o755);
    for path in files() {
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }
    check();
}
