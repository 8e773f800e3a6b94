use super::auth::Token;
use crate::exchange::Timestamp;
use crate::store::Session;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Sessions at one time; one more ends the one that was not used for longest.
const MOST: usize = 256;

/// The browsers that are signed in, each by the digest of a random identifier, with when it was last
/// used. The store keeps them over a restart.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    used: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl Sessions {
    /// Begins a session and gives its identifier.
    pub(super) fn open(&self, now: Timestamp) -> Token {
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
    pub(super) fn knows(&self, digest: &[u8; 32], now: Timestamp) -> bool {
        match self.lock().get_mut(digest) {
            Some(at) if is_alive(*at, now) => {
                *at = now;
                true
            }
            _ => false,
        }
    }

    /// Whether there is one, without using it: an answer that goes on by itself is nobody's use.
    pub(super) fn has(&self, digest: &[u8; 32], now: Timestamp) -> bool {
        self.lock().get(digest).is_some_and(|at| is_alive(*at, now))
    }

    /// Ends a session.
    pub(super) fn close(&self, digest: &[u8; 32]) {
        self.lock().remove(digest);
    }

    /// The sessions as they are now, for the store.
    pub(super) fn all(&self) -> Vec<Session> {
        let used = self.lock();
        let sessions = used.iter();
        sessions
            .map(|(&digest, &used)| Session { digest, used })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Timestamp>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromIterator<Session> for Sessions {
    fn from_iter<I: IntoIterator<Item = Session>>(kept: I) -> Self {
        let used = kept.into_iter().map(|kept| (kept.digest, kept.used));
        Self {
            used: Mutex::new(used.collect()),
        }
    }
}

fn is_alive(used: Timestamp, now: Timestamp) -> bool {
    used > now.saturating_sub(IDLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_while_it_is_used() {
        let sessions = Sessions::default();
        let start = Timestamp::now();
        let id = sessions.open(start);
        let day = |days: i64| Timestamp::from_micros(start.as_micros() + days * 86_400_000_000);
        for (days, known) in [(29, true), (58, true), (88, false), (89, false)] {
            assert_eq!(sessions.has(&id.digest(), day(days)), known, "{days}");
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
        let start = Timestamp::now();
        let second = |at: usize| {
            Timestamp::from_micros(start.as_micros() + i64::try_from(at).unwrap() * 1_000_000)
        };
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
