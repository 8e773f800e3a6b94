//! What every file begins with.

/// The length of a header in bytes.
pub(crate) const LENGTH: usize = 40;

const MAGIC: [u8; 8] = *b"rs-spool";

/// The one format there is yet.
const VERSION: u16 = 1;

/// Which segment a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Goes into the checksum of every frame, so that bytes of another file, such as one that lies
    /// in a record, are never taken for a frame of this one.
    pub(crate) salt: u64,
    /// The run of segments that one opening of a spool wrote without a fault: all but its last one
    /// are sealed.
    pub(crate) session: u64,
    pub(crate) sequence: u64,
    pub(crate) holds: Holds,
}

/// What the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Records,
    Acknowledgements,
}

/// Why the beginning of a file is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// It is no file of a spool.
    Foreign,
    /// It is one, of a format that was made up later.
    Newer,
    Damaged,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.holds as u16).to_le_bytes());
        bytes.extend_from_slice(&self.salt.to_le_bytes());
        bytes.extend_from_slice(&self.session.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        let mut header = [0; LENGTH];
        header.copy_from_slice(&bytes);
        header
    }

    pub(crate) fn decode(bytes: &[u8; LENGTH]) -> Result<Self, NoHeader> {
        let (rest, crc) = bytes.split_last_chunk::<4>().ok_or(NoHeader::Damaged)?;
        if !rest.starts_with(&MAGIC) {
            // A header of zeros, or with a flipped bit, is still a spool's: its other parts say so.
            let is_ours = nearly(rest, &MAGIC) || bytes.iter().all(|&byte| byte == 0);
            return Err(match is_ours {
                true => NoHeader::Damaged,
                false => NoHeader::Foreign,
            });
        }
        let mut fields = Fields(rest.get(MAGIC.len()..).unwrap_or_default());
        let version = fields.u16().ok_or(NoHeader::Damaged)?;
        let is_whole = crc32fast::hash(rest).to_le_bytes() == *crc;
        match version {
            VERSION if is_whole => {}
            // A later format may have its checksum elsewhere, but a version by a flipped bit is not
            // a later format: the rest of the header is as this one's.
            _ if version > VERSION && !is_this_version(rest, *crc) => return Err(NoHeader::Newer),
            _ => return Err(NoHeader::Damaged),
        }
        let holds = match fields.u16() {
            Some(0) => Holds::Records,
            Some(1) => Holds::Acknowledgements,
            _ => return Err(NoHeader::Damaged),
        };
        let mut next = || fields.u64().ok_or(NoHeader::Damaged);
        Ok(Self {
            holds,
            salt: next()?,
            session: next()?,
            sequence: next()?,
        })
    }
}

/// Whether all but one byte of the magic is there.
fn nearly(bytes: &[u8], magic: &[u8]) -> bool {
    let same = bytes.iter().zip(magic).filter(|(a, b)| a == b).count();
    same + 1 >= magic.len()
}

/// Whether the header is whole but for its version.
fn is_this_version(rest: &[u8], crc: [u8; 4]) -> bool {
    let mut mended = rest.to_vec();
    for (byte, meant) in mended
        .iter_mut()
        .skip(MAGIC.len())
        .zip(VERSION.to_le_bytes())
    {
        *byte = meant;
    }
    crc32fast::hash(&mended).to_le_bytes() == crc
}

/// Reads little-endian numbers one after the other.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        salt: 1 << 60,
        session: 77,
        sequence: 3,
        holds: Holds::Acknowledgements,
    };

    #[test]
    fn a_header_is_read_as_it_was_written() {
        assert_eq!(Header::decode(&HEADER.encode()), Ok(HEADER));
    }

    #[test]
    fn a_flipped_bit_is_damage_wherever_it_is() {
        for bit in 0..LENGTH * 8 {
            let mut bytes = HEADER.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&bytes), Err(NoHeader::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn what_is_not_ours_or_not_yet_is_told_apart() {
        let with = |change: fn(&mut [u8; LENGTH])| {
            let mut bytes = HEADER.encode();
            change(&mut bytes);
            Header::decode(&bytes)
        };
        assert_eq!(with(|bytes| bytes.fill(0)), Err(NoHeader::Damaged));
        assert_eq!(with(|bytes| bytes.fill(b'x')), Err(NoHeader::Foreign));
        assert_eq!(
            with(|bytes| bytes[8..].fill(2)),
            Err(NoHeader::Newer),
            "of version 514"
        );
    }
}
