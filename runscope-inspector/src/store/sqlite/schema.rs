//! The tables, and how older files become newer ones.

use super::{Durability, Settings};
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags};
#[cfg(unix)]
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// Each step takes the catalogue from the version of its place to the next.
pub(super) const CATALOGUE: &[&str] = &["
    CREATE TABLE bucket (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        team TEXT NOT NULL,
        is_default INTEGER NOT NULL,
        created INTEGER NOT NULL,
        -- Exchanges up to this place are cleared.
        floor INTEGER NOT NULL DEFAULT 0
    );
    -- Rows that are gone from every read and still on the disk.
    CREATE TABLE purge (bucket INTEGER NOT NULL, through INTEGER NOT NULL, PRIMARY KEY (bucket)) WITHOUT ROWID;
    CREATE TABLE token (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket INTEGER NOT NULL,
        scope INTEGER NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        created INTEGER NOT NULL
    );
    CREATE TABLE share (
        name TEXT PRIMARY KEY,
        bucket INTEGER NOT NULL,
        uuid BLOB NOT NULL,
        created INTEGER NOT NULL,
        UNIQUE (bucket, uuid)
    ) WITHOUT ROWID;
    CREATE TABLE dictionary (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, created INTEGER NOT NULL);
", "
    CREATE TABLE view (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket INTEGER NOT NULL,
        name TEXT NOT NULL,
        filter TEXT NOT NULL,
        created INTEGER NOT NULL
    );
", "
    CREATE TABLE session (digest BLOB PRIMARY KEY, owner BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
", "
    -- The newest place when it was learnt; of those of before this step nobody knows.
    ALTER TABLE dictionary ADD COLUMN since INTEGER NOT NULL DEFAULT 9223372036854775807;
", "
    CREATE TABLE alert_rule (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE alert_channel (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE alert_state (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE alert_cursor (through INTEGER NOT NULL);
    CREATE TABLE alert (
        id TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        fired INTEGER NOT NULL,
        firing INTEGER NOT NULL,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX alert_fired ON alert (fired);
    CREATE TABLE alert_notice (
        id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        rule TEXT NOT NULL,
        created INTEGER NOT NULL,
        due INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        -- Waiting, sent, given up.
        state INTEGER NOT NULL DEFAULT 0,
        answer TEXT,
        answered INTEGER,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX alert_notice_due ON alert_notice (due) WHERE state = 0;
    CREATE INDEX alert_notice_created ON alert_notice (created);
    CREATE INDEX alert_notice_of ON alert_notice (channel, rule, created);
", "
    ALTER TABLE token ADD COLUMN name TEXT;
"];

/// The same for a partition.
pub(super) const PARTITION: &[&str] = &["
    CREATE TABLE exchange (
        seq INTEGER PRIMARY KEY,
        bucket INTEGER NOT NULL,
        arrived INTEGER NOT NULL,
        time INTEGER NOT NULL,
        status INTEGER,
        duration INTEGER,
        request_size INTEGER,
        response_size INTEGER,
        method TEXT,
        host TEXT,
        path TEXT,
        route TEXT,
        consumer TEXT,
        service TEXT,
        outcome TEXT,
        identity INTEGER
    );
    CREATE INDEX exchange_identity ON exchange (identity) WHERE identity IS NOT NULL;
    CREATE TABLE message (seq INTEGER PRIMARY KEY, head BLOB NOT NULL, request_body BLOB, response_body BLOB);
    -- The text that goes in is cut into words already, so the tokenizer has to keep them whole: this
    -- one takes every character beyond ASCII as part of a word.
    CREATE VIRTUAL TABLE words USING fts5 (
        head, request_body, response_body, terms,
        content = '', contentless_delete = 1, tokenize = 'ascii'
    );
    INSERT INTO words (words, rank) VALUES ('hashsize', 16777216);
    INSERT INTO words (words, rank) VALUES ('automerge', 16);
    -- Counts, and the places between which a minute's exchanges lie: so a span of time becomes a
    -- span of places without an index on time.
    CREATE TABLE rollup (
        bucket INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        class INTEGER NOT NULL,
        count INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (bucket, minute, class)
    ) WITHOUT ROWID;
    CREATE TABLE seal (bloom BLOB NOT NULL);
", "
    -- Durations of each minute, counted in bins. Exchanges of before this step are in none.
    CREATE TABLE latency (
        bucket INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        bins BLOB NOT NULL,
        PRIMARY KEY (bucket, minute)
    ) WITHOUT ROWID;
", "
    -- Exchanges by the value of each facet, and by method and route. `tallied` has how many values of
    -- a field have a row, and how many exchanges are counted without one.
    CREATE TABLE tally (
        bucket INTEGER NOT NULL,
        field INTEGER NOT NULL,
        value TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (bucket, field, value)
    ) WITHOUT ROWID;
    CREATE TABLE grouped (
        bucket INTEGER NOT NULL,
        method TEXT NOT NULL,
        route TEXT NOT NULL,
        count INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        bins BLOB NOT NULL,
        PRIMARY KEY (bucket, method, route)
    ) WITHOUT ROWID;
    CREATE TABLE tallied (
        bucket INTEGER NOT NULL,
        field INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        others INTEGER NOT NULL,
        PRIMARY KEY (bucket, field)
    ) WITHOUT ROWID;
    -- A partition that has exchanges already counts from its middle on, which is no use.
    CREATE TABLE tallies_begun (whole INTEGER NOT NULL);
    INSERT INTO tallies_begun SELECT NOT EXISTS (SELECT 1 FROM exchange);
    -- Where this is no more than `automerge`, as it is by default, every merge of the index is done at
    -- once by the transaction that made it due, and a writer waits for seconds. So each does a share.
    INSERT INTO words (words, rank) VALUES ('crisismerge', 64);
", "
    -- The filters of before have other bits set. A sealed partition makes its own when it is opened.
    DELETE FROM seal;
"];

/// Opens a file for writing and brings it up to date.
pub(super) fn open(
    path: &Path,
    steps: &[&str],
    settings: &Settings,
    create: bool,
) -> Result<Connection, StoreError> {
    make_private(path, create)?;
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match settings.durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection, path, steps)?;
    Ok(connection)
}

/// Sees to it that only the owner of a file can read what was captured, whatever the umask and the
/// directory. The files that SQLite makes beside it have the same permissions.
pub(super) fn make_private(path: &Path, create: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        if create {
            let mut options = OpenOptions::new();
            options.create(true).append(true).mode(0o600).open(path)?;
        }
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match fs::set_permissions(&name, Permissions::from_mode(0o600)) {
                Err(error) if suffix.is_empty() || error.kind() != io::ErrorKind::NotFound => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (path, create);
    Ok(())
}

/// Opens a file for reading only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "cache_size", -4 * 1024)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Runs the steps that a file has not seen, all or none.
fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::newer(path.to_owned(), found, known));
    }
    if found == known {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_migrated_and_a_newer_one_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        let settings = Settings::new(directory.path());
        let steps = [
            "CREATE TABLE a (x)",
            "ALTER TABLE a ADD COLUMN y",
            "CREATE TABLE b (z)",
        ];
        let first = open(&path, &steps[..1], &settings, true).unwrap();
        first.execute("INSERT INTO a (x) VALUES (1)", []).unwrap();
        drop(first);
        let migrated = open(&path, &steps, &settings, false).unwrap();
        let row: (i64, Option<i64>) = migrated
            .query_row("SELECT x, y FROM a", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (1, None));
        migrated
            .execute("INSERT INTO b (z) VALUES (1)", [])
            .unwrap();
        drop(migrated);
        let error = open(&path, &steps[..2], &settings, false).unwrap_err();
        assert!(error.is_newer());
        assert!(
            error
                .to_string()
                .contains("has version 3 and this program knows versions up to 2"),
            "{error}"
        );
    }

    #[test]
    fn a_token_of_before_tokens_had_names_has_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalogue.db");
        let settings = Settings::new(directory.path());
        let older = open(&path, &CATALOGUE[..5], &settings, true).unwrap();
        let sql = "INSERT INTO token (bucket, scope, digest, created) VALUES (1, 0, x'07', 0)";
        older.execute(sql, []).unwrap();
        drop(older);
        let migrated = open(&path, CATALOGUE, &settings, false).unwrap();
        let name: Option<String> = migrated
            .query_row("SELECT name FROM token", [], |row| row.get(0))
            .unwrap();
        assert_eq!(name, None);
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        let settings = Settings::new(directory.path());
        assert!(open(&path, &["CREATE TABLE a (x)", "not SQL"], &settings, true).is_err());
        let connection = open(&path, &["CREATE TABLE a (x)"], &settings, false).unwrap();
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 1);
    }
}
