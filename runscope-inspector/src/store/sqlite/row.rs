//! The row of an exchange: its columns, written and read in one order.

use super::codec::{Codec, Packed};
use super::document::Document;
use crate::exchange::{Attributes, Exchange, Timestamp, outcome_named};
use crate::store::seam::uuid_of;
use crate::store::{BucketId, StoreError};
use runscope_core::Message;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// The columns that [`Stored::read`] reads.
pub(super) const COLUMNS: &str = "exchange.seq, exchange.bucket, exchange.arrived, exchange.time, exchange.status, \
     exchange.duration, exchange.request_size, exchange.response_size, exchange.method, exchange.host, exchange.path, \
     exchange.route, exchange.consumer, exchange.service, exchange.outcome";

/// An exchange without its message.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) sequence: i64,
    pub(super) bucket: BucketId,
    pub(super) arrived: Timestamp,
    pub(super) attributes: Attributes,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |at: usize| {
            let number: Option<i64> = row.get(at)?;
            Ok::<_, rusqlite::Error>(number.and_then(|number| u64::try_from(number).ok()))
        };
        let outcome: Option<String> = row.get(14)?;
        Ok(Self {
            sequence: row.get(0)?,
            bucket: BucketId(row.get(1)?),
            arrived: Timestamp::from_micros(row.get(2)?),
            attributes: Attributes {
                time: Timestamp::from_micros(row.get(3)?),
                status: row.get(4)?,
                duration: number(5)?.map(Duration::from_micros),
                request_size: number(6)?,
                response_size: number(7)?,
                method: row.get(8)?,
                host: row.get(9)?,
                path: row.get(10)?,
                route: row.get(11)?,
                consumer: row.get(12)?,
                service: row.get(13)?,
                outcome: outcome.as_deref().and_then(outcome_named),
            },
        })
    }

    /// The exchange at a place.
    pub(super) fn find(connection: &Connection, sequence: i64) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM exchange WHERE seq = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        Ok(statement.query_row([sequence], Self::read).optional()?)
    }

    /// With its message.
    pub(super) fn with(self, message: Message) -> Exchange {
        Exchange {
            sequence: self.sequence,
            uuid: uuid_of(self.sequence, self.arrived),
            attributes: self.attributes,
            message,
        }
    }
}

/// The parts of a message that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    Whole,
    Head,
    Bodies,
}

/// The packed message at a place; what is not read of it is empty.
pub(super) fn packed(
    connection: &Connection,
    sequence: i64,
    parts: Parts,
) -> Result<Packed, StoreError> {
    let sql = match parts {
        Parts::Whole => "SELECT head, request_body, response_body FROM message WHERE seq = ?1",
        Parts::Head => "SELECT head, NULL, NULL FROM message WHERE seq = ?1",
        Parts::Bodies => "SELECT x'', request_body, response_body FROM message WHERE seq = ?1",
    };
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([sequence], |row| {
        Ok(Packed {
            head: row.get(0)?,
            request_body: row.get(1)?,
            response_body: row.get(2)?,
        })
    })?)
}

/// The message at a place.
pub(super) fn message(
    connection: &Connection,
    codec: &Codec,
    sequence: i64,
    bodies: bool,
) -> Result<Message, StoreError> {
    let parts = if bodies { Parts::Whole } else { Parts::Head };
    codec.unpack(&packed(connection, sequence, parts)?)
}

/// Writes documents, with statements that are prepared once.
pub(super) struct Insert<'a> {
    exchange: CachedStatement<'a>,
    message: CachedStatement<'a>,
    words: CachedStatement<'a>,
}

impl<'a> Insert<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self {
            exchange: connection.prepare_cached(
                "INSERT INTO exchange VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
            )?,
            message: connection.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4)")?,
            words: connection.prepare_cached(
                "INSERT INTO words (rowid, head, request_body, response_body, terms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    /// Writes a document to a place that is free.
    pub(super) fn insert(&mut self, sequence: i64, document: &Document) -> Result<(), StoreError> {
        let Document {
            bucket,
            arrived,
            identity,
            attributes,
            packed,
            text,
            ..
        } = document;
        let micros = attributes.duration.map(|duration| duration.as_micros());
        self.exchange.execute(params![
            sequence,
            bucket.0,
            arrived.as_micros(),
            attributes.time.as_micros(),
            attributes.status,
            micros.map(|micros| i64::try_from(micros).unwrap_or(i64::MAX)),
            attributes
                .request_size
                .map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
            attributes
                .response_size
                .map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
            attributes.method,
            attributes.host,
            attributes.path,
            attributes.route,
            attributes.consumer,
            attributes.service,
            attributes.outcome,
            identity,
        ])?;
        self.message.execute(params![
            sequence,
            packed.head,
            packed.request_body,
            packed.response_body
        ])?;
        self.words.execute(params![
            sequence,
            text.head,
            text.request_body,
            text.response_body,
            text.terms
        ])?;
        Ok(())
    }
}

/// Removes what is at a place.
pub(super) fn delete(connection: &Connection, sequence: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM exchange WHERE seq = ?1",
        "DELETE FROM message WHERE seq = ?1",
        "DELETE FROM words WHERE rowid = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([sequence])?;
    }
    Ok(())
}
