use crate::exchange::Timestamp;
use std::time::Duration;

/// The most frequent values of each facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    /// The facets in the order of [`FacetField::ALL`].
    pub facets: Vec<Facet>,
    /// How many exchanges were counted, newest first.
    pub counted: u64,
    /// Whether these are all that match, and all their values are told apart.
    pub complete: bool,
    /// Whether all their values are told apart. How many there are is up to who sends, so a store
    /// may bound how many it counts; then those it met last are missing.
    pub told_apart: bool,
}

/// One attribute with its most frequent values, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The attribute.
    pub field: FacetField,
    /// Its values with how many exchanges have each.
    pub values: Vec<(String, u64)>,
}

/// An attribute that exchanges are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FacetField {
    /// The request's method.
    Method,
    /// The status code.
    Status,
    /// The URL's host.
    Host,
    /// The framework's route template.
    Route,
    /// Who called.
    Consumer,
    /// The service that captured the exchange.
    Service,
    /// How the exchange ended.
    Outcome,
}

impl FacetField {
    /// Every field with its name in the filter language.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Method, "method"),
        (Self::Status, "status"),
        (Self::Host, "host"),
        (Self::Route, "route"),
        (Self::Consumer, "consumer"),
        (Self::Service, "service"),
        (Self::Outcome, "outcome"),
    ];
}

/// Exchanges counted over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// The length of one bar.
    pub step: Duration,
    /// The bars that are not empty, the oldest first.
    pub bars: Vec<Bar>,
    /// Whether all that match were counted.
    pub complete: bool,
}

/// The exchanges of one step of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bar {
    /// When the step begins.
    pub start: Timestamp,
    /// How many exchanges have a status of each class: at 2 those with `2xx`; at 0 those without a
    /// response, or with a status beyond `5xx`.
    pub classes: [u64; 6],
    /// The median time to the response's head, within a sixteenth; so the two below.
    pub p50: Option<Duration>,
    /// The time that 95 in 100 stay within.
    pub p95: Option<Duration>,
    /// The time that 99 in 100 stay within.
    pub p99: Option<Duration>,
}

/// The span of time in which a bucket's exchanges lie, in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The beginning of the first minute that has any.
    pub first: Timestamp,
    /// The end of the last minute that has any.
    pub end: Timestamp,
    /// How many there are in these minutes.
    pub count: u64,
}

/// Exchanges grouped by method and route.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The groups, the largest first.
    pub rows: Vec<SummaryRow>,
    /// How many exchanges were counted, newest first.
    pub counted: u64,
    /// Whether these are all that match, and each is in one of the groups.
    pub complete: bool,
    /// Whether each is in one of the groups: a store may bound how many it keeps, as it does for the
    /// values of [`Facets`].
    pub told_apart: bool,
}

/// The exchanges of one method and route.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryRow {
    /// The method.
    pub method: String,
    /// The route, or the path where no route is known.
    pub route: String,
    /// How many there are.
    pub count: u64,
    /// How many failed: a status of 400 or more, or no whole response.
    pub errors: u64,
    /// The median time to the response's head, within a sixteenth; so the two below.
    pub p50: Option<Duration>,
    /// The time that 95 in 100 stay within.
    pub p95: Option<Duration>,
    /// The time that 99 in 100 stay within.
    pub p99: Option<Duration>,
}

/// What is stored, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many exchanges there are, in all buckets.
    pub exchanges: u64,
    /// The bytes of all files.
    pub bytes: u64,
    /// How many partitions hold them.
    pub partitions: u64,
    /// The place of the newest exchange in the order of arrival.
    pub newest: i64,
    /// How many transactions stored something since the store was opened.
    pub commits: u64,
    /// How many writes wait for their turn, or are being written.
    pub waiting: u64,
}
