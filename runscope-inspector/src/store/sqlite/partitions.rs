use super::partition::Partition;
use super::schema;
use super::settings::Settings;
use super::writer::seal;
use crate::store::StoreError;
use std::fs;
use std::sync::{Arc, PoisonError, RwLock};

/// The partitions in the order of arrival; the last is the one that is written.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    list: RwLock<Vec<Arc<Partition>>>,
}

impl Partitions {
    /// The files of a directory are the list of its partitions. All but the newest are sealed, and each
    /// is brought up to date before anyone reads it. One that is damaged is set aside, as nothing of
    /// the others depends on it; where it is the newest, writing goes on behind it and behind what is
    /// cleared.
    pub(super) fn open(settings: &Settings, cleared: i64) -> Result<Self, StoreError> {
        let mut firsts = Vec::new();
        for entry in fs::read_dir(&settings.directory)? {
            let name = entry?.file_name();
            firsts.extend(name.to_str().and_then(Partition::first_in_name));
        }
        firsts.sort_unstable();
        let newest = firsts.last().copied();
        let partitions = Self::default();
        for first in firsts {
            let is_newest = Some(first) == newest;
            let partition = Partition::new(&settings.directory, first);
            match check(&partition, settings, is_newest) {
                Ok(()) => partitions.push(Arc::new(partition)),
                Err(error) if error.is_damaged() => {
                    let aside = partition.set_aside()?;
                    tracing::error!(%error, file = %aside.display(), "a damaged partition is set aside, and its exchanges are missing");
                    if is_newest {
                        let next = first.max(cleared).saturating_add(1);
                        partitions.push(Arc::new(Partition::new(&settings.directory, next)));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(partitions)
    }

    pub(super) fn push(&self, partition: Arc<Partition>) {
        self.list
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(partition);
    }

    /// All of them, the newest first, each with the place after its last one.
    pub(super) fn newest_first(&self) -> Vec<(Arc<Partition>, i64)> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let mut end = i64::MAX;
        let ends = list.iter().rev().map(|partition| {
            let this = (Arc::clone(partition), end);
            end = partition.first();
            this
        });
        ends.collect()
    }

    /// Those that are not written any more, the oldest first, each with the place after its last one.
    pub(super) fn sealed(&self) -> Vec<(Arc<Partition>, i64)> {
        let mut all = self.newest_first();
        all.reverse();
        all.pop();
        all
    }

    /// The one that an exchange at this place is in, if it is kept.
    pub(super) fn holding(&self, sequence: i64) -> Option<Arc<Partition>> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let after = list.partition_point(|partition| partition.first() <= sequence);
        after.checked_sub(1).and_then(|at| list.get(at)).cloned()
    }

    /// Takes a sealed one away; the one that is written stays.
    pub(super) fn remove(&self, first: i64) -> Option<Arc<Partition>> {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let at = list
            .iter()
            .position(|partition| partition.first() == first)?;
        (at + 1 < list.len()).then(|| list.remove(at))
    }
}

/// Reads what opening a store needs of a partition.
fn check(partition: &Partition, settings: &Settings, is_newest: bool) -> Result<(), StoreError> {
    let connection = schema::open(partition.path(), schema::PARTITION, settings, false)?;
    connection.query_row("SELECT max(seq) FROM exchange", [], |_| Ok(()))?;
    if is_newest {
        return Ok(());
    }
    seal(partition, &connection)
}
