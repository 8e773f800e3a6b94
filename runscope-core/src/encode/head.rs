//! The heads of an exchange, cleaned. They were copied as they came, since a request should not wait
//! for that.

use crate::capture::{Flat, Record, Span};
use crate::redact::Redactor;

/// Cleans heads, with a buffer of its own that it uses again.
#[derive(Debug, Default)]
pub(super) struct HeadCleaner {
    flat: Flat,
    value: Vec<u8>,
}

/// What of an exchange's heads may leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct CleanHeads<'a> {
    pub(super) flat: &'a Flat,
    pub(super) url: Span,
    pub(super) request_headers: Span,
    pub(super) response_headers: Span,
}

impl HeadCleaner {
    pub(super) fn clean(&mut self, record: &Record, redactor: &Redactor) -> CleanHeads<'_> {
        self.flat.clear();
        let request = &record.request;
        self.value.clear();
        self.value
            .extend_from_slice(record.flat.bytes(request.origin));
        redactor.url(record.flat.bytes(request.path_and_query), &mut self.value);
        let url = self.flat.text(&self.value);
        let request_headers = self.headers(record, request.headers, redactor);
        let response_headers = record.response.as_ref().map(|response| response.headers);
        let response_headers = self.headers(record, response_headers.unwrap_or_default(), redactor);
        CleanHeads {
            flat: &self.flat,
            url,
            request_headers,
            response_headers,
        }
    }

    fn headers(&mut self, record: &Record, list: Span, redactor: &Redactor) -> Span {
        let start = self.flat.len();
        for (name, value) in record.flat.headers(list) {
            self.value.clear();
            redactor.header_of(name, value, &mut self.value);
            self.flat.header(name, &self.value);
        }
        self.flat.span_from(start)
    }
}
