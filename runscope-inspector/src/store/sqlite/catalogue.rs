use super::Settings;
use super::schema;
use crate::exchange::Timestamp;
use crate::store::{
    Bucket, BucketId, Grant, NewBucket, NewToken, NewView, SavedView, Scope, Session, Share,
    StoreError, TokenInfo,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use uuid::Uuid;

/// Buckets and what belongs to them; small, so one connection serves all.
#[derive(Debug)]
pub(super) struct Catalogue {
    connection: Mutex<Connection>,
    /// The buckets that exist, each with the place up to which it is cleared.
    floors: RwLock<HashMap<BucketId, i64>>,
}

impl Catalogue {
    pub(super) fn open(settings: &Settings) -> Result<Self, StoreError> {
        let path = settings.directory.join("catalogue.db");
        let connection = schema::open(&path, schema::CATALOGUE, settings, true)?;
        let catalogue = Self {
            connection: Mutex::new(connection),
            floors: RwLock::default(),
        };
        if catalogue.buckets()?.is_empty() {
            let bucket = NewBucket {
                name: "Default".to_owned(),
                team: "default".to_owned(),
            };
            catalogue.insert_bucket("default", &bucket, true)?;
        }
        let floors = catalogue
            .lock()
            .prepare("SELECT id, floor FROM bucket")?
            .query_map([], |row| Ok((BucketId(row.get(0)?), row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        *catalogue
            .floors
            .write()
            .unwrap_or_else(PoisonError::into_inner) = floors;
        Ok(catalogue)
    }

    /// The place up to which a bucket is cleared; `None` where there is no such bucket.
    pub(super) fn floor(&self, bucket: BucketId) -> Option<i64> {
        self.floors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&bucket)
            .copied()
    }

    /// The highest place up to which any bucket is cleared.
    pub(super) fn highest_floor(&self) -> i64 {
        let floors = self.floors.read().unwrap_or_else(PoisonError::into_inner);
        floors.values().copied().max().unwrap_or(0)
    }

    /// How many buckets there are.
    pub(super) fn bucket_count(&self) -> usize {
        self.floors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    pub(super) fn buckets(&self) -> Result<Vec<Bucket>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT * FROM bucket ORDER BY id")?;
        let buckets = statement
            .query_map([], read_bucket)?
            .collect::<Result<_, _>>()?;
        Ok(buckets)
    }

    pub(super) fn bucket(&self, key: &str) -> Result<Option<Bucket>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT * FROM bucket WHERE key = ?1")?;
        Ok(statement.query_row([key], read_bucket).optional()?)
    }

    pub(super) fn create_bucket(&self, bucket: &NewBucket) -> Result<Bucket, StoreError> {
        let key = Uuid::new_v4().simple().to_string();
        self.insert_bucket(key.get(..12).unwrap_or(&key), bucket, false)
    }

    /// Hides what a bucket has up to a place, and notes that it is to be purged.
    pub(super) fn clear(&self, bucket: BucketId, through: i64) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "UPDATE bucket SET floor = ?2 WHERE id = ?1",
            params![bucket.0, through],
        )?;
        transaction.execute("DELETE FROM share WHERE bucket = ?1", [bucket.0])?;
        note_purge(&transaction, bucket, through)?;
        transaction.commit()?;
        let mut floors = self.floors.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(floor) = floors.get_mut(&bucket) {
            *floor = through;
        }
        Ok(())
    }

    /// Deletes a bucket, and notes that its exchanges up to a place are to be purged.
    pub(super) fn delete_bucket(&self, bucket: BucketId, through: i64) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for sql in [
            "DELETE FROM bucket WHERE id = ?1",
            "DELETE FROM token WHERE bucket = ?1",
            "DELETE FROM share WHERE bucket = ?1",
            "DELETE FROM view WHERE bucket = ?1",
        ] {
            transaction.execute(sql, [bucket.0])?;
        }
        note_purge(&transaction, bucket, through)?;
        transaction.commit()?;
        self.floors
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&bucket);
        Ok(())
    }

    /// The buckets to be purged, each with the place up to which.
    pub(super) fn purges(&self) -> Result<Vec<(BucketId, i64)>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT bucket, through FROM purge")?;
        let purges = statement.query_map([], |row| Ok((BucketId(row.get(0)?), row.get(1)?)))?;
        Ok(purges.collect::<Result<_, _>>()?)
    }

    /// Forgets a purge that is done, unless it was extended meanwhile.
    pub(super) fn purged(&self, bucket: BucketId, through: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM purge WHERE bucket = ?1 AND through = ?2";
        self.lock().execute(sql, params![bucket.0, through])?;
        Ok(())
    }

    pub(super) fn add_token(
        &self,
        bucket: BucketId,
        token: &NewToken,
    ) -> Result<TokenInfo, StoreError> {
        let NewToken {
            scope,
            digest,
            name,
        } = token;
        let created = Timestamp::now();
        let scope_number = i64::from(*scope == Scope::Write);
        let connection = self.lock();
        connection.execute(
            "INSERT INTO token (bucket, scope, digest, created, name) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![bucket.0, scope_number, digest, created.as_micros(), name],
        )?;
        Ok(TokenInfo {
            id: connection.last_insert_rowid(),
            scope: *scope,
            name: name.clone(),
            created,
        })
    }

    pub(super) fn tokens(&self, bucket: BucketId) -> Result<Vec<TokenInfo>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT id, scope, created, name FROM token WHERE bucket = ?1 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        let tokens = statement.query_map([bucket.0], |row| {
            let created = Timestamp::from_micros(row.get(2)?);
            Ok(TokenInfo {
                id: row.get(0)?,
                scope: read_scope(row, 1)?,
                name: row.get(3)?,
                created,
            })
        })?;
        Ok(tokens.collect::<Result<_, _>>()?)
    }

    pub(super) fn remove_token(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM token WHERE bucket = ?1 AND id = ?2";
        Ok(self.lock().execute(sql, params![bucket.0, id])? > 0)
    }

    pub(super) fn grant(&self, digest: &[u8; 32]) -> Result<Option<Grant>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT bucket, scope, id FROM token WHERE digest = ?1")?;
        let grant = statement.query_row([digest], |row| {
            Ok(Grant {
                token: row.get(2)?,
                bucket: BucketId(row.get(0)?),
                scope: read_scope(row, 1)?,
            })
        });
        Ok(grant.optional()?)
    }

    pub(super) fn share(&self, bucket: BucketId, uuid: Uuid) -> Result<Share, StoreError> {
        let connection = self.lock();
        connection.execute(
            "INSERT INTO share (name, bucket, uuid, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (bucket, uuid) DO NOTHING",
            params![Uuid::new_v4().simple().to_string(), bucket.0, uuid.as_bytes(), Timestamp::now().as_micros()],
        )?;
        let sql = "SELECT name, bucket, uuid, created FROM share WHERE bucket = ?1 AND uuid = ?2";
        Ok(connection.query_row(sql, params![bucket.0, uuid.as_bytes()], read_share)?)
    }

    pub(super) fn unshare(&self, bucket: BucketId, uuid: Uuid) -> Result<bool, StoreError> {
        let sql = "DELETE FROM share WHERE bucket = ?1 AND uuid = ?2";
        Ok(self
            .lock()
            .execute(sql, params![bucket.0, uuid.as_bytes()])?
            > 0)
    }

    pub(super) fn shares(&self, bucket: BucketId) -> Result<Vec<Share>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT name, bucket, uuid, created FROM share WHERE bucket = ?1 ORDER BY created DESC, name";
        let mut statement = connection.prepare_cached(sql)?;
        let shares = statement
            .query_map([bucket.0], read_share)?
            .collect::<Result<_, _>>()?;
        Ok(shares)
    }

    pub(super) fn shared(&self, name: &str) -> Result<Option<Share>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT name, bucket, uuid, created FROM share WHERE name = ?1";
        Ok(connection.query_row(sql, [name], read_share).optional()?)
    }

    pub(super) fn add_view(
        &self,
        bucket: BucketId,
        view: &NewView,
    ) -> Result<SavedView, StoreError> {
        let created = Timestamp::now();
        let NewView { name, filter } = view.clone();
        let connection = self.lock();
        connection.execute(
            "INSERT INTO view (bucket, name, filter, created) VALUES (?1, ?2, ?3, ?4)",
            params![bucket.0, name, filter, created.as_micros()],
        )?;
        Ok(SavedView {
            id: connection.last_insert_rowid(),
            name,
            filter,
            created,
        })
    }

    pub(super) fn views(&self, bucket: BucketId) -> Result<Vec<SavedView>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT id, name, filter, created FROM view WHERE bucket = ?1 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        let views = statement.query_map([bucket.0], |row| {
            Ok(SavedView {
                id: row.get(0)?,
                name: row.get(1)?,
                filter: row.get(2)?,
                created: Timestamp::from_micros(row.get(3)?),
            })
        })?;
        Ok(views.collect::<Result<_, _>>()?)
    }

    pub(super) fn change_view(
        &self,
        bucket: BucketId,
        id: i64,
        view: &NewView,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE view SET name = ?3, filter = ?4 WHERE bucket = ?1 AND id = ?2";
        let values = params![bucket.0, id, view.name, view.filter];
        Ok(self.lock().execute(sql, values)? > 0)
    }

    pub(super) fn remove_view(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM view WHERE bucket = ?1 AND id = ?2";
        Ok(self.lock().execute(sql, params![bucket.0, id])? > 0)
    }

    pub(super) fn sessions(&self, owner: &[u8; 32]) -> Result<Vec<Session>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT digest, used FROM session WHERE owner = ?1")?;
        let sessions = statement.query_map([owner], |row| {
            Ok(Session {
                digest: row.get(0)?,
                used: Timestamp::from_micros(row.get(1)?),
            })
        })?;
        Ok(sessions.collect::<Result<_, _>>()?)
    }

    pub(super) fn keep_sessions(
        &self,
        owner: &[u8; 32],
        sessions: &[Session],
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM session", [])?;
        for Session { digest, used } in sessions {
            transaction.execute(
                "INSERT INTO session (digest, owner, used) VALUES (?1, ?2, ?3)",
                params![digest, owner, used.as_micros()],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// The compression dictionaries, the newest last.
    pub(super) fn dictionaries(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT bytes FROM dictionary ORDER BY id")?;
        let dictionaries = statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(dictionaries)
    }

    /// Keeps a dictionary that was learnt when a place was the newest.
    pub(super) fn add_dictionary(&self, bytes: &[u8], since: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO dictionary (bytes, created, since) VALUES (?1, ?2, ?3)";
        let values = params![bytes, Timestamp::now().as_micros(), since];
        self.lock().execute(sql, values)?;
        Ok(())
    }

    /// Forgets the dictionaries that nothing from a place on is packed with, and returns them. What was
    /// on its way to the writer when a dictionary was learnt is packed with the one before, so one
    /// more is kept than is in use.
    pub(super) fn forget_dictionaries(&self, oldest: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "DELETE FROM dictionary WHERE (SELECT count(*) FROM dictionary AS later \
             WHERE later.id > dictionary.id AND later.since < ?1) >= 2 RETURNING bytes",
        )?;
        let forgotten = statement
            .query_map([oldest], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(forgotten)
    }

    fn insert_bucket(
        &self,
        key: &str,
        bucket: &NewBucket,
        default: bool,
    ) -> Result<Bucket, StoreError> {
        let created = Timestamp::now();
        let connection = self.lock();
        connection.execute(
            "INSERT INTO bucket (key, name, team, is_default, created) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key, bucket.name, bucket.team, default, created.as_micros()],
        )?;
        let id = BucketId(connection.last_insert_rowid());
        self.floors
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, 0);
        let NewBucket { name, team } = bucket.clone();
        Ok(Bucket {
            id,
            key: key.to_owned(),
            name,
            team,
            default,
            created,
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn note_purge(connection: &Connection, bucket: BucketId, through: i64) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO purge VALUES (?1, ?2) ON CONFLICT DO UPDATE SET through = excluded.through";
    connection.execute(sql, params![bucket.0, through])?;
    Ok(())
}

fn read_bucket(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket {
        id: BucketId(row.get("id")?),
        key: row.get("key")?,
        name: row.get("name")?,
        team: row.get("team")?,
        default: row.get("is_default")?,
        created: Timestamp::from_micros(row.get("created")?),
    })
}

fn read_scope(row: &Row<'_>, at: usize) -> rusqlite::Result<Scope> {
    let write: bool = row.get(at)?;
    Ok(if write { Scope::Write } else { Scope::Read })
}

fn read_share(row: &Row<'_>) -> rusqlite::Result<Share> {
    let uuid: [u8; 16] = row.get(2)?;
    Ok(Share {
        name: row.get(0)?,
        bucket: BucketId(row.get(1)?),
        uuid: Uuid::from_bytes(uuid),
        created: Timestamp::from_micros(row.get(3)?),
    })
}
