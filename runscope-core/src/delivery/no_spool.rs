//! What stands in the place of the spool where the feature `spool` is off: a type of which there is
//! no value, so that nothing of it is left in the program.

use crate::recorder::Core;
use std::convert::Infallible;
use std::sync::Arc;

/// Names a record of the spool.
pub(super) type RecordId = Infallible;

/// The spool.
#[derive(Debug, Clone)]
pub(super) enum Spool {}

/// What became of messages that were to be kept.
pub(super) type Kept = Vec<Option<RecordId>>;

impl Spool {
    pub(super) fn start(_: &Arc<Core>) -> Option<Self> {
        None
    }

    pub(super) async fn keep(&self, _: &str, _: Vec<Vec<u8>>) -> Kept {
        match *self {}
    }

    pub(super) async fn take(&self, _: &str, _: usize, _: usize) -> Vec<(RecordId, Vec<u8>)> {
        match *self {}
    }

    pub(super) fn acknowledge(&self, _: Vec<RecordId>) {
        match *self {}
    }

    pub(super) fn put_back(&self, _: Vec<RecordId>) {
        match *self {}
    }

    pub(super) async fn close(self) {
        match self {}
    }
}
