//! Rules, channels, alerts and the outbox, in the catalogue.

use super::database::Sqlite;
use crate::exchange::Timestamp;
use crate::store::{
    AlertCommit, AlertDocument, AlertStore, AlertsWanted, KeptAlert, KeptNotice, NewNotice,
    NoticeState, NoticesWanted, SettledNotice, StoreError,
};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Alerts that ended, and notices that are settled, beyond this many are forgotten.
const MOST_KEPT: i64 = 10_000;

/// How long a notice that was taken belongs to who took it.
const CLAIM: i64 = 120_000_000;

const NOTICE: &str = "id, channel, rule, created, due, attempts, state, answer, answered, document FROM alert_notice";

impl AlertStore for Sqlite {
    fn alert_documents(&self, kind: AlertDocument) -> Result<Vec<(String, String)>, StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql = format!("SELECT id, document FROM {} ORDER BY id", table(kind));
        let mut statement = connection.prepare_cached(&sql)?;
        let documents = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(documents.collect::<Result<_, _>>()?)
    }

    fn change_alert_documents(
        &self,
        kind: AlertDocument,
        kept: &[(String, String)],
        removed: &[String],
    ) -> Result<(), StoreError> {
        let mut connection = self.shared.catalogue.lock();
        let transaction = connection.transaction()?;
        keep_documents(&transaction, kind, kept)?;
        let sql = format!("DELETE FROM {} WHERE id = ?1", table(kind));
        for id in removed {
            transaction.execute(&sql, [id])?;
        }
        Ok(transaction.commit()?)
    }

    fn alerts_through(&self) -> Result<Option<i64>, StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql = "SELECT max(through) FROM alert_cursor";
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    }

    fn commit_alerts(&self, commit: &AlertCommit) -> Result<(), StoreError> {
        let mut connection = self.shared.catalogue.lock();
        let transaction = connection.transaction()?;
        keep_documents(&transaction, AlertDocument::State, &commit.states)?;
        for rule in &commit.removed {
            transaction.execute("DELETE FROM alert_state WHERE id = ?1", [rule])?;
        }
        transaction.execute("DELETE FROM alert_cursor", [])?;
        let sql = "INSERT INTO alert_cursor (through) VALUES (?1)";
        transaction.execute(sql, [commit.through])?;
        for alert in &commit.alerts {
            keep_alert(&transaction, alert)?;
        }
        for notice in &commit.notices {
            add_notice(&transaction, notice, commit.merge)?;
        }
        if !commit.alerts.is_empty() {
            forget(&transaction)?;
        }
        Ok(transaction.commit()?)
    }

    fn alerts(&self, wanted: &AlertsWanted) -> Result<Vec<String>, StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql = "SELECT document FROM alert
            WHERE (?1 IS NULL OR rule = ?1) AND (?2 IS NULL OR firing = ?2) AND (?3 IS NULL OR fired < ?3)
                AND (?4 IS NULL OR id = ?4)
            ORDER BY fired DESC, id LIMIT ?5";
        let mut statement = connection.prepare_cached(sql)?;
        let alerts = statement.query_map(
            params![
                wanted.rule,
                wanted.firing,
                wanted.before.map(Timestamp::as_micros),
                wanted.id,
                most(wanted.limit)
            ],
            |row| row.get(0),
        )?;
        Ok(alerts.collect::<Result<_, _>>()?)
    }

    fn notices(&self, wanted: &NoticesWanted) -> Result<Vec<KeptNotice>, StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql = format!(
            "SELECT {NOTICE} WHERE (?1 IS NULL OR rule = ?1) AND (?2 IS NULL OR channel = ?2)
                AND (?3 IS NULL OR created < ?3) ORDER BY created DESC, id LIMIT ?4"
        );
        let before = wanted.before.map(Timestamp::as_micros);
        let values = params![wanted.rule, wanted.channel, before, most(wanted.limit)];
        read_notices(&connection, &sql, values)
    }

    fn claim_notices(
        &self,
        now: Timestamp,
        busy: &[String],
        most: usize,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        let mut connection = self.shared.catalogue.lock();
        let transaction = connection.transaction()?;
        let sql = format!(
            "SELECT {NOTICE} WHERE state = 0 AND due <= ?1 ORDER BY due, created, id LIMIT 1000"
        );
        let due = read_notices(&transaction, &sql, params![now.as_micros()])?;
        let mut claimed: Vec<KeptNotice> = Vec::new();
        for mut notice in due {
            // One at a time to each channel, so that what came first is told first.
            let waits = claimed.iter().any(|other| other.channel == notice.channel);
            if claimed.len() >= most || waits || busy.contains(&notice.channel) {
                continue;
            }
            let sql = "UPDATE alert_notice SET attempts = attempts + 1, due = ?2 WHERE id = ?1";
            transaction.execute(
                sql,
                params![notice.id, now.as_micros().saturating_add(CLAIM)],
            )?;
            notice.attempts = notice.attempts.saturating_add(1);
            claimed.push(notice);
        }
        transaction.commit()?;
        Ok(claimed)
    }

    fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql = "SELECT min(due) FROM alert_notice WHERE state = 0";
        let due: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(due.map(Timestamp::from_micros))
    }

    fn settle_notice(&self, settled: &SettledNotice) -> Result<(), StoreError> {
        let connection = self.shared.catalogue.lock();
        connection.execute(
            "UPDATE alert_notice SET state = ?2, due = ?3, answer = ?4, answered = ?5 WHERE id = ?1",
            params![
                settled.id,
                number(settled.state),
                settled.due.as_micros(),
                settled.answer,
                settled.at.as_micros()
            ],
        )?;
        Ok(())
    }
}

impl Sqlite {
    /// What was taken to be sent by a process that ended is due at once.
    pub(super) fn release_notices(&self) -> Result<(), StoreError> {
        let connection = self.shared.catalogue.lock();
        let sql =
            "UPDATE alert_notice SET due = ?1 WHERE state = 0 AND attempts > 0 AND answer IS NULL";
        connection.execute(sql, [Timestamp::now().as_micros()])?;
        Ok(())
    }
}

fn table(kind: AlertDocument) -> &'static str {
    match kind {
        AlertDocument::Rule => "alert_rule",
        AlertDocument::Channel => "alert_channel",
        AlertDocument::State => "alert_state",
    }
}

fn keep_documents(
    connection: &Connection,
    kind: AlertDocument,
    kept: &[(String, String)],
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {} (id, document) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET document = excluded.document",
        table(kind)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    for (id, document) in kept {
        statement.execute([id, document])?;
    }
    Ok(())
}

fn keep_alert(connection: &Connection, alert: &KeptAlert) -> Result<(), StoreError> {
    let sql = "INSERT INTO alert (id, rule, fired, firing, document) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET firing = excluded.firing, document = excluded.document";
    let mut statement = connection.prepare_cached(sql)?;
    let fired = alert.fired.as_micros();
    statement.execute(params![
        alert.id,
        alert.rule,
        fired,
        alert.firing,
        alert.document
    ])?;
    Ok(())
}

/// Puts a notice with one that nobody tried to send yet, or after it.
fn add_notice(
    connection: &Connection,
    notice: &NewNotice,
    merge: fn(&str, &str) -> String,
) -> Result<(), StoreError> {
    let key = params![notice.channel, notice.rule];
    let sql = "SELECT id, document FROM alert_notice
        WHERE channel = ?1 AND rule = ?2 AND state = 0 AND attempts = 0 ORDER BY created DESC LIMIT 1";
    let waiting: Option<(String, String)> = connection
        .prepare_cached(sql)?
        .query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((id, document)) = waiting {
        let sql = "UPDATE alert_notice SET document = ?2 WHERE id = ?1";
        connection.execute(sql, [id, merge(&document, &notice.document)])?;
        return Ok(());
    }
    let sql = "SELECT max(created) FROM alert_notice WHERE channel = ?1 AND rule = ?2";
    let before: Option<i64> = connection.query_row(sql, key, |row| row.get(0))?;
    let micros =
        |duration: std::time::Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let created = notice.created.as_micros();
    let earliest = before.map_or(i64::MIN, |before| {
        before.saturating_add(micros(notice.interval))
    });
    let due = created.saturating_add(micros(notice.wait)).max(earliest);
    connection.execute(
        "INSERT INTO alert_notice (id, channel, rule, created, due, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![notice.id, notice.channel, notice.rule, created, due, notice.document],
    )?;
    Ok(())
}

fn forget(connection: &Connection) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM alert WHERE firing = 0 AND id IN (SELECT id FROM alert ORDER BY fired DESC LIMIT -1 OFFSET ?1)",
        "DELETE FROM alert_notice WHERE state > 0 AND id IN (SELECT id FROM alert_notice ORDER BY created DESC LIMIT -1 OFFSET ?1)",
    ] {
        connection.execute(sql, [MOST_KEPT])?;
    }
    Ok(())
}

fn read_notices(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<KeptNotice>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let notices = statement.query_map(values, read_notice)?;
    Ok(notices.collect::<Result<_, _>>()?)
}

fn read_notice(row: &Row<'_>) -> rusqlite::Result<KeptNotice> {
    let answered: Option<i64> = row.get(8)?;
    Ok(KeptNotice {
        id: row.get(0)?,
        channel: row.get(1)?,
        rule: row.get(2)?,
        created: Timestamp::from_micros(row.get(3)?),
        due: Timestamp::from_micros(row.get(4)?),
        attempts: row.get(5)?,
        state: match row.get(6)? {
            0_i64 => NoticeState::Waiting,
            1 => NoticeState::Sent,
            _ => NoticeState::Failed,
        },
        answer: row.get(7)?,
        answered: answered.map(Timestamp::from_micros),
        document: row.get(9)?,
    })
}

fn number(state: NoticeState) -> i64 {
    match state {
        NoticeState::Waiting => 0,
        NoticeState::Sent => 1,
        NoticeState::Failed => 2,
    }
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
