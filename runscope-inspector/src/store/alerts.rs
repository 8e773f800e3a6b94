use super::StoreError;
use crate::exchange::Timestamp;
use std::fmt;
use std::time::Duration;

/// What alerts ask of a database: rules and channels as they were written, what was counted, what
/// fired, and what is still to be told.
///
/// Documents are texts that the store does not look into. As with [`Store`](super::Store), every
/// method may block.
pub trait AlertStore: fmt::Debug + Send + Sync + 'static {
    /// The documents of a kind with their ids, in the order of these.
    ///
    /// # Errors
    ///
    /// When the disk fails; so in every method below.
    fn alert_documents(&self, kind: AlertDocument) -> Result<Vec<(String, String)>, StoreError>;

    /// Keeps documents under their ids and removes others, all or none.
    fn change_alert_documents(
        &self,
        kind: AlertDocument,
        kept: &[(String, String)],
        removed: &[String],
    ) -> Result<(), StoreError>;

    /// The place in the order of arrival up to which calls were evaluated at the last commit.
    fn alerts_through(&self) -> Result<Option<i64>, StoreError>;

    /// Keeps what came of evaluating calls, all or none.
    fn commit_alerts(&self, commit: &AlertCommit) -> Result<(), StoreError>;

    /// Alerts, those that fired last first.
    fn alerts(&self, wanted: &AlertsWanted) -> Result<Vec<String>, StoreError>;

    /// Notices, the newest first.
    fn notices(&self, wanted: &NoticesWanted) -> Result<Vec<KeptNotice>, StoreError>;

    /// Takes notices that are due, the oldest first, and none to the channels that are busy. Each
    /// counts as tried from now on, and is due again after a while unless it is settled.
    fn claim_notices(
        &self,
        now: Timestamp,
        busy: &[String],
        most: usize,
    ) -> Result<Vec<KeptNotice>, StoreError>;

    /// When the next notice is due.
    fn next_notice(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Tells what came of sending a notice.
    fn settle_notice(&self, settled: &SettledNotice) -> Result<(), StoreError>;
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertDocument {
    /// Rules.
    Rule,
    /// Channels, with their secrets.
    Channel,
    /// What rules have counted.
    State,
}

/// What came of evaluating calls.
#[derive(Debug, Clone)]
pub struct AlertCommit {
    /// The place up to which they were evaluated.
    pub through: i64,
    /// What rules have counted, by their ids.
    pub states: Vec<(String, String)>,
    /// Rules whose counts are forgotten.
    pub removed: Vec<String>,
    /// Alerts that fired, changed or ended.
    pub alerts: Vec<KeptAlert>,
    /// What channels are to be told.
    pub notices: Vec<NewNotice>,
    /// What becomes of a notice that nobody tried to send yet when another follows of the same rule to
    /// the same channel: both documents in one.
    pub merge: fn(&str, &str) -> String,
}

/// An alert, to be kept in the place of one with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAlert {
    /// Its id.
    pub id: String,
    /// The rule's.
    pub rule: String,
    /// When it fired.
    pub fired: Timestamp,
    /// Whether it still does.
    pub firing: bool,
    /// All that is known of it.
    pub document: String,
}

/// A notice to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotice {
    /// Its id, which stays the same however often it is tried.
    pub id: String,
    /// The id of the channel.
    pub channel: String,
    /// The id of the rule.
    pub rule: String,
    /// When it was made.
    pub created: Timestamp,
    /// How long it waits for others to go with it.
    pub wait: Duration,
    /// How long after the one before of this rule to this channel it is sent at the earliest.
    pub interval: Duration,
    /// What is told.
    pub document: String,
}

/// A notice with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptNotice {
    /// Its id.
    pub id: String,
    /// The id of the channel.
    pub channel: String,
    /// The id of the rule.
    pub rule: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it is to be sent, if it still is.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What came of it.
    pub state: NoticeState,
    /// The channel's last answer, or why there was none.
    pub answer: Option<String>,
    /// When that came.
    pub answered: Option<Timestamp>,
    /// What is told.
    pub document: String,
}

/// What came of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// It is still to be sent.
    Waiting,
    /// The channel has it.
    Sent,
    /// It was given up.
    Failed,
}

/// What came of trying to send a notice.
#[derive(Debug, Clone, PartialEq)]
pub struct SettledNotice {
    /// Its id.
    pub id: String,
    /// What came of it.
    pub state: NoticeState,
    /// When to try again, where it is still to be sent.
    pub due: Timestamp,
    /// The channel's answer.
    pub answer: String,
    /// When that came.
    pub at: Timestamp,
}

/// Which alerts are wanted.
#[derive(Debug, Clone, Default)]
pub struct AlertsWanted {
    /// Those of this rule.
    pub rule: Option<String>,
    /// Those that fire, or those that ended.
    pub firing: Option<bool>,
    /// Those that fired before.
    pub before: Option<Timestamp>,
    /// The one of this id.
    pub id: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// Which notices are wanted.
#[derive(Debug, Clone, Default)]
pub struct NoticesWanted {
    /// Those of this rule.
    pub rule: Option<String>,
    /// Those to this channel.
    pub channel: Option<String>,
    /// Those made before.
    pub before: Option<Timestamp>,
    /// How many at most.
    pub limit: usize,
}
