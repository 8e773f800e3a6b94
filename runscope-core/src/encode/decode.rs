//! Undoes content codings, off the request path and with a bound on what comes out.

/// What a content coding gave back.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "gzip"),
    expect(dead_code, reason = "without the feature no coding is known")
)]
pub(super) enum Decoded {
    /// The body was not coded.
    Plain,
    /// `out` holds the decoded body, or its beginning where `cut`.
    Whole { coding: &'static str, cut: bool },
    /// The bytes are not what the coding says.
    Broken,
    /// The coding is not known here.
    Unknown,
}

/// Decodes `bytes` into `out` (cleared first), at most `most` bytes of it. `content_encoding` is the
/// header's value, its lines joined by commas. `truncated` says that the coded bytes are only the
/// beginning of the body, so that their end is no error.
pub(super) fn decode(
    content_encoding: Option<&[u8]>,
    bytes: &[u8],
    truncated: bool,
    most: usize,
    out: &mut Vec<u8>,
) -> Decoded {
    out.clear();
    let mut codings = content_encoding
        .unwrap_or_default()
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Decoded::Plain,
        (Some(coding), None) => codings::decode(coding, bytes, truncated, most, out),
        // Codings upon each other serve nobody.
        (Some(_), Some(_)) => Decoded::Unknown,
    }
}

/// Whether the bytes are compressed by one of HTTP's codings, whatever was said of them: nothing
/// in them can be read, so nothing in them can be cleaned. Brotli can't be told by its beginning.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    match bytes {
        // gzip (RFC 1952), compress, Zstandard (RFC 8878).
        [0x1f, 0x8b | 0x9d, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => true,
        // zlib (RFC 1950) at its four usual levels; two of them are letters as well.
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => std::str::from_utf8(bytes).is_err(),
        _ => false,
    }
}

#[cfg(feature = "gzip")]
mod codings {
    use super::Decoded;
    use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
    use std::io::Read;

    pub(super) fn decode(
        coding: &[u8],
        bytes: &[u8],
        truncated: bool,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Decoded {
        let is = |name: &str| coding.eq_ignore_ascii_case(name.as_bytes());
        let (coding, result) = if is("gzip") || is("x-gzip") {
            ("gzip", read(MultiGzDecoder::new(bytes), most, out))
        } else if is("deflate") && is_zlib(bytes) {
            ("deflate", read(ZlibDecoder::new(bytes), most, out))
        } else if is("deflate") {
            ("deflate", read(DeflateDecoder::new(bytes), most, out))
        } else {
            return Decoded::Unknown;
        };
        match result {
            Ok(cut) => Decoded::Whole {
                coding,
                cut: cut || truncated,
            },
            Err(_) if truncated => Decoded::Whole { coding, cut: true },
            Err(_) => Decoded::Broken,
        }
    }

    /// Reads up to `most` bytes and says whether there are more.
    fn read(decoder: impl Read, most: usize, out: &mut Vec<u8>) -> std::io::Result<bool> {
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        decoder.take(limit).read_to_end(out)?;
        let cut = out.len() > most;
        out.truncate(most);
        Ok(cut)
    }

    /// `deflate` is zlib's format by the standard (RFC 9110, section 8.4.1.2), and raw deflate by
    /// some servers' mistake: a zlib header is two bytes that divide by 31 (RFC 1950, section 2.2).
    fn is_zlib(bytes: &[u8]) -> bool {
        matches!(bytes, [first, second, ..]
            if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31))
    }
}

#[cfg(not(feature = "gzip"))]
mod codings {
    use super::Decoded;

    pub(super) fn decode(_: &[u8], _: &[u8], _: bool, _: usize, _: &mut Vec<u8>) -> Decoded {
        Decoded::Unknown
    }
}

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn coded(coding: &str, text: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        let written = match coding {
            "gzip" => {
                let mut writer = GzEncoder::new(vec![], level);
                writer.write_all(text).and_then(|()| writer.finish())
            }
            "zlib" => {
                let mut writer = ZlibEncoder::new(vec![], level);
                writer.write_all(text).and_then(|()| writer.finish())
            }
            _ => {
                let mut writer = DeflateEncoder::new(vec![], level);
                writer.write_all(text).and_then(|()| writer.finish())
            }
        };
        written.unwrap_or_default()
    }

    #[test]
    fn codings_are_undone_within_the_bound() {
        let text = b"hello hello hello";
        for (header, format) in [
            ("gzip", "gzip"),
            ("X-GZIP", "gzip"),
            ("deflate", "zlib"),
            ("deflate", "raw"),
        ] {
            for (most, kept, cut) in [
                (100, &text[..], false),
                (17, &text[..], false),
                (5, b"hello", true),
            ] {
                let mut out = b"old".to_vec();
                let bytes = coded(format, text);
                let result = decode(Some(header.as_bytes()), &bytes, false, most, &mut out);
                assert!(matches!(result, Decoded::Whole { cut: is_cut, .. } if is_cut == cut));
                assert_eq!(out, kept, "{header} {format} {most}");
            }
        }
    }

    #[test]
    fn compressed_bytes_are_known_without_a_label() {
        let text = b"hello hello hello";
        for (bytes, expected) in [
            (coded("gzip", text), true),
            (coded("zlib", text), true),
            (vec![0x28, 0xb5, 0x2f, 0xfd, 0x20], true),
            (b"x^2 + y^2".to_vec(), false),
            (b"x\x01y".to_vec(), false),
            (text.to_vec(), false),
            (vec![0x1f], false),
            (vec![], false),
        ] {
            assert_eq!(is_compressed(&bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_bomb_is_decoded_no_further_than_the_bound() {
        let bomb = coded("gzip", &vec![0; 64 << 20]);
        let mut out = Vec::new();
        decode(Some(b"gzip"), &bomb, false, 1 << 20, &mut out);
        assert_eq!(out.len(), 1 << 20);
        assert!(
            out.capacity() <= 4 << 20,
            "memory is bounded while decoding, not after"
        );
    }

    #[test]
    fn broken_and_cut_bodies_are_told_apart() {
        let whole = coded("gzip", b"hello hello hello");
        let mut out = Vec::new();
        for (bytes, truncated, expected) in [
            (&whole[..whole.len() - 9], false, Decoded::Broken),
            (
                &whole[..whole.len() - 9],
                true,
                Decoded::Whole {
                    coding: "gzip",
                    cut: true,
                },
            ),
            (b"not gzip", false, Decoded::Broken),
        ] {
            assert_eq!(
                decode(Some(b"gzip"), bytes, truncated, 100, &mut out),
                expected
            );
        }
        assert_eq!(
            decode(Some(b"br"), b"x", false, 100, &mut out),
            Decoded::Unknown
        );
        for several in [&b"gzip, br"[..], b"gzip,gzip", b"br,identity, gzip"] {
            assert_eq!(
                decode(Some(several), &whole, false, 100, &mut out),
                Decoded::Unknown
            );
        }
        let single = decode(Some(b"identity,, gzip"), &whole, false, 100, &mut out);
        assert!(matches!(single, Decoded::Whole { cut: false, .. }));
        assert_eq!(decode(None, b"x", false, 100, &mut out), Decoded::Plain);
        assert_eq!(
            decode(Some(b" Identity "), b"x", false, 100, &mut out),
            Decoded::Plain
        );
    }
}
