//! Alerts under `/api/v1/alerts`: all of it is the owner's.

mod rules;
mod preview;
mod channels;
mod history;

pub(super) use channels::{
    change_channel, channel, channels, create_channel, delete_channel, test_channel,
};
pub(super) use history::{MOST_LISTED, alert, alerts, notices};
pub(super) use preview::{LONGEST_SPAN, preview};
pub(super) use rules::{
    change_rule, create_rule, delete_rule, export, import, rule, rules, silence,
};
