//! Buckets and what belongs to them: views, shares, sessions.

use crate::{default_bucket, ids, message, open, scan, search};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::store::{
    Count, Kept, NewBucket, NewToken, NewView, Scope, Session, Settings, Sqlite, Store,
};
use std::time::Duration;

#[test]
fn a_cleared_bucket_is_empty_and_others_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let other = store
        .create_bucket(&NewBucket {
            name: "other".into(),
            team: "t".into(),
        })
        .unwrap();
    let uuid = store
        .append(bucket.id, vec![message("a"), message("b")])
        .unwrap()[0]
        .uuid;
    store.append(other.id, vec![message("c")]).unwrap();
    assert!(store.share(bucket.id, uuid).unwrap().is_some());
    store.clear(bucket.id).unwrap();
    assert_eq!(
        store.search(&search(&bucket, "")).unwrap().count,
        Count::Exactly(0)
    );
    assert_eq!(
        store.search(&search(&bucket, "green")).unwrap().count,
        Count::Exactly(0)
    );
    assert_eq!(store.exchange(bucket.id, uuid).unwrap(), None);
    assert_eq!(
        store
            .histogram(&scan(&bucket, ""), Duration::from_secs(60))
            .unwrap()
            .bars,
        []
    );
    assert_eq!(store.shares(bucket.id).unwrap(), []);
    assert_eq!(store.arrived_after(bucket.id, 0, 10).unwrap(), []);
    assert_eq!(ids(&store.search(&search(&other, "green")).unwrap()), ["c"]);
    assert_eq!(
        store.append(bucket.id, vec![message("a")]).unwrap()[0].kept,
        Kept::New
    );
    assert_eq!(ids(&store.search(&search(&bucket, "")).unwrap()), ["a"]);
}

#[test]
fn a_deleted_bucket_takes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let other = store
        .create_bucket(&NewBucket {
            name: "other".into(),
            team: String::new(),
        })
        .unwrap();
    let digest = [7; 32];
    let token = NewToken::new(Scope::Write, digest);
    store.add_token(other.id, &token).unwrap();
    assert_eq!(
        store.grant(&digest).unwrap().map(|grant| grant.scope),
        Some(Scope::Write)
    );
    store.append(other.id, vec![message("a")]).unwrap();
    store.delete_bucket(other.id).unwrap();
    assert_eq!(store.bucket(&other.key).unwrap(), None);
    assert_eq!(store.grant(&digest).unwrap(), None);
    assert!(
        store
            .append(other.id, vec![message("b")])
            .unwrap_err()
            .is_no_bucket()
    );
    assert!(
        store
            .search(&search(&other, ""))
            .unwrap_err()
            .is_no_bucket()
    );
}

#[test]
fn a_view_belongs_to_its_bucket_and_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let view = |name: &str| NewView {
        name: name.to_owned(),
        filter: "status:500".to_owned(),
    };
    let (id, other) = {
        let store = open(directory.path());
        let bucket = default_bucket(&store);
        let other = store
            .create_bucket(&NewBucket {
                name: "o".into(),
                team: String::new(),
            })
            .unwrap();
        store.add_view(other.id, &view("theirs")).unwrap();
        (store.add_view(bucket.id, &view("ours")).unwrap().id, other)
    };
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    assert_eq!(store.views(bucket.id).unwrap()[0].name, "ours");
    assert!(!store.change_view(other.id, id, &view("stolen")).unwrap());
    assert!(!store.remove_view(other.id, id).unwrap());
    assert!(store.change_view(bucket.id, id, &view("renamed")).unwrap());
    assert_eq!(store.views(bucket.id).unwrap()[0].name, "renamed");
    store.delete_bucket(other.id).unwrap();
    assert_eq!(store.views(other.id).unwrap(), []);
    assert!(store.remove_view(bucket.id, id).unwrap());
    assert_eq!(store.views(bucket.id).unwrap(), []);
}

#[test]
fn a_share_has_one_name_until_it_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let bucket = default_bucket(&store);
    let uuid = store.append(bucket.id, vec![message("a")]).unwrap()[0].uuid;
    let share = store.share(bucket.id, uuid).unwrap().unwrap();
    assert_eq!(store.share(bucket.id, uuid).unwrap().unwrap(), share);
    assert_eq!(store.shared(&share.name).unwrap(), Some(share.clone()));
    assert_eq!(
        store.shares(bucket.id).unwrap(),
        std::slice::from_ref(&share)
    );
    assert!(store.unshare(bucket.id, uuid).unwrap());
    assert!(!store.unshare(bucket.id, uuid).unwrap());
    assert_eq!(store.shared(&share.name).unwrap(), None);
    assert_eq!(
        store.share(bucket.id, uuid::Uuid::from_u128(5)).unwrap(),
        None
    );
}

#[test]
fn sessions_are_kept_over_a_restart_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let session = |byte: u8| Session {
        digest: [byte; 32],
        used: Timestamp::from_micros(i64::from(byte)),
    };
    let (owner, another) = ([1; 32], [2; 32]);
    let store = Sqlite::open(Settings::new(directory.path())).unwrap();
    store
        .keep_sessions(&owner, &[session(3), session(4)])
        .unwrap();
    store.keep_sessions(&owner, &[session(4)]).unwrap();
    drop(store);
    let store = Sqlite::open(Settings::new(directory.path())).unwrap();
    assert_eq!(store.sessions(&owner).unwrap(), [session(4)]);
    assert!(store.sessions(&another).unwrap().is_empty());
}
