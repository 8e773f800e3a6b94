//! Alerts: what fires and what fired, rules and the calls they would have found, channels. All of it
//! is the owner's, and is about every bucket.

mod routes;
mod desk;
mod told;
mod words;
mod plot;
mod overview;
mod silence;
mod alert;
mod rule_fields;
mod rule_form;
mod rule;
mod preview;
mod file;
mod channel_form;
mod channel;
mod channels;

pub(super) use desk::Desk;
pub(super) use routes::routes;
