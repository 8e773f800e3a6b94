use brotli_decompressor::Decompressor;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use runscope_core::Fields;
use std::io::{self, Read};

/// The most bytes that come out of a body's decoding.
pub(super) const LIMIT: usize = 4 << 20;

/// The largest zstd window that is decoded: 8 MiB, what RFC 8878 (section 3.1.1.1.2) recommends.
const WINDOW_LOG: u32 = 23;

/// More codings than this on one body are a trick: nobody compresses that often.
const MOST_CODINGS: usize = 4;

/// What brotli reads ahead.
const BUFFER: usize = 4096;

/// A body with its content codings undone as far as they could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The bytes that are left.
    pub(crate) bytes: Vec<u8>,
    /// What was undone, in the order of undoing, with the bytes before and after.
    pub(crate) steps: Vec<Step>,
    /// Why it is not all.
    pub(crate) stop: Option<Stop>,
}

/// A coding that was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) coding: String,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

/// Why a body could not be decoded to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It would be larger than what is shown.
    Limit { coding: String, limit: usize },
    /// The coded bytes are broken or cut; what came out before is kept.
    Broken { coding: String },
    /// A coding that is not known here; the bytes are shown as they are.
    Unknown { coding: String },
    /// More codings than are undone.
    TooMany,
}

/// Undoes the codings of a `Content-Encoding`, the last applied first (RFC 9110, section 8.4). No
/// decoder is let put out more than `limit` bytes.
pub(crate) fn decode(bytes: Vec<u8>, codings: &[String], limit: usize) -> Decoded {
    let mut decoded = Decoded {
        bytes,
        steps: Vec::new(),
        stop: None,
    };
    if codings.len() > MOST_CODINGS {
        decoded.stop = Some(Stop::TooMany);
        return decoded;
    }
    for coding in codings.iter().rev() {
        let Some((bytes, ending)) = undo(&decoded.bytes, coding, limit) else {
            decoded.stop = Some(Stop::Unknown {
                coding: coding.clone(),
            });
            return decoded;
        };
        let coding = coding.clone();
        let nothing_came = bytes.is_empty() && !decoded.bytes.is_empty();
        if ending == Ending::Broken && nothing_came {
            decoded.stop = Some(Stop::Broken { coding });
            return decoded;
        }
        decoded.steps.push(Step {
            coding: coding.clone(),
            before: decoded.bytes.len(),
            after: bytes.len(),
        });
        decoded.bytes = bytes;
        // What is cut here would break every coding under it.
        decoded.stop = match ending {
            Ending::Whole => continue,
            Ending::Limit => Some(Stop::Limit { coding, limit }),
            Ending::Broken => Some(Stop::Broken { coding }),
        };
        return decoded;
    }
    decoded
}

/// The codings that `Content-Encoding` names, in the order they were applied.
pub(crate) fn codings<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect()
}

/// A body without its codings, and their names; `None` where they can't be undone to the end.
pub(crate) fn undo_codings(headers: &Fields, body: &[u8]) -> Option<(Vec<u8>, String)> {
    let codings = codings(headers.all("content-encoding"));
    let decoded = decode(body.to_vec(), &codings, LIMIT);
    match decoded.stop {
        None => Some((decoded.bytes, codings.join(", "))),
        Some(_) => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Limit,
    Broken,
}

/// The bytes with one coding undone, or `None` where it is not known.
fn undo(bytes: &[u8], coding: &str, limit: usize) -> Option<(Vec<u8>, Ending)> {
    if bytes.is_empty() {
        // The answer to HEAD names a coding and has no body.
        return Some((Vec::new(), Ending::Whole));
    }
    Some(match coding {
        "gzip" | "x-gzip" => read_bounded(MultiGzDecoder::new(bytes), limit),
        // The name means zlib; many senders leave its header out.
        "deflate" => match read_bounded(ZlibDecoder::new(bytes), limit) {
            (read, Ending::Broken) if read.is_empty() => {
                read_bounded(DeflateDecoder::new(bytes), limit)
            }
            read => read,
        },
        "br" => read_bounded(Decompressor::new(bytes, BUFFER), limit),
        "zstd" => match zstd_decoder(bytes) {
            Ok(decoder) => read_bounded(decoder, limit),
            Err(_) => (Vec::new(), Ending::Broken),
        },
        _ => return None,
    })
}

fn zstd_decoder(bytes: &[u8]) -> io::Result<impl Read> {
    let mut decoder = zstd::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}

/// What a decoder puts out before it fails is kept: a cut body is worth seeing.
fn read_bounded(mut reader: impl Read, limit: usize) -> (Vec<u8>, Ending) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return (bytes, Ending::Whole),
            Ok(read) => {
                let read = chunk.get(..read).unwrap_or_default();
                let room = limit.saturating_sub(bytes.len());
                bytes.extend_from_slice(read.get(..room).unwrap_or(read));
                if read.len() > room {
                    return (bytes, Ending::Limit);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (bytes, Ending::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    const TEXT: &[u8] = b"a body that is told twice, a body that is told twice";

    /// `TEXT` as `brotli -c` writes it.
    fn brotli() -> Vec<u8> {
        // A brotli stream of one uncompressed meta-block: WBITS 16, MLEN - 1 in 16 bits, then an
        // empty last block (RFC 7932, section 9.2).
        let length = TEXT.len() - 1;
        let header = (length as u32) << 4 | 1 << 20;
        let mut bytes = header.to_le_bytes()[..3].to_vec();
        bytes.extend_from_slice(TEXT);
        bytes.push(3);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn named(codings: &str) -> Vec<String> {
        super::codings(std::iter::once(codings))
    }

    #[test]
    fn every_coding_is_undone_and_chains_from_the_outside() {
        for (bytes, coding) in [
            (TEXT.to_vec(), "identity"),
            (gzip(TEXT), "gzip"),
            (gzip(TEXT), " X-GZIP "),
            (zlib(TEXT), "deflate"),
            (raw_deflate(TEXT), "deflate"),
            (brotli(), "br"),
            (zstd(TEXT), "zstd"),
            (gzip(&zstd(TEXT)), "zstd, gzip"),
        ] {
            let decoded = decode(bytes, &named(coding), 1 << 20);
            assert_eq!(decoded.stop, None, "{coding}");
            assert_eq!(decoded.bytes, TEXT, "{coding}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let zeros = vec![0; 5 << 20];
        for (bytes, coding) in [
            (gzip(&zeros), "gzip"),
            (zlib(&zeros), "deflate"),
            (raw_deflate(&zeros), "deflate"),
            (zstd(&zeros), "zstd"),
            (brotli_bomb(), "br"),
        ] {
            let decoded = decode(bytes, &named(coding), 1 << 20);
            assert_eq!(decoded.bytes.len(), 1 << 20, "{coding}");
            let stop = Stop::Limit {
                coding: coding.to_owned(),
                limit: 1 << 20,
            };
            assert_eq!(decoded.stop, Some(stop), "{coding}");
        }
    }

    #[test]
    fn what_can_not_be_decoded_says_so_and_keeps_what_came() {
        let whole = gzip(&vec![b'a'; 100_000]);
        let cut = whole[..whole.len() - 20].to_vec();
        let decoded = decode(cut, &named("gzip"), 1 << 20);
        assert!(matches!(decoded.stop, Some(Stop::Broken { .. })));
        assert!(!decoded.bytes.is_empty());

        let decoded = decode(TEXT.to_vec(), &named("gzip"), 1 << 20);
        assert!(matches!(decoded.stop, Some(Stop::Broken { .. })));
        assert_eq!(decoded.bytes, TEXT);

        let decoded = decode(TEXT.to_vec(), &named("compress"), 1 << 20);
        assert!(matches!(decoded.stop, Some(Stop::Unknown { .. })));
        assert_eq!(decoded.bytes, TEXT);

        let decoded = decode(TEXT.to_vec(), &named("gzip,gzip,gzip,gzip,gzip"), 1 << 20);
        assert_eq!(decoded.stop, Some(Stop::TooMany));
    }

    #[test]
    fn an_empty_body_is_empty_in_every_coding() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let decoded = decode(Vec::new(), &named(coding), 1 << 20);
            assert_eq!((decoded.bytes.len(), decoded.stop), (0, None), "{coding}");
        }
    }

    /// Many uncompressed meta-blocks of 64 KiB: small effort, and more than the limit.
    fn brotli_bomb() -> Vec<u8> {
        // Only the stream's first block carries WBITS; the later ones begin at a byte boundary.
        let mut bytes = ((0xffff_u32) << 4 | 1 << 20).to_le_bytes()[..3].to_vec();
        bytes.extend_from_slice(&[0; 1 << 16]);
        for _ in 0..31 {
            bytes.extend_from_slice(&((0xffff_u32) << 3 | 1 << 19).to_le_bytes()[..3]);
            bytes.extend_from_slice(&[0; 1 << 16]);
        }
        bytes.push(3);
        bytes
    }
}
