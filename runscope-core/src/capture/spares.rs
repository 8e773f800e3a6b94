//! Buffers of exchanges that have left, for those that come.

use super::flat::Flat;
use crossbeam_queue::ArrayQueue;

/// A head's buffer is given by the request's thread and let go of by the delivery thread, which is what
/// allocators are slowest at. So it goes back and forth: a few, of a usual size, and nobody waits.
pub(crate) struct Spares(ArrayQueue<Flat>);

impl Spares {
    /// More than a batch, which is encoded at once.
    const MOST: usize = 256;
    /// A head of long lines does not make every other one large.
    const MOST_BYTES: usize = 4 * 1024;

    /// An empty buffer with so much room, or a little more.
    pub(super) fn take(&self, room: usize) -> Flat {
        let mut flat = self.0.pop().unwrap_or_default();
        flat.reserve(room);
        flat
    }

    /// Takes a buffer back, unless there are enough.
    pub(crate) fn put(&self, mut flat: Flat) {
        if flat.capacity() <= Self::MOST_BYTES {
            flat.clear();
            drop(self.0.push(flat));
        }
    }
}

impl Default for Spares {
    fn default() -> Self {
        Self(ArrayQueue::new(Self::MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_one_that_is_huge_does_not() {
        let spares = Spares::default();
        for (room, comes_back) in [(100, true), (Spares::MOST_BYTES + 1, false)] {
            let mut flat = spares.take(room);
            flat.text(b"secret");
            let had = flat.capacity();
            spares.put(flat);
            let again = spares.take(1);
            assert_eq!(again.len(), 0);
            assert_eq!(again.capacity() == had, comes_back, "{room}");
        }
    }

    #[test]
    fn no_more_are_kept_than_a_few() {
        let spares = Spares::default();
        for _ in 0..Spares::MOST + 10 {
            spares.put(Flat::default());
        }
        assert_eq!(spares.0.len(), Spares::MOST);
    }
}
