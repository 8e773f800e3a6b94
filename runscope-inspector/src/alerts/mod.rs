//! Live traffic alerts: rules that every call is shown to as it arrives, and channels that are told.
//!
//! A message walks in through `Alerts::begin`, which ingest calls before it asks the store: a ticket,
//! then copies of the messages, handed in when they are committed (`feed`). One thread (`evaluator`)
//! shows each call once to all rules (`compiled`, `assertion`), which count it by group in windows
//! (`tracker`, `window`) and step the states of their alerts (`machine`). What comes of that is kept
//! every few seconds, and at once where an alert fires or ends, in one transaction: the counts, the
//! alerts, the notices and the place up to which calls were seen. So after a crash the calls from that
//! place on are shown again, and nothing is counted twice, forgotten, or told twice by us.
//!
//! Another thread (`delivery`) empties the outbox: at least once, each try with the same id.
//!
//! Times: a call counts when it arrived, unless its own time lies further back than the rule's window and
//! a minute. Imported calls are not shown to rules.

mod mistake;
mod object;
mod rule;
mod file;
mod assertion;
mod settings;
mod seen;
mod compiled;
mod window;
mod machine;
mod tracker;
mod notice;
mod describe;
mod feed;
mod shared;
mod evaluator;
mod shortage;
mod preview;
mod door;
mod post;
mod mail;
mod channel;
mod verdict;
mod told;
mod delivery;
mod handle;
mod bench;
#[cfg(test)]
mod tests;

pub(crate) use assertion::{Comparison, Source};
#[doc(hidden)]
pub use bench::time_of_a_message;
pub(crate) use channel::Channel;
pub(crate) use file::{read as read_file, write as write_file};
pub(crate) use handle::{Alerts, AlertsError, Numbers, Trial};
pub(crate) use mistake::Mistake;
pub(crate) use notice::{Alert, Call, Notice};
pub(crate) use preview::{Preview, PreviewBar, preview};
pub(crate) use rule::{AlertWhen, Condition, Rule, Severity};
pub use settings::Settings;
pub(crate) use shortage::{FewCalls, ShortTime, Shortage};
