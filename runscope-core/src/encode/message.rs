use super::body::{Described, Prepared, Scratch, prepare};
use super::json;
use crate::capture::{Record, RequestPart, ResponsePart, Span};
use crate::config::Config;
use crate::message::{BodyInfo, Direction, Outcome};
use crate::redact::{BodyContext, Redactor, Side};
use std::time::{Duration, SystemTime};

/// Writes records as messages, with buffers of its own that it uses again.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    request: Scratch,
    response: Scratch,
}

impl Encoder {
    /// Appends one message to `out`.
    pub(crate) fn encode(
        &mut self,
        record: &Record,
        redactor: &Redactor,
        config: &Config,
        out: &mut Vec<u8>,
    ) {
        let url = record.flat.str(record.request.url);
        let request = prepare(
            &record.request.body,
            described(record, record.request.headers, Side::Request, url),
            redactor,
            config.max_decoded_bytes,
            &mut self.request,
        );
        let response = record.response.as_ref().map(|part| {
            let described = described(record, part.headers, Side::Response, url);
            prepare(
                &part.body,
                described,
                redactor,
                config.max_decoded_bytes,
                &mut self.response,
            )
        });

        out.extend_from_slice(b"{\"unique_identifier\":\"");
        json::plain(record.id, out);
        out.extend_from_slice(b"\",\"request\":");
        write_request(record, &record.request, &request, out);
        if let (Some(part), Some(body)) = (&record.response, &response) {
            out.extend_from_slice(b",\"response\":");
            write_response(record, part, body, out);
        }
        if config.context {
            out.extend_from_slice(b",\"context\":");
            write_context(
                record,
                &request.info,
                response.as_ref().map(|body| &body.info),
                redactor,
                out,
            );
        }
        out.push(b'}');
        self.request.trim();
        self.response.trim();
    }
}

fn described<'a>(record: &'a Record, headers: Span, side: Side, url: &'a str) -> Described<'a> {
    let header = |name| record.flat.headers(headers).first(name);
    let content_type = header("content-type").and_then(|value| std::str::from_utf8(value).ok());
    Described {
        context: BodyContext::new(side)
            .content_type(content_type)
            .url(Some(url)),
        content_encoding: header("content-encoding"),
    }
}

fn write_request(record: &Record, part: &RequestPart, body: &Prepared<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"method\":");
    json::string(record.flat.str(part.method), out);
    out.extend_from_slice(b",\"url\":");
    json::header_value(record.flat.bytes(part.url), out);
    write_headers(record, part.headers, out);
    if !write_form(record, part, body, out) {
        body.write(out);
    }
    out.extend_from_slice(b",\"timestamp\":");
    json::seconds(since_epoch(part.received), out);
    out.push(b'}');
}

fn write_response(record: &Record, part: &ResponsePart, body: &Prepared<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"status\":");
    json::plain(part.status, out);
    write_headers(record, part.headers, out);
    body.write(out);
    out.extend_from_slice(b",\"response_time\":");
    json::seconds(part.response_time, out);
    out.extend_from_slice(b",\"timestamp\":");
    json::seconds(
        since_epoch(record.request.received) + part.response_time,
        out,
    );
    out.push(b'}');
}

/// Appends the headers, a name with several values as an array, in the order of first coming.
fn write_headers(record: &Record, list: Span, out: &mut Vec<u8>) {
    if list.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"headers\":{");
    let headers = || record.flat.headers(list);
    let mut is_first = true;
    for (at, (name, value)) in headers().enumerate() {
        let same = |(other, _): &(&[u8], &[u8])| *other == name;
        if headers().take(at).any(|header| same(&header)) {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        json::header_value(name, out);
        out.push(b':');
        let mut later = headers().skip(at + 1).filter(same).peekable();
        if later.peek().is_none() {
            json::header_value(value, out);
            continue;
        }
        out.push(b'[');
        json::header_value(value, out);
        for (_, value) in later {
            out.push(b',');
            json::header_value(value, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// Appends `"form":…` in the body's place, where the body is a whole form: never both.
fn write_form(record: &Record, part: &RequestPart, body: &Prepared<'_>, out: &mut Vec<u8>) -> bool {
    let content_type = record.flat.headers(part.headers).first("content-type");
    let is_form = content_type.is_some_and(|value| {
        let essence = value.split(|&byte| byte == b';').next().unwrap_or_default();
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    });
    let Some(bytes) = body
        .whole()
        .filter(|bytes| is_form && std::str::from_utf8(bytes).is_ok())
    else {
        return false;
    };
    let fields: crate::Fields = url::form_urlencoded::parse(bytes).collect();
    out.extend_from_slice(b",\"form\":{");
    for (at, (name, values)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json::string(name, out);
        out.push(b':');
        match values {
            [one] => json::string(one, out),
            many => {
                out.push(b'[');
                for (at, value) in many.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    json::string(value, out);
                }
                out.push(b']');
            }
        }
    }
    out.push(b'}');
    true
}

fn write_context(
    record: &Record,
    request: &BodyInfo,
    response: Option<&BodyInfo>,
    redactor: &Redactor,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(match record.direction {
        Direction::Incoming => b"{\"direction\":\"incoming\",\"outcome\":\"",
        Direction::Outgoing => b"{\"direction\":\"outgoing\",\"outcome\":\"",
    });
    out.extend_from_slice(match record.outcome {
        Outcome::Complete => b"complete",
        Outcome::Aborted => b"aborted",
        Outcome::Error => b"error",
        Outcome::Panic => b"panic",
        Outcome::Upgraded => b"upgraded",
        Outcome::Open => b"open",
    });
    out.push(b'"');
    let flat = &record.flat;
    let cleaned = redactor.field("error", flat.str(record.error));
    let consumer = redactor.field("consumer", &record.consumer);
    for (key, text) in [
        ("error", &*cleaned),
        ("service", flat.str(record.service)),
        ("route", flat.str(record.route)),
        ("consumer", &*consumer),
        ("client_address", flat.str(record.client_address)),
        ("protocol", record.protocol),
        ("trace_id", flat.str(record.trace_id)),
    ] {
        if !text.is_empty() {
            write_key(key, out);
            json::string(text, out);
        }
    }
    if !record.tags.is_empty() {
        write_key("tags", out);
        for (at, (name, value)) in record.tags.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            json::string(name, out);
            out.push(b':');
            json::string(&redactor.field(name, value), out);
        }
        out.push(b'}');
    }
    write_key("total_time", out);
    json::seconds(record.total_time, out);
    if record.sample_rate < 1.0 {
        write_key("sample_rate", out);
        json::plain(record.sample_rate, out);
    }
    for (key, info) in [("request_body", Some(request)), ("response_body", response)] {
        if let Some(info) = info {
            write_key(key, out);
            // A small struct of fixed words: its derived form is the simplest that is always right.
            let _ = serde_json::to_writer(&mut *out, info);
        }
    }
    out.push(b'}');
}

fn write_key(key: &str, out: &mut Vec<u8>) {
    out.push(b',');
    json::string(key, out);
    out.push(b':');
}

/// A clock that stands before 1970 shows as 1970.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
