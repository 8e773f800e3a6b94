use super::auth::Caller;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room that callers share, of which none gets more than half.
#[derive(Debug)]
pub(super) struct Room {
    all: Arc<Semaphore>,
    size: usize,
    /// Those of callers that have something of it.
    shares: Mutex<HashMap<Who, Weak<Semaphore>>>,
}

/// A part of the room. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    all: OwnedSemaphorePermit,
    share: OwnedSemaphorePermit,
}

/// Whose share something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// With all sessions of theirs.
    Owner,
    /// Who has the token of this number.
    Token(i64),
}

impl From<Caller> for Who {
    fn from(caller: Caller) -> Self {
        if let Caller::Holder(grant) = caller {
            Self::Token(grant.token)
        } else {
            Self::Owner
        }
    }
}

impl Room {
    pub(super) fn new(size: usize) -> Self {
        let size = size.min(Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(size)),
            size,
            shares: Mutex::default(),
        }
    }

    /// So much of it, as soon as it is free; none when there never is.
    pub(super) async fn take(&self, who: Who, amount: usize) -> Option<Taken> {
        let amount = u32::try_from(amount).ok()?;
        let share = self.share(who).acquire_many_owned(amount).await.ok()?;
        let all = Arc::clone(&self.all)
            .acquire_many_owned(amount)
            .await
            .ok()?;
        Some(Taken { all, share })
    }

    /// One part of it, if one is free.
    pub(super) fn try_take(&self, who: Who) -> Option<Taken> {
        let share = self.share(who).try_acquire_owned().ok()?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Taken { all, share })
    }

    /// How much of it is taken.
    pub(super) fn taken(&self) -> usize {
        self.size.saturating_sub(self.all.available_permits())
    }

    fn share(&self, who: Who) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&who).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.size.div_ceil(2)));
        shares.insert(who, Arc::downgrade(&share));
        share
    }
}

impl Taken {
    /// Gives back what is more than this.
    pub(super) fn keep(&mut self, amount: usize) {
        let over = self.all.num_permits().saturating_sub(amount);
        drop((self.all.split(over), self.share.split(over)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_half() {
        let room = Room::new(4);
        let take = |who| room.try_take(who);
        let owner = [take(Who::Owner), take(Who::Owner)];
        assert!(owner.iter().all(Option::is_some));
        assert!(take(Who::Owner).is_none());
        let token = take(Who::Token(1));
        assert!(token.is_some() && take(Who::Token(2)).is_some());
        assert_eq!(room.taken(), 3);
        drop(owner);
        assert_eq!(room.taken(), 1);
        assert!(take(Who::Owner).is_some());
        assert_eq!(Room::new(1).size.div_ceil(2), 1);
    }

    #[tokio::test]
    async fn what_is_not_kept_is_free_again() {
        let room = Room::new(8);
        let mut taken = room.take(Who::Owner, 4).await.unwrap();
        taken.keep(1);
        assert_eq!(room.taken(), 1);
        let more = room.take(Who::Owner, 3).await.unwrap();
        assert_eq!(room.taken(), 4);
        drop((taken, more));
        assert_eq!(room.taken(), 0);
    }
}
