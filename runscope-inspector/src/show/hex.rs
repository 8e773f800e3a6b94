use std::fmt::Write as _;

/// The bytes of a line.
const WIDTH: usize = 16;

/// The bytes of a page.
const PAGE: usize = 4096;

/// A page of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HexPage {
    pub(crate) rows: Vec<HexRow>,
    /// Where the page begins.
    pub(crate) offset: usize,
    /// How many bytes there are in all.
    pub(crate) total: usize,
    /// Where the page before begins.
    pub(crate) previous: Option<usize>,
    /// Where the page after begins.
    pub(crate) next: Option<usize>,
}

/// A line of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HexRow {
    pub(crate) offset: usize,
    /// Two digits a byte, with a wider gap in the middle.
    pub(crate) hex: String,
    /// The characters of ASCII, and dots for the rest.
    pub(crate) ascii: String,
}

impl HexPage {
    /// The page on which an offset is; past the end it is the last one.
    pub(crate) fn of(bytes: &[u8], offset: usize) -> Self {
        let total = bytes.len();
        let offset = offset.min(total.saturating_sub(1)) / PAGE * PAGE;
        let end = offset.saturating_add(PAGE).min(total);
        let page = bytes.get(offset..end).unwrap_or_default();
        let rows = page
            .chunks(WIDTH)
            .zip((offset..).step_by(WIDTH))
            .map(|(bytes, offset)| row(bytes, offset));
        Self {
            rows: rows.collect(),
            offset,
            total,
            previous: offset.checked_sub(PAGE),
            next: Some(end).filter(|end| *end < total),
        }
    }
}

fn row(bytes: &[u8], offset: usize) -> HexRow {
    let mut hex = String::with_capacity(WIDTH * 3 + 1);
    for (at, byte) in bytes.iter().enumerate() {
        let gap = match at {
            0 => "",
            8 => "  ",
            _ => " ",
        };
        // Writing to a string can't fail.
        let _ = write!(hex, "{gap}{byte:02x}");
    }
    let ascii = bytes
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        })
        .collect();
    HexRow { offset, hex, ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_paged_and_an_offset_anywhere_finds_its_page() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
        for (asked, offset, previous, next, rows) in [
            (0, 0, None, Some(4096), 256),
            (4095, 0, None, Some(4096), 256),
            (4097, 4096, Some(0), Some(8192), 256),
            (usize::MAX, 8192, Some(4096), None, 113),
        ] {
            let page = HexPage::of(&bytes, asked);
            assert_eq!(
                (page.offset, page.previous, page.next),
                (offset, previous, next)
            );
            assert_eq!(page.rows.len(), rows);
        }
        assert_eq!(HexPage::of(b"", 9).rows, []);
    }

    #[test]
    fn a_line_has_its_bytes_twice() {
        let page = HexPage::of(b"<script>\x00\xff", 0);
        assert_eq!(page.rows[0].hex, "3c 73 63 72 69 70 74 3e  00 ff");
        assert_eq!(page.rows[0].ascii, "<script>..");
    }
}
