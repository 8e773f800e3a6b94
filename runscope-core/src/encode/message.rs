use super::body::{self, Described, Prepared, Scratch, prepare};
use super::head::{CleanHeads, HeadCleaner};
use super::json;
use crate::capture::{Headers, Record, ResponsePart, Span, may_be_cut, trace_id};
use crate::config::Config;
use crate::message::{BodyInfo, Direction, Outcome};
use crate::redact::{BodyContext, Redactor, Side};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// Writes records as messages, with buffers of its own that it uses again.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    heads: HeadCleaner,
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
        let heads = self.heads.clean(record, redactor);
        let request = prepare(
            &record.request.body,
            &described(heads, heads.request_headers, Side::Request),
            redactor,
            config.max_decoded_bytes,
            &mut self.request,
        );
        let response = record.response.as_ref().map(|part| {
            prepare(
                &part.body,
                &described(heads, heads.response_headers, Side::Response),
                redactor,
                config.max_decoded_bytes,
                &mut self.response,
            )
        });

        out.extend_from_slice(b"{\"unique_identifier\":\"");
        let id = record.id.hyphenated();
        out.extend_from_slice(id.encode_lower(&mut [0; 36]).as_bytes());
        out.extend_from_slice(b"\",\"request\":");
        write_request(record, heads, &request, out);
        if let (Some(part), Some(body)) = (&record.response, &response) {
            out.extend_from_slice(b",\"response\":");
            write_response(record, part, heads, body, out);
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

fn described(heads: CleanHeads<'_>, headers: Span, side: Side) -> Described<'_> {
    let header = |name| heads.flat.headers(headers).first(name);
    let content_type = header("content-type").and_then(|value| std::str::from_utf8(value).ok());
    Described {
        context: BodyContext::new(side)
            .content_type(content_type)
            .url(Some(heads.flat.str(heads.url))),
        content_encoding: joined(heads.flat.headers(headers), b"content-encoding"),
    }
}

/// The lines of a header as one list, as they may be joined (RFC 9110, section 5.3).
fn joined<'a>(headers: Headers<'a>, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    let mut lines = headers.filter(|(known, _)| *known == name);
    let mut list = Cow::Borrowed(lines.next()?.1);
    for (_, line) in lines {
        let list = list.to_mut();
        list.push(b',');
        list.extend_from_slice(line);
    }
    Some(list)
}

fn write_request(record: &Record, heads: CleanHeads<'_>, body: &Prepared<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"method\":");
    json::string(record.flat.str(record.request.method), out);
    out.extend_from_slice(b",\"url\":");
    json::header_value(heads.flat.bytes(heads.url), out);
    write_headers(heads, heads.request_headers, out);
    if !write_form(heads, body, out) {
        body.write(out);
    }
    out.extend_from_slice(b",\"timestamp\":");
    json::seconds(since_epoch(record.request.received), out);
    out.push(b'}');
}

fn write_response(
    record: &Record,
    part: &ResponsePart,
    heads: CleanHeads<'_>,
    body: &Prepared<'_>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"status\":");
    json::number(part.status.into(), out);
    write_headers(heads, heads.response_headers, out);
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

fn write_headers(heads: CleanHeads<'_>, list: Span, out: &mut Vec<u8>) {
    if list.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"headers\":");
    json::headers(heads.flat.headers(list), out);
}

/// Appends `"form":…` in the body's place, where the body is a whole form: never both.
fn write_form(heads: CleanHeads<'_>, body: &Prepared<'_>, out: &mut Vec<u8>) -> bool {
    let headers = heads.flat.headers(heads.request_headers);
    let content_type = headers.first("content-type");
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
    let fields: Vec<_> = url::form_urlencoded::parse(bytes).collect();
    // A field that is not UTF-8 can't be shown decoded without loss; the body can, as it came.
    let is_lossy = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if fields
        .iter()
        .any(|(name, value)| is_lossy(name) || is_lossy(value))
    {
        return false;
    }
    out.extend_from_slice(b",\"form\":");
    json::fields(&fields, |text, out| json::string(text, out), out);
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
    let error = cleaned(redactor, "error", flat.str(record.error));
    let consumer = cleaned(redactor, "consumer", &record.consumer);
    let traceparent = flat.headers(record.request.headers).last("traceparent");
    let trace_id = traceparent.and_then(trace_id);
    for (key, text) in [
        (&b",\"error\":"[..], &*error),
        (b",\"service\":", flat.str(record.service)),
        (b",\"route\":", flat.str(record.route)),
        (b",\"consumer\":", &*consumer),
        (b",\"client_address\":", flat.str(record.client_address)),
        (b",\"protocol\":", record.protocol),
        (b",\"trace_id\":", trace_id.unwrap_or_default()),
    ] {
        if !text.is_empty() {
            out.extend_from_slice(key);
            json::string(text, out);
        }
    }
    if !record.tags.is_empty() {
        out.extend_from_slice(b",\"tags\":");
        for (at, (name, value)) in record.tags.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            // A name that the app made of data may be a token itself.
            json::string(&cleaned(redactor, "", name), out);
            out.push(b':');
            json::string(&cleaned(redactor, name, value), out);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b",\"total_time\":");
    json::seconds(record.total_time, out);
    if record.sample_rate < 1.0 {
        out.extend_from_slice(b",\"sample_rate\":");
        json::plain(record.sample_rate, out);
    }
    for (key, info) in [
        (&b",\"request_body\":"[..], Some(request)),
        (b",\"response_body\":", response),
    ] {
        if let Some(info) = info {
            out.extend_from_slice(key);
            body::write_info(info, out);
        }
    }
    out.push(b'}');
}

fn cleaned<'a>(redactor: &Redactor, name: &str, text: &'a str) -> Cow<'a, str> {
    if may_be_cut(text) {
        redactor.cut_field(name, text)
    } else {
        redactor.field(name, text)
    }
}

/// A clock that stands before 1970 shows as 1970.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
