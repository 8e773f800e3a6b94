use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::{Builder, Uuid};

/// A fresh UUIDv7 (RFC 9562, section 5.7): the time in milliseconds, then random bits.
///
/// A time before 1970 counts as 1970, and one past the 48 bits of the format wraps round.
pub(crate) fn new_id(now: SystemTime) -> Uuid {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
    let mut random = [0; 10];
    RNG.with_borrow_mut(|rng| rng.fill(&mut random));
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

thread_local! {
    /// Fastrand's own seed is a hash of the clock and the thread's number, which two hosts may
    /// share; the keys of a `RandomState` come from the operating system.
    static RNG: RefCell<fastrand::Rng> =
        RefCell::new(fastrand::Rng::with_seed(RandomState::new().hash_one(())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::Duration;

    #[test]
    fn an_id_is_a_version_7_uuid_that_holds_the_time() {
        let now = UNIX_EPOCH + Duration::from_millis(0x0123_4567_89ab);
        let id = new_id(now);
        assert_eq!(id.get_version_num(), 7);
        assert!(id.to_string().starts_with("01234567-89ab-7"), "{id}");
    }

    #[test]
    fn a_clock_before_1970_still_makes_an_id() {
        let id = new_id(UNIX_EPOCH - Duration::from_secs(1));
        assert!(id.to_string().starts_with("00000000-0000-7"), "{id}");
    }

    #[test]
    fn ids_of_one_instant_differ_within_and_between_threads() {
        let make = || (0..1000).map(|_| new_id(UNIX_EPOCH)).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        let ids: HashSet<Uuid> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 4000);
    }
}
