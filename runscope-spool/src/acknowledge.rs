//! Letting go of records that have arrived.

use crate::frame::Frame;
use crate::segment::Segment;
use crate::spool::Spool;
use crate::storage::Storage;
use crate::take::RecordId;
use std::io;

impl<S: Storage> Spool<S> {
    /// Notes that records have arrived: they are never handed out again, and once this has returned
    /// without an error, neither are they after a restart.
    ///
    /// # Errors
    ///
    /// Those of the disk. The records are settled all the same; their acknowledgement is written with
    /// the next one.
    pub fn acknowledge(&mut self, ids: impl IntoIterator<Item = RecordId>) -> io::Result<()> {
        for id in ids {
            self.settle(id);
        }
        self.write_acknowledgements()
    }

    pub(crate) fn settle(&mut self, id: RecordId) {
        let found = self
            .segments
            .binary_search_by_key(&id.sequence, Segment::sequence);
        // A segment that was let go of has nothing to settle.
        if let Ok(at) = found
            && let Some(segment) = self.segments.get_mut(at)
        {
            segment.settle(id.number);
        }
    }

    /// Writes what is settled, and removes the segments of which everything is.
    pub(crate) fn write_acknowledgements(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        let mut at = 0;
        while at < self.segments.len() {
            if self.is_done(at) {
                // That the file is gone says more than a word in another one.
                match self.retire(at) {
                    Ok(()) => continue,
                    Err(error) => result = Err(error),
                }
            }
            if let Err(error) = self.write_acknowledgements_of(at) {
                result = Err(error);
            }
            at += 1;
        }
        result
    }

    fn write_acknowledgements_of(&mut self, at: usize) -> io::Result<()> {
        let Some(segment) = self.segments.get_mut(at) else {
            return Ok(());
        };
        if segment.unwritten.is_empty() {
            return Ok(());
        }
        let frame = Frame::Acknowledged(segment.runs());
        self.buffer.clear();
        frame.encode(segment.header.salt, &mut self.buffer);
        let acks = segment.acks(&self.storage)?;
        self.storage.append(acks, &self.buffer)?;
        self.storage.sync(acks)?;
        segment.unwritten.clear();
        Ok(())
    }

    /// Whether nothing of a segment is needed any more. One that is appended to is kept until it has
    /// grown, for a new one costs more than it saves.
    fn is_done(&self, at: usize) -> bool {
        self.segments.get(at).is_some_and(|segment| {
            let has_grown = segment.length >= self.options.segment_bytes / 2;
            segment.live == 0 && (!self.is_active(at) || has_grown)
        })
    }
}
