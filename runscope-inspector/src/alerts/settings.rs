use crate::replay::AllowedHost;
use std::time::Duration;

/// How alerts are told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How long the first notice of a rule waits for others to go with it. Default: 2 s.
    pub group_wait: Duration,
    /// How long after a notice of a rule the next one of it goes to the same channel at the earliest.
    /// Default: 60 s.
    pub group_interval: Duration,
    /// How long after a failure a notice is tried again the first time; then twice as long, and so on
    /// up to ten minutes, each time a random part of it. Default: 2 s.
    pub retry_base: Duration,
    /// How old a notice becomes before it is given up. Default: 24 h.
    pub give_up: Duration,
    /// Hosts of a private network, or of this machine, that channels may send to. Default: none, so
    /// that channels reach public addresses only.
    pub private_hosts: Vec<AllowedHost>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            group_wait: Duration::from_secs(2),
            group_interval: Duration::from_secs(60),
            retry_base: Duration::from_secs(2),
            give_up: Duration::from_secs(86_400),
            private_hosts: Vec::new(),
        }
    }
}
