//! The frames of a file: each with a checksum, so that what was not written is never read.
//!
//! A frame is a marker, the length of its body and a checksum, 4 bytes each, and the body: what it
//! is, then its fields. All numbers are little-endian.

use crate::header::Fields;
use std::ops::Range;

const MARKER: [u8; 4] = [0xa7, b'r', b's', b'F'];

/// What a frame has beside its body.
pub(crate) const OVERHEAD: usize = 12;

/// What a record's frame has beside its key and its payload.
pub(crate) const RECORD_OVERHEAD: usize = OVERHEAD + 1 + 4 + 8 + 2;

/// The most that it takes to acknowledge one record.
pub(crate) const ACK_ROOM: usize = OVERHEAD + 1 + 8;

/// No frame is longer: what says so is damaged.
pub(crate) const LONGEST: usize = 64 << 20;

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Record {
        /// Its place among the records of its segment.
        number: u32,
        /// When it was appended, in milliseconds since 1970.
        time: u64,
        key: &'a str,
        payload: &'a [u8],
    },
    /// The segment is complete: it holds so many records.
    Seal { records: u32 },
    /// These records are settled.
    Acknowledged(Vec<Range<u32>>),
}

const RECORD: u8 = 1;
const SEAL: u8 = 2;
const ACKNOWLEDGED: u8 = 3;

impl Frame<'_> {
    pub(crate) fn encode(&self, salt: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MARKER);
        out.extend_from_slice(&[0; 8]);
        match self {
            Self::Record {
                number,
                time,
                key,
                payload,
            } => {
                out.push(RECORD);
                out.extend_from_slice(&number.to_le_bytes());
                out.extend_from_slice(&time.to_le_bytes());
                let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(payload);
            }
            Self::Seal { records } => {
                out.push(SEAL);
                out.extend_from_slice(&records.to_le_bytes());
            }
            Self::Acknowledged(ranges) => {
                out.push(ACKNOWLEDGED);
                for range in ranges {
                    out.extend_from_slice(&range.start.to_le_bytes());
                    out.extend_from_slice(&range.end.to_le_bytes());
                }
            }
        }
        let Some(frame) = out.get_mut(start..) else {
            return;
        };
        let Some((head, body)) = frame.split_at_mut_checked(OVERHEAD) else {
            return;
        };
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let numbers = length.into_iter().chain(checksum(salt, body).to_le_bytes());
        for (byte, number) in head.iter_mut().skip(MARKER.len()).zip(numbers) {
            *byte = number;
        }
    }

    fn decode(body: &[u8]) -> Option<Frame<'_>> {
        let mut fields = Fields(body);
        match fields.u8()? {
            RECORD => {
                // The last number has none behind it, so that no run of acknowledged ones could end
                // with it. No segment holds so many records.
                let number = fields.u32().filter(|number| *number < u32::MAX)?;
                let time = fields.u64()?;
                let length = fields.u16()?;
                Some(Frame::Record {
                    number,
                    time,
                    key: std::str::from_utf8(fields.bytes(length.into())?).ok()?,
                    payload: fields.0,
                })
            }
            SEAL => fields.u32().map(|records| Frame::Seal { records }),
            ACKNOWLEDGED => {
                let mut ranges = Vec::new();
                while !fields.0.is_empty() {
                    ranges.push(fields.u32()?..fields.u32()?);
                }
                Some(Frame::Acknowledged(ranges))
            }
            _ => None,
        }
    }
}

/// Reads the frame that fills the bytes, if they are one.
pub(crate) fn read(bytes: &[u8], salt: u64) -> Option<Frame<'_>> {
    match frame_at(bytes, 0, salt, &mut usize::MAX.clone())? {
        (frame, length) if length == bytes.len() => Some(frame),
        _ => None,
    }
}

/// Reads one frame after the other. Past bytes that are none it goes on where the next one begins:
/// a checksum with the file's own salt says that it is one.
pub(crate) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    salt: u64,
    /// How many bytes may still be summed up: markers without a frame, as many as fit, must not
    /// make the work grow by the square of the length.
    budget: usize,
}

/// A piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Frame {
        frame: Frame<'a>,
        range: Range<usize>,
    },
    /// Bytes that are no frame, before one, or at the end.
    Bad { is_last: bool },
}

impl<'a> Scan<'a> {
    /// Reads from `start` on.
    pub(crate) fn new(bytes: &'a [u8], start: usize, salt: u64) -> Self {
        Self {
            bytes,
            at: start,
            salt,
            budget: bytes.len().saturating_mul(8),
        }
    }

    fn frame(&mut self) -> Option<(Frame<'a>, usize)> {
        frame_at(self.bytes, self.at, self.salt, &mut self.budget)
    }

    fn next_marker(&self) -> usize {
        let after = self.at.saturating_add(1);
        let rest = self.bytes.get(after..).unwrap_or_default();
        rest.windows(MARKER.len())
            .position(|window| window == MARKER)
            .map_or(self.bytes.len(), |found| after.saturating_add(found))
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        if let Some((frame, length)) = self.frame() {
            let start = self.at;
            self.at = start.saturating_add(length);
            let range = start..self.at;
            return Some(Piece::Frame { frame, range });
        }
        loop {
            self.at = self.next_marker();
            let is_last = self.at >= self.bytes.len();
            if is_last || self.frame().is_some() {
                return Some(Piece::Bad { is_last });
            }
        }
    }
}

fn frame_at<'a>(
    bytes: &'a [u8],
    at: usize,
    salt: u64,
    budget: &mut usize,
) -> Option<(Frame<'a>, usize)> {
    let rest = bytes.get(at..)?.strip_prefix(&MARKER)?;
    let mut fields = Fields(rest);
    let length = usize::try_from(fields.u32()?).ok()?;
    let crc = fields.u32()?;
    if length > LONGEST {
        return None;
    }
    let body = fields.bytes(length)?;
    *budget = budget.checked_sub(length)?;
    if checksum(salt, body) != crc {
        return None;
    }
    let frame = Frame::decode(body)?;
    Some((frame, OVERHEAD.checked_add(length)?))
}

/// The length is a part of the sum by the number of bytes that go into it.
fn checksum(salt: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&(body.len() as u64).to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame<'static>> {
        let record = |number, payload| Frame::Record {
            number,
            time: 1 << 40,
            key: "bücket",
            payload,
        };
        vec![
            record(0, b"one"),
            record(1, b""),
            record(2, &MARKER),
            Frame::Acknowledged(vec![0..2, 7..9]),
            Frame::Acknowledged(Vec::new()),
            Frame::Seal { records: 3 },
        ]
    }

    fn encoded(salt: u64) -> (Vec<u8>, Vec<Range<usize>>) {
        let (mut bytes, mut ranges) = (Vec::new(), Vec::new());
        for frame in frames() {
            let start = bytes.len();
            frame.encode(salt, &mut bytes);
            ranges.push(start..bytes.len());
        }
        (bytes, ranges)
    }

    fn scanned(bytes: &[u8], salt: u64) -> Vec<Frame<'_>> {
        Scan::new(bytes, 0, salt)
            .filter_map(|piece| match piece {
                Piece::Frame { frame, .. } => Some(frame),
                Piece::Bad { .. } => None,
            })
            .collect()
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let (bytes, ranges) = encoded(7);
        assert_eq!(scanned(&bytes, 7), frames());
        for (range, frame) in ranges.into_iter().zip(frames()) {
            assert_eq!(read(&bytes[range.clone()], 7), Some(frame));
            assert_eq!(read(&bytes[range.start..range.end - 1], 7), None);
        }
    }

    #[test]
    fn a_record_takes_what_was_said() {
        let (_, ranges) = encoded(7);
        assert_eq!(ranges[0].len(), RECORD_OVERHEAD + "bücket".len() + 3);
        let mut ack = Vec::new();
        Frame::Acknowledged(vec![0..1; 1]).encode(7, &mut ack);
        assert_eq!(ack.len(), ACK_ROOM);
    }

    #[test]
    fn a_number_that_could_not_be_acknowledged_is_no_records() {
        for (number, is_read) in [(u32::MAX - 1, true), (u32::MAX, false)] {
            let frame = Frame::Record {
                number,
                time: 0,
                key: "key",
                payload: b"one",
            };
            let mut bytes = Vec::new();
            frame.encode(7, &mut bytes);
            assert_eq!(read(&bytes, 7), is_read.then_some(frame), "{number}");
        }
    }

    #[test]
    fn frames_of_another_file_are_not_read() {
        let (bytes, _) = encoded(7);
        assert!(scanned(&bytes, 8).is_empty());
    }

    #[test]
    fn a_flipped_bit_costs_the_one_frame_that_it_is_in() {
        let (bytes, ranges) = encoded(7);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let hit = ranges.iter().position(|range| range.contains(&(bit / 8)));
            let mut expected = frames();
            expected.remove(hit.expect("a frame"));
            assert_eq!(scanned(&bytes, 7), expected, "bit {bit}");
        }
    }

    #[test]
    fn a_cut_costs_what_is_behind_it() {
        let (bytes, ranges) = encoded(7);
        for length in 0..bytes.len() {
            let whole = ranges.iter().filter(|range| range.end <= length).count();
            assert_eq!(scanned(&bytes[..length], 7), frames()[..whole], "{length}");
        }
    }

    #[test]
    fn markers_without_frames_are_passed_over_in_bounded_work() {
        let mut bytes = Vec::new();
        while bytes.len() < 1 << 20 {
            bytes.extend_from_slice(&MARKER);
            bytes.extend_from_slice(&(900_000_u32).to_le_bytes());
        }
        let mut scan = Scan::new(&bytes, 0, 7);
        assert_eq!(scan.next(), Some(Piece::Bad { is_last: true }));
        assert_eq!(scan.next(), None);
    }
}
