use super::auth::{Caller, Token};
use super::error::ApiError;
use super::sessions::Sessions;
use super::state::AppState;
use crate::exchange::Timestamp;
use crate::store::{BucketId, Session, Store};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Who is let in for a while, and the news that somebody is not any more.
#[derive(Debug)]
pub(super) struct Access {
    sessions: Sessions,
    /// One at a time brings the sessions to the store, so that the newest state is the last.
    keeping: Mutex<()>,
    taken: watch::Sender<()>,
}

impl Access {
    pub(super) fn new(sessions: Vec<Session>) -> Self {
        Self {
            sessions: sessions.into_iter().collect(),
            keeping: Mutex::default(),
            taken: watch::Sender::new(()),
        }
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Changes when a token, a session or a bucket has gone. What lasts longer than a request looks
    /// again then, and once at first: what its request found may be over already.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        let mut changes = self.taken.subscribe();
        changes.mark_changed();
        changes
    }

    fn tell(&self) {
        self.taken.send_replace(());
    }
}

impl AppState {
    /// Begins a session; the one that was unused for longest may make room for it.
    pub(super) async fn open_session(&self) -> Token {
        let id = self.access().sessions.open(Timestamp::now());
        self.access().tell();
        self.keep_sessions().await;
        id
    }

    /// Ends the sessions with identifiers of these digests.
    pub(super) async fn close_sessions(&self, digests: Vec<[u8; 32]>) {
        for digest in digests {
            self.access().sessions.close(&digest);
        }
        self.access().tell();
        self.keep_sessions().await;
    }

    /// Takes a token away; whether there was one.
    pub(crate) async fn remove_token(&self, bucket: BucketId, id: i64) -> Result<bool, ApiError> {
        let state = self.clone();
        // It is told where it is done: who asked may have left by then.
        self.blocking(move |store| {
            let removed = store.remove_token(bucket, id)?;
            state.access().tell();
            Ok(removed)
        })
        .await
    }

    /// Deletes a bucket with all that is in it.
    pub(crate) async fn delete_bucket(&self, bucket: BucketId) -> Result<(), ApiError> {
        let state = self.clone();
        self.blocking(move |store| {
            store.delete_bucket(bucket)?;
            state.access().tell();
            Ok(())
        })
        .await
    }

    /// Whether what a caller was let in with is still there; who can't tell lets nobody in.
    pub(super) async fn still_lets_in(&self, caller: Caller) -> bool {
        match caller {
            Caller::Owner | Caller::Scraper => true,
            Caller::Session(id) => self.access().sessions.has(&id, Timestamp::now()),
            Caller::Holder(grant) => {
                let tokens = self.blocking(move |store| store.tokens(grant.bucket)).await;
                tokens.is_ok_and(|tokens| tokens.iter().any(|token| token.id == grant.token))
            }
        }
    }

    /// Whether a bucket is still there.
    pub(super) async fn has_bucket(&self, bucket: BucketId) -> bool {
        let buckets = self.blocking(<dyn Store>::buckets).await;
        buckets.is_ok_and(|buckets| buckets.iter().any(|known| known.id == bucket))
    }

    /// Brings the sessions to the store, so that a restart does not end them. Where that fails, one may
    /// have to sign in again.
    async fn keep_sessions(&self) {
        let state = self.clone();
        let kept = self.blocking(move |store| {
            let access = state.access();
            let _turn = access
                .keeping
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            store.keep_sessions(&state.config().owner.digest(), &access.sessions.all())
        });
        if let Err(error) = kept.await {
            tracing::warn!(error = error.message(), "the sessions could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::tail::follow;
    use super::*;
    use crate::query::Expr;
    use crate::store::{Settings, Sqlite};
    use http_body_util::BodyExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_tail_ends_when_its_session_has_expired() {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(Settings::new(directory.path())).unwrap());
        let owner = Token::random();
        let day =
            |ago: i64| Timestamp::from_micros(Timestamp::now().as_micros() - ago * 86_400_000_000);
        let sessions = [([1; 32], 31), ([2; 32], 29)].map(|(digest, ago)| Session {
            digest,
            used: day(ago),
        });
        store.keep_sessions(&owner.digest(), &sessions).unwrap();
        let bucket = store.bucket("default").unwrap().unwrap().id;
        let state = AppState::new(Config::new(owner), store);
        let follow = |session| {
            let write = Box::new(|_: &_| None);
            let caller = Caller::Session(session);
            follow(state.clone(), caller, bucket, Expr::All, None, write).unwrap()
        };
        let expired = follow([1; 32]).into_body().collect();
        assert!(expired.await.unwrap().to_bytes().is_empty());
        let alive = follow([2; 32]).into_body();
        state.close();
        let alive = alive.collect().await.unwrap().to_bytes();
        assert!(alive.starts_with(b"event: ready"), "{alive:?}");
    }
}
