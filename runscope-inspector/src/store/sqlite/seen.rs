//! What exchanges are counted by, borrowed from a row: counting is most of the work of facets and
//! summaries, and copies of text would be most of counting.

use crate::exchange::Attributes;
use crate::store::FacetField;
use rusqlite::Row;
use std::borrow::Cow;
use std::time::Duration;

/// The columns that [`Seen::read`] reads.
pub(super) const SEEN: &str = "exchange.status, exchange.duration, exchange.method, exchange.host, exchange.path, \
     exchange.route, exchange.consumer, exchange.service, exchange.outcome";

/// The attributes of an exchange that facets, groups and charts are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    status: Option<u16>,
    pub(super) duration: Option<Duration>,
    method: Option<&'a str>,
    host: Option<&'a str>,
    path: Option<&'a str>,
    route: Option<&'a str>,
    consumer: Option<&'a str>,
    service: Option<&'a str>,
    outcome: Option<&'a str>,
}

impl<'a> Seen<'a> {
    pub(super) fn read(row: &'a Row<'_>) -> rusqlite::Result<Self> {
        let text = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str_or_null()?);
        let micros: Option<i64> = row.get(1)?;
        Ok(Self {
            status: row.get(0)?,
            duration: micros
                .and_then(|micros| u64::try_from(micros).ok())
                .map(Duration::from_micros),
            method: text(2)?,
            host: text(3)?,
            path: text(4)?,
            route: text(5)?,
            consumer: text(6)?,
            service: text(7)?,
            outcome: text(8)?,
        })
    }

    /// The value of a facet, if the exchange has one.
    pub(super) fn value(&self, field: FacetField) -> Option<Cow<'a, str>> {
        match field {
            FacetField::Status => self.status.map(|status| Cow::Owned(status.to_string())),
            FacetField::Outcome => self.outcome.map(Cow::Borrowed),
            FacetField::Method => self.method.map(Cow::Borrowed),
            FacetField::Host => self.host.map(Cow::Borrowed),
            FacetField::Route => self.route.map(Cow::Borrowed),
            FacetField::Consumer => self.consumer.map(Cow::Borrowed),
            FacetField::Service => self.service.map(Cow::Borrowed),
        }
    }

    /// Method and route; the path where no route is known.
    pub(super) fn group(&self) -> (&'a str, &'a str) {
        let route = self.route.or(self.path);
        (self.method.unwrap_or_default(), route.unwrap_or_default())
    }

    /// Whether an exchange failed: a status of 400 or more, or no whole response.
    pub(super) fn is_error(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
            || matches!(self.outcome, Some("aborted" | "error" | "panic"))
    }
}

impl<'a> From<&'a Attributes> for Seen<'a> {
    fn from(attributes: &'a Attributes) -> Self {
        Self {
            status: attributes.status,
            duration: attributes.duration,
            method: attributes.method.as_deref(),
            host: attributes.host.as_deref(),
            path: attributes.path.as_deref(),
            route: attributes.route.as_deref(),
            consumer: attributes.consumer.as_deref(),
            service: attributes.service.as_deref(),
            outcome: attributes.outcome,
        }
    }
}
