//! Compressed bodies, for an endpoint that says that it takes them (RFC 7694).

use bytes::{Bytes, BytesMut};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the endpoint said of compressed bodies, to all lanes that post to it: the newest word counts.
#[derive(Debug, Default)]
pub(super) struct Codings {
    takes_gzip: AtomicBool,
}

impl Codings {
    /// Takes notice of an answer, which may say nothing of it.
    pub(super) fn heard(&self, takes_gzip: Option<bool>) {
        if let Some(takes_gzip) = takes_gzip {
            self.takes_gzip.store(takes_gzip, Ordering::Relaxed);
        }
    }

    pub(super) fn takes_gzip(&self) -> bool {
        self.takes_gzip.load(Ordering::Relaxed)
    }
}

/// A lane's own: what it has met with compressed bodies, and the buffer that it makes them in.
#[derive(Debug, Default)]
pub(super) struct Compressor {
    buffer: BytesMut,
    /// The endpoint has refused them, whatever it says.
    is_off: bool,
    /// Until the batch is done nothing of it is compressed.
    is_set_aside: bool,
    /// What was refused compressed and goes again as it is.
    suspect: Option<Range<usize>>,
    /// Tries in a row that came to nothing.
    failures: u32,
}

/// A proxy may know no better answer to a coding than to fail. So after as many tries as trouble that
/// passes seldom takes, the rest of a batch goes as it is.
const FAILURES: u32 = 3;

/// Smaller ones are sent as they are: they fit into a packet.
const LEAST: usize = 1024;

/// A buffer that one huge message made larger is not kept.
const KEPT: usize = 1 << 20;

impl Compressor {
    pub(super) fn next_batch(&mut self) {
        (self.is_set_aside, self.suspect, self.failures) = (false, None, 0);
    }

    /// A try came to nothing.
    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.is_set_aside |= self.failures >= FAILURES;
    }

    /// Sends what is left of the batch as it is, whatever that proves.
    pub(super) fn set_aside(&mut self) {
        (self.is_set_aside, self.suspect) = (true, None);
    }

    /// A compressed run of messages was refused. Whether that was its coding is certain only where the
    /// answer says so.
    pub(super) fn refused(&mut self, run: &Range<usize>, is_certain: bool) {
        (self.is_set_aside, self.suspect) = (true, Some(run.clone()));
        self.is_off |= is_certain;
    }

    /// A run of messages was taken; true where that proves that only its coding had been refused.
    pub(super) fn accepted(&mut self, run: &Range<usize>) -> bool {
        self.failures = 0;
        let is_proof = !self.is_off && self.suspect.as_ref() == Some(run);
        self.is_off |= is_proof;
        is_proof
    }

    /// The pieces of a body as one in gzip. `None` where it is better sent as it is.
    pub(super) fn compress(&mut self, pieces: &[&[u8]]) -> Option<Bytes> {
        let size = pieces.iter().map(|piece| piece.len()).sum();
        if self.is_off || self.is_set_aside || size < LEAST {
            return None;
        }
        // The last body was sent, so its memory is taken again.
        self.buffer.clear();
        self.buffer.reserve(size / 4);
        gzip(pieces, &mut self.buffer)?;
        let body = self.buffer.split().freeze();
        if self.buffer.capacity().saturating_add(body.len()) > KEPT {
            self.buffer = BytesMut::new();
        }
        (body.len() < size).then_some(body)
    }
}

/// At the level that costs least.
#[cfg(feature = "gzip")]
fn gzip(pieces: &[&[u8]], out: &mut BytesMut) -> Option<()> {
    use bytes::BufMut as _;
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(out.writer(), flate2::Compression::fast());
    for piece in pieces {
        encoder.write_all(piece).ok()?;
    }
    encoder.finish().ok()?;
    Some(())
}

/// The config refuses to be asked for it.
#[cfg(not(feature = "gzip"))]
fn gzip(_: &[&[u8]], _: &mut BytesMut) -> Option<()> {
    None
}

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    const SECRETLESS: &[u8] =
        b"{\"unique_identifier\":\"0197f3a2\",\"request\":{\"method\":\"GET\"}},";

    fn compressed(compressor: &mut Compressor, body: &[u8]) -> bool {
        compressor.compress(&[body]).is_some()
    }

    #[test]
    fn what_is_compressed_is_read_again_also_where_the_last_body_is_still_held() {
        let mut compressor = Compressor::default();
        let mut held = Vec::new();
        for count in [20, 2000, 30, 4000, 40] {
            let text = SECRETLESS.repeat(count);
            let body = compressor.compress(&[b"[", &text, b"]"]).unwrap();
            held.push(([b"[", &text[..], b"]"].concat(), body));
        }
        for (text, body) in held {
            let mut read = Vec::new();
            GzDecoder::new(&body[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, text);
            assert!(body.len() < text.len() / 5);
        }
    }

    #[test]
    fn the_buffer_is_used_again_unless_it_has_grown_large() {
        let mut compressor = Compressor::default();
        let text = SECRETLESS.repeat(1000);
        let first = compressor.compress(&[&text]).unwrap().as_ptr();
        assert_eq!(compressor.compress(&[&text]).unwrap().as_ptr(), first);
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(2 * KEPT)
            .collect();
        assert!(!compressed(&mut compressor, &noise), "it would have grown");
        assert!(compressor.buffer.capacity() <= KEPT);
    }

    #[test]
    fn small_bodies_go_as_they_are() {
        let mut compressor = Compressor::default();
        for (size, is_compressed) in [(0, false), (LEAST - 1, false), (LEAST, true)] {
            assert_eq!(
                compressed(&mut compressor, &vec![b'x'; size]),
                is_compressed
            );
        }
    }

    #[test]
    fn a_refusal_ends_it_for_the_batch_and_for_good_where_it_was_the_coding() {
        let text = SECRETLESS.repeat(100);
        for (is_certain, accepted, is_proof, afterwards) in [
            (true, 0..4, false, false),
            (false, 0..4, true, false),
            // Its halves are taken: a message of the other half was what was refused.
            (false, 0..2, false, true),
        ] {
            let mut compressor = Compressor::default();
            assert!(compressed(&mut compressor, &text));
            compressor.refused(&(0..4), is_certain);
            assert!(
                !compressed(&mut compressor, &text),
                "until the batch is done"
            );
            assert_eq!(compressor.accepted(&accepted), is_proof);
            assert!(!compressor.accepted(&accepted), "it is told once");
            assert!(!compressed(&mut compressor, &text));
            compressor.next_batch();
            assert_eq!(compressed(&mut compressor, &text), afterwards);
        }
    }

    #[test]
    fn what_only_fails_compressed_goes_as_it_is_until_the_batch_is_done() {
        let text = SECRETLESS.repeat(100);
        let mut compressor = Compressor::default();
        for _ in 1..FAILURES {
            compressor.failed();
            assert!(compressed(&mut compressor, &text));
        }
        assert!(!compressor.accepted(&(0..1)), "a success ends the row");
        for _ in 0..FAILURES {
            assert!(compressed(&mut compressor, &text));
            compressor.failed();
        }
        assert!(!compressed(&mut compressor, &text));
        compressor.next_batch();
        assert!(compressed(&mut compressor, &text));
        compressor.refused(&(0..1), false);
        compressor.set_aside();
        assert!(!compressor.accepted(&(0..1)), "it is another message now");
        assert!(!compressed(&mut compressor, &text));
    }

    #[test]
    fn the_newest_word_of_the_endpoint_counts() {
        let codings = Codings::default();
        for (said, takes_gzip) in [
            (None, false),
            (Some(true), true),
            (None, true),
            (Some(false), false),
            (None, false),
        ] {
            codings.heard(said);
            assert_eq!(codings.takes_gzip(), takes_gzip);
        }
    }
}
