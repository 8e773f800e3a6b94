use super::counts::Counts;
use super::database::Shared;
use super::document::Document;
use super::partition::Partition;
use super::recent;
use super::row::{self, Insert, Stored};
use super::schema;
use crate::exchange::Timestamp;
use crate::store::StoreError;
use crate::store::seam::{Appended, Kept, sequence_of, uuid_of};
use runscope_core::Message;
use rusqlite::Connection;
use std::sync::Arc;
use uuid::Uuid;

/// One transaction of the writer: puts documents at the places from `next` on.
pub(super) struct Batch<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
    insert: Insert<'a>,
    next: i64,
    counts: Counts,
    joined: Vec<i64>,
    messages: Vec<recent::Kept>,
}

/// What a batch did, once it is committed.
pub(super) struct Written {
    pub(super) next: i64,
    pub(super) joined: Vec<i64>,
    /// Those of the places up to `next`.
    pub(super) messages: Vec<recent::Kept>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        connection: &'a Connection,
        next: i64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            shared,
            connection,
            insert: Insert::new(connection)?,
            next,
            counts: Counts::default(),
            joined: Vec::new(),
            messages: Vec::new(),
        })
    }

    /// Stores a document, unless its identifier is known.
    pub(super) fn put(&mut self, document: &Document) -> Result<Appended, StoreError> {
        if self.shared.catalogue.floor(document.bucket).is_none() {
            return Err(StoreError::no_bucket());
        }
        if let Some(original) = self.original(document)? {
            return Ok(original);
        }
        if let Some(known) = self.known(document)? {
            return self.join(known, document);
        }
        self.put_new(document)
    }

    fn put_new(&mut self, document: &Document) -> Result<Appended, StoreError> {
        let sequence = self.next;
        self.insert.insert(sequence, document)?;
        self.counts
            .add(document.bucket, &document.attributes, sequence, 1);
        self.next += 1;
        self.messages.push(document.into());
        Ok(Appended::new(sequence, document.arrived, Kept::New))
    }

    /// Sees to it that a half is in nobody's memory once the whole is committed.
    fn supersede(&mut self, sequence: i64, whole: &Document) {
        self.shared.recent.forget(sequence);
        let mut own = (sequence..self.next)
            .rev()
            .zip(self.messages.iter_mut().rev());
        if let Some((_, half)) = own.find(|(place, _)| *place == sequence) {
            *half = whole.into();
        }
    }

    /// Writes the counts; the caller commits.
    pub(super) fn finish(self) -> Result<Written, StoreError> {
        self.counts.write(self.connection)?;
        Ok(Written {
            next: self.next,
            joined: self.joined,
            messages: self.messages,
        })
    }

    /// The exchange that the document was exported from, if its bucket still has it. Its identifier says
    /// where that is.
    fn original(&self, document: &Document) -> Result<Option<Appended>, StoreError> {
        let uuid = document.message.uuid.as_deref().map(Uuid::try_parse);
        let Some(Ok(uuid)) = uuid else {
            return Ok(None);
        };
        let sequence = sequence_of(uuid);
        let floor = self.shared.catalogue.floor(document.bucket);
        let Some(partition) = self.shared.partitions.holding(sequence) else {
            return Ok(None);
        };
        let stored = partition.read(|connection| Stored::find(connection, sequence))?;
        let is_it = |stored: &Stored| {
            stored.bucket == document.bucket
                && floor.is_some_and(|floor| sequence > floor)
                && uuid_of(stored.sequence, stored.arrived) == uuid
        };
        let stored = stored.flatten().filter(is_it);
        Ok(stored.map(|stored| Appended::new(stored.sequence, stored.arrived, Kept::Known)))
    }

    /// The exchange that has the document's identifier already: in this partition by its index, in
    /// a sealed one only where its filter does not rule it out.
    fn known(&self, document: &Document) -> Result<Option<Known>, StoreError> {
        let Some(identity) = document.identity else {
            return Ok(None);
        };
        let find = |connection: &Connection| find(self.shared, connection, identity, document);
        if let Some((stored, message)) = find(self.connection)? {
            return Ok(Some(Known {
                partition: None,
                stored,
                message,
            }));
        }
        for (partition, _) in self.shared.partitions.sealed().into_iter().rev() {
            if !partition.may_have(identity) {
                continue;
            }
            if let Some((stored, message)) = partition.read(find)?.flatten() {
                return Ok(Some(Known {
                    partition: Some(partition),
                    stored,
                    message,
                }));
            }
        }
        Ok(None)
    }

    /// Makes one exchange of two halves; anything else that is known stays as it is.
    fn join(&mut self, known: Known, document: &Document) -> Result<Appended, StoreError> {
        let Known {
            partition,
            stored,
            message,
        } = known;
        let Some(whole) = joined(message, &document.message) else {
            return Ok(Appended::new(stored.sequence, stored.arrived, Kept::Known));
        };
        // Retention may have deleted it just now: then there is nothing left to be joined to.
        let is_gone = |partition: &Arc<Partition>| !partition.path().exists();
        if partition.as_ref().is_some_and(is_gone) {
            let whole = Document::new(stored.bucket, whole, document.arrived, &self.shared.codec)?;
            return self.put_new(&whole);
        }
        let whole = Document::new(stored.bucket, whole, stored.arrived, &self.shared.codec)?;
        self.supersede(stored.sequence, &whole);
        match partition {
            None => replace(self.connection, &mut self.counts, &stored, &whole)?,
            Some(partition) => {
                let settings = &self.shared.settings;
                let mut connection =
                    schema::open(partition.path(), schema::PARTITION, settings, false)?;
                let transaction = connection.transaction()?;
                let mut counts = Counts::default();
                replace(&transaction, &mut counts, &stored, &whole)?;
                counts.write(&transaction)?;
                transaction.commit()?;
            }
        }
        self.joined.push(stored.sequence);
        Ok(Appended::new(stored.sequence, stored.arrived, Kept::Joined))
    }
}

impl From<&Document> for recent::Kept {
    fn from(document: &Document) -> Self {
        Self {
            message: Arc::clone(&document.message),
            weight: document.weight,
        }
    }
}

struct Known {
    /// The sealed partition it is in; `None` is the one that is written.
    partition: Option<Arc<Partition>>,
    stored: Stored,
    message: Message,
}

/// Two identifiers can share a hash, and cleared exchanges are known no more.
fn find(
    shared: &Shared,
    connection: &Connection,
    identity: i64,
    document: &Document,
) -> Result<Option<(Stored, Message)>, StoreError> {
    let floor = shared.catalogue.floor(document.bucket).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached("SELECT seq FROM exchange WHERE identity = ?1 AND seq > ?2")?;
    let sequences: Vec<i64> = statement
        .query_map([identity, floor], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for sequence in sequences {
        let Some(stored) = Stored::find(connection, sequence)? else {
            continue;
        };
        let message = shared.message(connection, sequence, true)?;
        if stored.bucket == document.bucket
            && message.unique_identifier == document.message.unique_identifier
            && message.uuid == document.message.uuid
        {
            return Ok(Some((stored, message)));
        }
    }
    Ok(None)
}

/// The known message with the half it lacks, or `None` where the new one brings none. Of two
/// contexts the later is kept: it knows how the exchange ended.
fn joined(known: Message, new: &Message) -> Option<Message> {
    let brings_request = known.request.is_none() && new.request.is_some();
    let brings_response = known.response.is_none() && new.response.is_some();
    if !brings_request && !brings_response {
        return None;
    }
    let mut whole = known;
    whole.request = whole.request.or_else(|| new.request.clone());
    whole.response = whole.response.or_else(|| new.response.clone());
    whole.context = new.context.clone().or(whole.context);
    Some(whole)
}

fn replace(
    connection: &Connection,
    counts: &mut Counts,
    stored: &Stored,
    whole: &Document,
) -> Result<(), StoreError> {
    row::delete(connection, stored.sequence)?;
    Insert::new(connection)?.insert(stored.sequence, whole)?;
    counts.add(stored.bucket, &stored.attributes, stored.sequence, -1);
    counts.add(stored.bucket, &whole.attributes, stored.sequence, 1);
    Ok(())
}

/// When the first exchange of a partition arrived.
pub(super) fn first_arrival(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT (SELECT arrived FROM exchange ORDER BY seq LIMIT 1)";
    let arrived: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(arrived.map(Timestamp::from_micros))
}
