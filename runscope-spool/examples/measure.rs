//! How many records a second are appended and acknowledged, all of it durable: this spool and redb.
//!
//! `cargo run --release -p runscope-spool --example measure [directory]`

#![allow(clippy::print_stdout)]

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use runscope_spool::{Directory, Options, Spool};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

const RECORD: [u8; 1024] = [b'x'; 1024];
const BATCH: u64 = 100;
const LASTS: Duration = Duration::from_secs(5);
const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

fn main() -> Result<(), Box<dyn Error>> {
    let directory = match std::env::args_os().nth(1) {
        Some(path) => tempfile::tempdir_in(PathBuf::from(path))?,
        None => tempfile::tempdir()?,
    };
    for round in 1..=3 {
        let spool = spool(&directory.path().join(format!("spool-{round}")))?;
        let redb = redb(&directory.path().join(format!("redb-{round}")))?;
        println!("round {round}: spool {spool:.0} records/s, redb {redb:.0} records/s");
    }
    Ok(())
}

fn spool(path: &Path) -> Result<f64, Box<dyn Error>> {
    let now = SystemTime::now();
    let (mut spool, _) = Spool::open(Directory::open(path)?, Options::default(), now)?;
    measure(|_| {
        let records = (0..BATCH).map(|_| &RECORD[..]);
        let appended = spool.append("bucket", records, now);
        spool.give_back("bucket");
        let records = spool.read("bucket", appended.accepted(), usize::MAX, now)?;
        spool.acknowledge(records.iter().map(|record| record.id))?;
        Ok(records.len() as u64)
    })
}

fn redb(path: &Path) -> Result<f64, Box<dyn Error>> {
    let database = Database::create(path)?;
    measure(|batch| {
        let write = database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for at in 0..BATCH {
                table.insert(batch * BATCH + at, &RECORD[..])?;
            }
        }
        write.commit()?;
        let read = database.begin_read()?.open_table(TABLE)?;
        let mut keys = Vec::new();
        for record in read.iter()? {
            let (key, payload) = record?;
            assert_eq!(payload.value().len(), RECORD.len());
            keys.push(key.value());
        }
        let write = database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for key in &keys {
                table.remove(key)?;
            }
        }
        write.commit()?;
        Ok(keys.len() as u64)
    })
}

/// Works for a while and gives back records a second.
fn measure(
    mut batch: impl FnMut(u64) -> Result<u64, Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let mut records = 0;
    let mut batches = 0;
    while begun.elapsed() < LASTS {
        records += batch(batches)?;
        batches += 1;
    }
    Ok(records as f64 / begun.elapsed().as_secs_f64())
}
