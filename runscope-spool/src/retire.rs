//! Removing segments: those that are done with, those that are too old, and the oldest where the
//! newest are kept.

use crate::aside::Reason;
use crate::name;
use crate::spool::{Lost, Spool, is_too_old};
use crate::storage::Storage;
use std::io;
use std::time::SystemTime;

impl<S: Storage> Spool<S> {
    /// Lets go of segments whose records have all become too old, and of everything where nothing is
    /// left to keep. Call it now and then, and when the spool has run empty.
    ///
    /// # Errors
    ///
    /// Those of the disk. What could not be removed is tried again by the next call.
    pub fn tidy(&mut self, now: SystemTime) -> io::Result<()> {
        let max_age = self.options.max_age;
        let mut result = self.write_acknowledgements();
        let mut at = 0;
        while at < self.segments.len() {
            let is_over = self.segments.get(at).is_some_and(|segment| {
                let is_old = is_too_old(segment.newest, now, max_age) && segment.handed == 0;
                segment.live == 0 || is_old
            });
            match is_over {
                true => match self.let_go(at, |lost| &mut lost.expired) {
                    Ok(()) => {}
                    Err(error) => {
                        result = Err(error);
                        at += 1;
                    }
                },
                false => at += 1,
            }
        }
        result
    }

    /// Makes room: lets go of the oldest segment of which nothing is handed out, and to which nothing
    /// `is_pending`.
    pub(crate) fn evict_oldest(&mut self, is_pending: bool) -> bool {
        let oldest = self
            .segments
            .iter()
            .position(|segment| segment.handed == 0)
            .filter(|&at| !(is_pending && self.is_active(at)));
        oldest.is_some_and(|at| self.let_go(at, |lost| &mut lost.evicted).is_ok())
    }

    /// Removes a segment with all that it holds.
    fn let_go(&mut self, at: usize, reason: fn(&mut Lost) -> &mut u64) -> io::Result<()> {
        let live = self.segments.get(at).map_or(0, |segment| segment.live);
        self.retire(at)?;
        *reason(&mut self.lost) += live as u64;
        Ok(())
    }

    /// Removes the files of a segment, first the records: acknowledgements that outlive them harm
    /// nobody, records that outlive their acknowledgements would come back.
    pub(crate) fn retire(&mut self, at: usize) -> io::Result<()> {
        let Some(segment) = self.segments.get(at) else {
            return Ok(());
        };
        let (sequence, is_damaged) = (segment.sequence(), segment.is_damaged);
        let log = name::log(sequence);
        let removed = match is_damaged {
            true => self.set_aside(sequence, Reason::Damaged),
            false => self.storage.unlink(&log),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => self.storage.sync_directory()?,
        }
        // An orphan that stays is removed when the spool is next opened.
        let _ = self.storage.unlink(&name::acks(sequence));
        if self.is_active(at) {
            self.is_open = false;
            // The segment is missing, and not sealed: that is no damage.
            self.session = crate::open::random();
        }
        self.segments.remove(at);
        Ok(())
    }
}
