//! Finds out whether an endpoint takes arrays of messages.
//!
//! The API's description shows one message in a request, its answer speaks of several. So arrays
//! are tried, and an endpoint that refuses every array whose messages it then takes one by one has
//! said that it takes single messages only. One refused array is not enough: that may have been a
//! slip, and single messages are sent from then on.

use std::ops::Range;

/// What the endpoint has shown, for the batch at hand and for good.
#[derive(Debug, Default)]
pub(super) struct Singles {
    only: bool,
    arrays_refused: u32,
    arrays_accepted: bool,
    singles_rejected: bool,
}

impl Singles {
    /// Whether messages are sent one by one.
    pub(super) fn only(&self) -> bool {
        self.only
    }

    /// How a batch is first cut up, as a stack: the first run is the last of the list.
    pub(super) fn first_runs(&self, messages: usize) -> Vec<Range<usize>> {
        match self.only {
            true => (0..messages).rev().map(|at| at..at + 1).collect(),
            false if messages == 0 => Vec::new(),
            false => std::iter::once(0..messages).collect(),
        }
    }

    pub(super) fn accepted(&mut self, run: &Range<usize>) {
        self.arrays_accepted |= run.len() > 1;
    }

    pub(super) fn refused_array(&mut self) {
        self.arrays_refused = self.arrays_refused.saturating_add(1);
    }

    pub(super) fn rejected(&mut self) {
        self.singles_rejected = true;
    }

    /// Draws the conclusion at the end of a batch; true if it is new. A batch with a bad message in
    /// it proves nothing: that message explains the refusals.
    pub(super) fn learn(&mut self) -> bool {
        let proved = self.arrays_refused > 1 && !self.arrays_accepted && !self.singles_rejected;
        let is_new = proved && !self.only;
        *self = Self {
            only: self.only || proved,
            ..Self::default()
        };
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refused_arrays_of_good_messages_prove_it() {
        for (refused, accepted, rejected, proved) in [
            (0, false, false, false),
            (0, true, false, false),
            (1, false, false, false),
            (2, false, false, true),
            (9, false, false, true),
            (2, true, false, false),
            (2, false, true, false),
            (2, true, true, false),
        ] {
            let mut singles = Singles::default();
            for _ in 0..refused {
                singles.refused_array();
            }
            if accepted {
                singles.accepted(&(0..2));
            }
            if rejected {
                singles.rejected();
            }
            singles.accepted(&(0..1));
            assert_eq!((singles.learn(), singles.only()), (proved, proved));
            assert!(!singles.learn(), "it is told once");
            assert_eq!(singles.only(), proved, "and stays known");
        }
    }

    #[test]
    fn runs_cover_the_batch_in_order() {
        let mut singles = Singles::default();
        assert_eq!(singles.first_runs(3), [Range { start: 0, end: 3 }]);
        assert!(singles.first_runs(0).is_empty());
        singles.refused_array();
        singles.refused_array();
        singles.learn();
        assert_eq!(singles.first_runs(3), [2..3, 1..2, 0..1]);
    }
}
