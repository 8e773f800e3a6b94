use super::shared::Shared;
use super::tap::Tap;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// Sees the frames of a request's body pass, wherever the handler takes the body.
pub struct RequestTap {
    pub(super) shared: Arc<Shared>,
}

impl RequestTap {
    /// Notes that the body was asked for; `100 Continue` goes out by this.
    pub fn polled(&self) {
        self.with_body(|body| body.polled = true);
    }

    /// Sees one frame pass.
    pub fn frame(&self, data: &Bytes) {
        let mut state = self.shared.lock();
        let Some(record) = state.open() else { return };
        record
            .request
            .body
            .frame(data, self.shared.limits(), &mut record.charge);
    }

    /// Notes that the body passed to its end.
    pub fn end(&self) {
        self.with_body(|body| {
            body.polled = true;
            body.complete = true;
        });
    }

    fn with_body(&self, change: impl FnOnce(&mut Tap)) {
        if let Some(record) = self.shared.lock().open() {
            change(&mut record.request.body);
        }
    }
}

impl fmt::Debug for RequestTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTap")
            .field("id", &self.shared.id())
            .finish_non_exhaustive()
    }
}
