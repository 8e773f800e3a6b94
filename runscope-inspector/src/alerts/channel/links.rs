use super::super::notice::{Call, Notice};

/// Addresses of the inspector's pages, for who reads a notice elsewhere. Without a base URL there are
/// none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    base: String,
}

impl Links {
    /// Below a whole URL; of anything else nothing can be made.
    pub(crate) fn new(base: &str) -> Self {
        let whole = base.starts_with("http://") || base.starts_with("https://");
        let base = if whole {
            base.trim_end_matches('/')
        } else {
            ""
        };
        Self {
            base: base.to_owned(),
        }
    }

    /// The page of the one alert, or that of all alerts of the rule.
    pub(crate) fn notice(&self, notice: &Notice) -> Option<String> {
        let path = match notice.alerts.as_slice() {
            [alert] if notice.more == 0 => format!("alerts/{}", alert.id),
            _ => "alerts".to_owned(),
        };
        (!self.base.is_empty()).then(|| format!("{}/{path}", self.base))
    }

    pub(crate) fn call(&self, call: &Call) -> Option<String> {
        let Call { bucket, uuid, .. } = call;
        (!self.base.is_empty()).then(|| format!("{}/b/{bucket}/c/{uuid}", self.base))
    }
}
