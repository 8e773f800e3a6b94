//! Records a body as its frames pass: counts always, keeps what the rules allow.

use super::budget::Charge;
use crate::message::Withheld;
use bytes::Bytes;

/// Below this a kept frame is copied: a small frame pins the whole read buffer it was cut from,
/// which may be many times larger and is not what the budget was charged for.
const COPY_BELOW: usize = 4 * 1024;

/// How much may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of one body.
    pub(crate) body: usize,
    /// Bytes of the whole process.
    pub(crate) process: usize,
}

/// One body of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    /// Bytes that passed.
    pub(crate) size: u64,
    /// What was kept of them.
    pub(crate) kept: Chunks,
    /// Why not all that passed is kept; `None` while it is.
    pub(crate) withheld: Option<Withheld>,
    /// Whether there is no body at all, or none is wanted (HEAD).
    pub(crate) absent: bool,
    /// Whether the head speaks of a body, so that one that was never read can be told from none.
    pub(crate) announced: bool,
    /// Whether anyone asked for the body.
    pub(crate) polled: bool,
    /// Whether the body passed to its end.
    pub(crate) complete: bool,
}

impl Tap {
    /// A tap that keeps, or one that only counts and says why.
    pub(crate) fn new(withheld: Option<Withheld>) -> Self {
        Self {
            withheld,
            ..Self::default()
        }
    }

    /// A tap for a message that has no body by its method or status.
    pub(crate) fn absent() -> Self {
        let mut tap = Self::default();
        tap.set_absent();
        tap
    }

    pub(super) fn set_absent(&mut self) {
        self.absent = true;
        self.complete = true;
    }

    /// A tap through which a whole body has passed already.
    pub(crate) fn whole(body: Bytes) -> Self {
        Self {
            size: body.len() as u64,
            kept: body.into(),
            polled: true,
            complete: true,
            ..Self::default()
        }
    }

    /// Sees one frame pass.
    pub(crate) fn frame(&mut self, data: &Bytes, limits: Limits, charge: &mut Charge) {
        self.polled = true;
        if self.absent {
            return;
        }
        self.size = self.size.saturating_add(data.len() as u64);
        if self.withheld.is_some() || data.is_empty() {
            return;
        }
        let room = limits.body.saturating_sub(self.kept.len());
        let take = room.min(data.len());
        // A cut frame is copied too: a slice would pin all of a frame that may be far over the cap.
        let is_shared =
            take == data.len() && take >= COPY_BELOW && Charge::may_share(limits.process);
        let growth = match is_shared {
            true => take,
            false => self.kept.growth_for(take, limits.body),
        };
        if !charge.grow(growth, limits.process) {
            self.withheld = Some(Withheld::OverBudget);
            return;
        }
        if take < data.len() {
            self.withheld = Some(Withheld::OverCap);
        }
        match is_shared {
            true => self.kept.share(data.clone()),
            false => self.kept.copy(&data[..take], growth),
        }
    }

    /// Lets go of what was kept, if anything was, and says why; the size stays.
    pub(crate) fn withhold(&mut self, why: Withheld) -> Option<Chunks> {
        self.withheld = Some(why);
        (self.kept.held() > 0).then(|| std::mem::take(&mut self.kept))
    }
}

/// The kept frames. Most bodies are one frame, which then needs no list; small frames are joined,
/// so that a body that comes byte by byte costs its bytes and not a list entry each.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    first: Chunk,
    rest: Vec<Chunk>,
    len: usize,
}

#[derive(Debug)]
enum Chunk {
    Shared(Bytes),
    Owned(Vec<u8>),
}

impl Default for Chunk {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl Chunk {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Chunks {
    /// With a buffer for small frames, whose room has been charged for.
    pub(super) fn with_buffer(buffer: Vec<u8>) -> Self {
        Self {
            first: Chunk::Owned(buffer),
            ..Self::default()
        }
    }

    /// The buffer that the first frames were joined in, where there was one.
    pub(super) fn into_buffer(self) -> Option<Vec<u8>> {
        match self.first {
            Chunk::Owned(buffer) => Some(buffer).filter(|buffer| buffer.capacity() > 0),
            Chunk::Shared(_) => None,
        }
    }

    fn share(&mut self, frame: Bytes) {
        self.len += frame.len();
        if self.first.as_slice().is_empty() {
            self.first = Chunk::Shared(frame);
        } else {
            self.rest.push(Chunk::Shared(frame));
        }
    }

    /// By how much the buffer that joins small frames has to grow to take `more` bytes: it doubles,
    /// but not beyond the cap of a body. It is the buffer that holds memory, so it is charged for.
    fn growth_for(&self, more: usize, cap: usize) -> usize {
        let (len, capacity) = match self.rest.last().unwrap_or(&self.first) {
            Chunk::Owned(bytes) => (bytes.len(), bytes.capacity()),
            Chunk::Shared(_) => (0, 0),
        };
        let needed = len + more;
        if needed <= capacity {
            return 0;
        }
        (capacity * 2).min(cap).max(needed) - capacity
    }

    /// Joins a part to the buffer, which grows by `growth` first.
    fn copy(&mut self, part: &[u8], growth: usize) {
        self.len += part.len();
        if !matches!(self.rest.last().unwrap_or(&self.first), Chunk::Owned(_)) {
            self.rest.push(Chunk::default());
        }
        if let Chunk::Owned(bytes) = self.rest.last_mut().unwrap_or(&mut self.first) {
            let spare = bytes.capacity() - bytes.len();
            if growth > 0 {
                bytes.reserve_exact(spare + growth);
            }
            bytes.extend_from_slice(part);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes that are charged for.
    pub(crate) fn held(&self) -> usize {
        let held = |chunk: &Chunk| match chunk {
            Chunk::Shared(bytes) => bytes.len(),
            Chunk::Owned(bytes) => bytes.capacity(),
        };
        held(&self.first) + self.rest.iter().map(held).sum::<usize>()
    }

    /// The one slice that holds everything, where there is one.
    pub(crate) fn as_single(&self) -> Option<&[u8]> {
        self.rest.is_empty().then(|| self.first.as_slice())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.first)
            .chain(&self.rest)
            .map(Chunk::as_slice)
    }
}

impl From<Bytes> for Chunks {
    fn from(chunk: Bytes) -> Self {
        Self {
            len: chunk.len(),
            first: Chunk::Shared(chunk),
            rest: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: Limits = Limits {
        body: 10,
        process: usize::MAX,
    };

    fn run(mut tap: Tap, frames: &[&'static [u8]], limits: Limits) -> (Tap, Charge) {
        let mut charge = Charge::default();
        for frame in frames {
            tap.frame(&Bytes::from_static(frame), limits, &mut charge);
        }
        (tap, charge)
    }

    #[test]
    fn frames_are_kept_up_to_the_cap_and_counted_past_it() {
        for (frames, kept, size, withheld) in [
            (&[][..], "", 0, None),
            (&[&b"hello"[..]][..], "hello", 5, None),
            (&[b"hello", b"world"], "helloworld", 10, None),
            (&[b"hello", b"world", b""], "helloworld", 10, None),
            (
                &[b"hello", b"world", b"!"],
                "helloworld",
                11,
                Some(Withheld::OverCap),
            ),
            (
                &[b"hello", b"wonderful"],
                "hellowonde",
                14,
                Some(Withheld::OverCap),
            ),
            (
                &[b"hello world", b"again"],
                "hello worl",
                16,
                Some(Withheld::OverCap),
            ),
        ] {
            let (tap, charge) = run(Tap::new(None), frames, PLENTY);
            assert_eq!(
                tap.kept.iter().collect::<Vec<_>>().concat(),
                kept.as_bytes()
            );
            assert_eq!((tap.size, tap.withheld), (size, withheld));
            assert_eq!(
                charge.bytes(),
                kept.len(),
                "what is kept is what is charged"
            );
        }
    }

    #[test]
    fn a_tap_that_only_counts_keeps_and_charges_nothing() {
        for tap in [Tap::new(Some(Withheld::LogBodyOff)), Tap::absent()] {
            let absent = tap.absent;
            let (tap, charge) = run(tap, &[b"hello"], PLENTY);
            assert_eq!((tap.kept.len(), charge.bytes()), (0, 0));
            assert_eq!(tap.size, if absent { 0 } else { 5 });
        }
    }

    #[test]
    fn a_spent_budget_stops_keeping_and_not_counting() {
        let (tap, charge) = run(
            Tap::new(None),
            &[b"hello", b"world"],
            Limits {
                body: 10,
                process: 0,
            },
        );
        assert_eq!((tap.size, tap.withheld), (10, Some(Withheld::OverBudget)));
        assert_eq!(charge.bytes(), 0);
    }

    #[test]
    fn large_frames_are_shared_and_small_ones_joined() {
        let large = Bytes::from(vec![b'x'; COPY_BELOW]);
        let small = Bytes::from_static(b"y");
        let limits = Limits {
            body: usize::MAX,
            process: usize::MAX,
        };
        let mut tap = Tap::new(None);
        for frame in [&small, &small, &large, &small, &small] {
            tap.frame(frame, limits, &mut Charge::default());
        }
        let pieces: Vec<_> = tap.kept.iter().map(<[u8]>::len).collect();
        assert_eq!(pieces, [2, COPY_BELOW, 2]);
        assert!(!large.is_unique(), "the large frame is shared, not copied");
    }

    #[test]
    fn a_body_in_small_frames_is_charged_for_its_buffer_and_never_beyond_the_cap() {
        for (frames, size, cap) in [(33, 1000, 64 * 1024), (70, 1000, 64 * 1024), (500, 1, 256)] {
            let frame = Bytes::from(vec![b'x'; size]);
            let (mut tap, mut charge) = (Tap::new(None), Charge::default());
            let limits = Limits {
                body: cap,
                process: usize::MAX,
            };
            for _ in 0..frames {
                tap.frame(&frame, limits, &mut charge);
            }
            let Chunk::Owned(buffer) = &tap.kept.first else {
                panic!("small frames are joined");
            };
            assert_eq!(buffer.len(), (frames * size).min(cap));
            assert_eq!(buffer.capacity(), charge.bytes());
            assert!(buffer.capacity() <= cap);
            charge.shrink(tap.withhold(Withheld::Filtered).unwrap().held());
            assert_eq!(charge.bytes(), 0, "what is let go of is given back");
        }
    }

    #[test]
    fn nothing_is_shared_where_much_of_the_budget_is_used() {
        let large = Bytes::from(vec![b'x'; COPY_BELOW]);
        let limits = Limits {
            body: usize::MAX,
            process: 1 << 30,
        };
        let mut held = Charge::default();
        assert!(held.grow(limits.process / 8 + 1, limits.process));
        let (mut tap, mut charge) = (Tap::new(None), Charge::default());
        tap.frame(&large, limits, &mut charge);
        assert_eq!((tap.size, tap.withheld), (COPY_BELOW as u64, None));
        assert!(large.is_unique(), "the tap holds a copy");
        assert_eq!(charge.bytes(), COPY_BELOW);
    }

    #[test]
    fn a_frame_far_over_the_cap_is_not_pinned() {
        let frame = Bytes::from(vec![b'x'; 1 << 20]);
        let mut tap = Tap::new(None);
        let limits = Limits {
            body: 64 * 1024,
            process: usize::MAX,
        };
        tap.frame(&frame, limits, &mut Charge::default());
        assert_eq!(tap.kept.len(), 64 * 1024);
        assert!(
            frame.is_unique(),
            "the tap holds a copy of the part it keeps"
        );
    }
}
