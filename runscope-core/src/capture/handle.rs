use super::shared::Shared;
use super::text::{short, short_text};
use std::fmt;
use std::sync::Arc;

/// A handler's hold on the exchange in flight: to name it in logs, and to add fields to it.
///
/// Found by [`current_exchange`](super::current_exchange). Cheap to clone; what is set after the
/// response has ended is ignored.
#[derive(Clone)]
pub struct ExchangeHandle {
    pub(super) shared: Arc<Shared>,
}

impl ExchangeHandle {
    /// The `unique_identifier` under which the exchange is delivered, a UUIDv7.
    #[must_use]
    pub fn unique_identifier(&self) -> String {
        self.shared.id().to_string()
    }

    /// Says who called, in up to 1 KiB. It takes part in choosing the scope, and can be searched
    /// for.
    pub fn set_consumer(&self, consumer: &str) {
        let budget = self.shared.core.config.byte_budget;
        let consumer = short(consumer);
        if let Some(record) = self.shared.lock().open() {
            let more = consumer.len().saturating_sub(record.consumer.capacity());
            if record.charge.grow(more, budget) {
                consumer.clone_into(&mut record.consumer);
            }
        }
    }

    /// Adds a field of the app's own. An exchange takes 32 of them, name and value each cut at
    /// 1 KiB; a name that is set again has the last value.
    pub fn tag(&self, name: &str, value: impl fmt::Display) {
        let budget = self.shared.core.config.byte_budget;
        let (name, value) = (short(name), short_text(&value));
        if let Some(record) = self.shared.lock().open()
            && let Some(more) = record.tags.cost(name, &value)
            && record.charge.grow(more, budget)
        {
            record.tags.set(name, &value);
        }
    }
}

impl fmt::Debug for ExchangeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeHandle")
            .field("id", &self.shared.id())
            .finish_non_exhaustive()
    }
}
