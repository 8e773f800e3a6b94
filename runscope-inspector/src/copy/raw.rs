use super::Outgoing;
use crate::exchange::UrlParts;

/// The request as an HTTP/1.1 message (RFC 9112, section 2.1).
pub(crate) fn raw(outgoing: &Outgoing) -> Vec<u8> {
    let parts = UrlParts::of(&outgoing.url);
    let query = parts
        .query
        .map_or_else(String::new, |query| format!("?{query}"));
    let mut head = format!("{} {}{query} HTTP/1.1\r\n", outgoing.method, parts.path);
    head.push_str(&format!("Host: {}\r\n", parts.host.unwrap_or_default()));
    for (name, value) in &outgoing.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = &outgoing.body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut message = head.into_bytes();
    message.extend_from_slice(outgoing.body.as_deref().unwrap_or_default());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_own_host_and_length() {
        let mut outgoing = Outgoing {
            method: "POST".to_owned(),
            url: "https://me:secret@h:8443/a?b=c".to_owned(),
            headers: vec![("Accept".to_owned(), "*/*".to_owned())],
            body: Some(b"\xffx".to_vec()),
        };
        let expected = b"POST /a?b=c HTTP/1.1\r\nHost: h:8443\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n\xffx";
        assert_eq!(raw(&outgoing), expected);
        outgoing.body = None;
        outgoing.url = "http://h".to_owned();
        let expected = b"POST / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n";
        assert_eq!(raw(&outgoing), expected);
    }
}
