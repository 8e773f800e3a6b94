use super::partition::Partition;
use std::sync::{Arc, PoisonError, RwLock};

/// The partitions in the order of arrival; the last is the one that is written.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    list: RwLock<Vec<Arc<Partition>>>,
}

impl Partitions {
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
