//! Reading one segment back.

use crate::aside::Reason;
use crate::frame::{Frame, LONGEST, Piece, Scan};
use crate::header::{self, Header, Holds, NoHeader};
use crate::name;
use crate::open::Recovered;
use crate::segment::{Entry, Segment, State};
use crate::spool::Spool;
use crate::storage::Storage;
use std::io;
use std::ops::Range;

/// The files of a segment with their lengths; the acknowledgements may be missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files {
    pub(crate) sequence: u64,
    pub(crate) log: u64,
    pub(crate) acks: Option<u64>,
}

/// How a segment that was read ends.
pub(crate) struct End {
    session: u64,
    is_sealed: bool,
    /// Its place in the spool.
    at: usize,
}

impl<S: Storage> Spool<S> {
    /// Takes the segment of a number in, as far as it is whole. `last` is the end of the one
    /// before.
    pub(crate) fn recover(
        &mut self,
        files: Files,
        last: &mut Option<End>,
        recovered: &mut Recovered,
    ) {
        let sequence = files.sequence;
        let reason = match self.load(files) {
            Ok(Loaded::Segment(loaded)) => {
                let header = loaded.segment.header;
                if let Some(last) = last.take()
                    && last.session == header.session
                    && !last.is_sealed
                    && let Some(before) = self.segments.get_mut(last.at)
                    && !std::mem::replace(&mut before.is_damaged, true)
                {
                    // It was sealed before this one was begun: its end is missing.
                    recovered.damaged += 1;
                }
                recovered.missing += loaded.missing;
                recovered.damaged += u64::from(loaded.segment.is_damaged);
                self.segments.push_back(loaded.segment);
                *last = Some(End {
                    session: header.session,
                    is_sealed: loaded.is_sealed,
                    at: self.segments.len().saturating_sub(1),
                });
                return;
            }
            Ok(Loaded::NeverBegun) => {
                let _ = self.storage.unlink(&name::log(sequence));
                let _ = self.storage.unlink(&name::acks(sequence));
                return;
            }
            Ok(Loaded::SetAside(reason)) => reason,
            Err(_) => {
                recovered.unreadable += 1;
                return;
            }
        };
        match reason {
            Reason::Damaged => recovered.damaged += 1,
            Reason::Foreign => recovered.foreign += 1,
            Reason::Newer => recovered.newer += 1,
        }
        // Where this fails it is met again at the next opening.
        let _ = self.set_aside(sequence, reason);
    }

    fn load(&mut self, files: Files) -> io::Result<Loaded<S::File>> {
        let (sequence, length) = (files.sequence, files.log);
        let mut file = self.storage.open(&name::log(sequence))?;
        let Some(bytes) = self.header(&mut file, length)? else {
            // Nothing was ever appended to a file whose header is not durable.
            return Ok(Loaded::NeverBegun);
        };
        let header = match Header::decode(&bytes) {
            Ok(header) if header.sequence == sequence && header.holds == Holds::Records => header,
            Err(NoHeader::Newer) => return Ok(Loaded::SetAside(Reason::Newer)),
            _ if length <= header::LENGTH as u64 => return Ok(Loaded::NeverBegun),
            Ok(_) | Err(NoHeader::Damaged) => return Ok(Loaded::SetAside(Reason::Damaged)),
            Err(NoHeader::Foreign) => return Ok(Loaded::SetAside(Reason::Foreign)),
        };
        if length > LONGEST_FILE {
            return Ok(Loaded::SetAside(Reason::Foreign));
        }
        let bytes = self.whole(&mut file, length)?;
        // What a killed process wrote may not be durable yet, and counts from now on.
        self.storage.sync(&file)?;
        let acknowledged = self.acknowledged(header, files.acks)?;
        let mut loaded = Found {
            segment: Segment::new(header, length),
            is_sealed: false,
            missing: 0,
        };
        self.scan(&bytes, &acknowledged, &mut loaded);
        Ok(Loaded::Segment(loaded))
    }

    /// Takes in the records of a file's bytes.
    fn scan(&mut self, bytes: &[u8], acknowledged: &[Range<u32>], loaded: &mut Found<S::File>) {
        let salt = loaded.segment.header.salt;
        let mut torn = false;
        let mut expected = 0_u32;
        // A number that was acknowledged is not missing, whoever can't be read.
        let missing = |range: Range<u32>| {
            let all = u64::from(range.end.saturating_sub(range.start));
            let known: u64 = acknowledged
                .iter()
                .map(|done| {
                    let (start, end) = (done.start.max(range.start), done.end.min(range.end));
                    u64::from(end.saturating_sub(start))
                })
                .sum();
            all.saturating_sub(known)
        };
        for piece in Scan::new(bytes, header::LENGTH, salt) {
            match piece {
                Piece::Frame {
                    frame:
                        Frame::Record {
                            number, time, key, ..
                        },
                    range,
                } if number >= expected => {
                    loaded.missing += missing(expected..number);
                    expected = number.saturating_add(1);
                    let is_done = acknowledged.iter().any(|done| done.contains(&number));
                    let Some(key) = self.intern(key) else {
                        loaded.segment.is_damaged = true;
                        continue;
                    };
                    let entry = Entry {
                        number,
                        offset: u32::try_from(range.start).unwrap_or(u32::MAX),
                        length: u32::try_from(range.len()).unwrap_or(u32::MAX),
                        key,
                        state: match is_done {
                            true => State::Settled,
                            false => State::Waiting,
                        },
                    };
                    loaded.segment.push(entry, time);
                }
                Piece::Frame {
                    frame: Frame::Seal { records },
                    ..
                } => {
                    loaded.is_sealed = true;
                    loaded.missing += missing(expected..records);
                    expected = expected.max(records);
                }
                // Written twice, or of another kind of file.
                Piece::Frame { .. } => loaded.segment.is_damaged = true,
                // What was being written when the process or the power went was never accepted.
                Piece::Bad { is_last: true } => torn = true,
                Piece::Bad { is_last: false } => loaded.segment.is_damaged = true,
            }
        }
        // Nothing is written after a seal.
        loaded.segment.is_damaged |= torn && loaded.is_sealed;
    }

    /// What is acknowledged of a segment. A file of acknowledgements that can't be used says
    /// nothing: then records are sent a second time.
    fn acknowledged(&self, segment: Header, length: Option<u64>) -> io::Result<Vec<Range<u32>>> {
        let name = name::acks(segment.sequence);
        let Some(length) = length else {
            return Ok(Vec::new());
        };
        let mut file = self.storage.open(&name)?;
        let header = self.header(&mut file, length)?;
        let expected = Header {
            holds: Holds::Acknowledgements,
            ..segment
        };
        let is_its_own = header.is_some_and(|header| Header::decode(&header) == Ok(expected));
        if !is_its_own || length > LONGEST_FILE {
            self.storage.unlink(&name)?;
            return Ok(Vec::new());
        }
        let bytes = self.whole(&mut file, length)?;
        self.storage.sync(&file)?;
        let scan = Scan::new(&bytes, header::LENGTH, segment.salt);
        let mut ranges: Vec<Range<u32>> = scan
            .filter_map(|piece| match piece {
                Piece::Frame {
                    frame: Frame::Acknowledged(ranges),
                    ..
                } => Some(ranges),
                _ => None,
            })
            .flatten()
            .collect();
        merge(&mut ranges);
        Ok(ranges)
    }

    /// The first bytes of a file, if there are as many.
    fn header(&self, file: &mut S::File, length: u64) -> io::Result<Option<[u8; header::LENGTH]>> {
        if length < header::LENGTH as u64 {
            return Ok(None);
        }
        let mut bytes = [0; header::LENGTH];
        self.storage.read(file, 0, &mut bytes)?;
        Ok(Some(bytes))
    }

    fn whole(&self, file: &mut S::File, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.storage.read(file, 0, &mut bytes)?;
        Ok(bytes)
    }
}

/// A segment is at most as long as its bound and one record more.
const LONGEST_FILE: u64 = 2 * LONGEST as u64;

enum Loaded<F> {
    Segment(Found<F>),
    /// Its making was interrupted: it never held anything.
    NeverBegun,
    SetAside(Reason),
}

struct Found<F> {
    segment: Segment<F>,
    is_sealed: bool,
    missing: u64,
}

/// Sorts ranges and joins those that touch, so that each number is in one of them at most.
fn merge(ranges: &mut Vec<Range<u32>>) {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_merged_so_that_none_overlap() {
        let mut ranges = vec![5..7, 0..2, 1..3, 3..3, 7..8, 10..11];
        merge(&mut ranges);
        assert_eq!(ranges, [0..3, 5..8, 10..11]);
    }
}
