use super::auth::Token;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Sessions at one time; one more ends the one that was not used for longest.
const MOST: usize = 256;

/// The browsers that are signed in, each by the digest of a random identifier, with when it was last
/// used. They are not kept on the disk: a restart, and so another owner's token, ends them all.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    used: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Sessions {
    /// Begins a session and gives its identifier.
    pub(super) fn open(&self, now: Instant) -> Token {
        let mut used = self.lock();
        used.retain(|_, at| is_alive(*at, now));
        if used.len() >= MOST {
            let oldest = used.iter().min_by_key(|(_, at)| **at).map(|(id, _)| *id);
            oldest.and_then(|id| used.remove(&id));
        }
        let id = Token::random();
        used.insert(id.digest(), now);
        id
    }

    /// Whether there is a session with the identifier of this digest, which counts as using it.
    pub(super) fn knows(&self, digest: &[u8; 32], now: Instant) -> bool {
        match self.lock().get_mut(digest) {
            Some(at) if is_alive(*at, now) => {
                *at = now;
                true
            }
            _ => false,
        }
    }

    /// Ends a session.
    pub(super) fn close(&self, digest: &[u8; 32]) {
        self.lock().remove(digest);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(used: Instant, now: Instant) -> bool {
    now.saturating_duration_since(used) < IDLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_while_it_is_used() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let id = sessions.open(start);
        let day = |days: u64| start + Duration::from_secs(days * 24 * 60 * 60);
        for (days, known) in [(29, true), (58, true), (88, false), (89, false)] {
            assert_eq!(sessions.knows(&id.digest(), day(days)), known, "{days}");
        }
        let other = sessions.open(day(88));
        sessions.close(&other.digest());
        assert!(!sessions.knows(&other.digest(), day(88)));
        assert!(sessions.lock().is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn of_too_many_sessions_the_one_unused_for_longest_ends() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let second = |at: usize| start + Duration::from_secs(at.try_into().unwrap());
        let ids: Vec<_> = (0..MOST).map(|at| sessions.open(second(at))).collect();
        assert!(sessions.knows(&ids[0].digest(), second(MOST)));
        let newest = sessions.open(second(MOST + 1));
        assert_eq!(sessions.lock().len(), MOST);
        for (id, known) in [
            (&ids[0], true),
            (&ids[1], false),
            (&ids[2], true),
            (&newest, true),
        ] {
            assert_eq!(sessions.knows(&id.digest(), second(MOST + 2)), known);
        }
    }
}
