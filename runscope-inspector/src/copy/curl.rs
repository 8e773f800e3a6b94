use super::Outgoing;
use super::shell::{Fed, feed, quote};

/// The request as one line for a shell, that sends what was captured and nothing that curl would add.
pub(crate) fn curl(outgoing: &Outgoing) -> String {
    let Outgoing {
        method,
        url,
        headers,
        body,
    } = outgoing;
    let mut line = String::new();
    let mut data = None;
    if let Some(body) = body {
        data = Some(match feed(body) {
            // `--data` and `--data-binary` would read a file for a body that begins with @.
            Fed::Word(word) => format!(" --data-raw {word}"),
            Fed::Pipe(pipe) => {
                line.push_str(&pipe);
                " --data-binary @-".to_owned()
            }
        });
    }
    line.push_str("curl");
    match (method.as_str(), &data) {
        ("GET", None) | ("POST", Some(_)) => {}
        // With -X HEAD, curl would wait for the body that is announced and never comes.
        ("HEAD", None) => line.push_str(" --head"),
        (method, _) => line.push_str(&format!(" -X {}", quote(method))),
    }
    // Brackets and braces would be read as a pattern, and dots be removed.
    if url.contains(['[', ']', '{', '}']) {
        line.push_str(" --globoff");
    }
    if url.contains("/.") {
        line.push_str(" --path-as-is");
    }
    line.push_str(&format!(" {}", quote(url)));
    for (name, value) in headers {
        let header = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        line.push_str(&format!(" -H {}", quote(&header)));
    }
    let mut added = vec!["User-Agent", "Accept"];
    if data.is_some() {
        added.push("Content-Type");
    }
    if body.as_ref().is_some_and(|body| body.len() >= 1 << 20) {
        added.push("Expect");
    }
    for name in added {
        if !outgoing.has(name) {
            line.push_str(&format!(" -H '{name}:'"));
        }
    }
    if outgoing.has("Accept-Encoding") {
        line.push_str(" --compressed");
    }
    line.push_str(&data.unwrap_or_default());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(method: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Outgoing {
        let own = [("User-Agent", "u"), ("Accept", "*/*")];
        let headers = own.iter().chain(headers);
        Outgoing {
            method: method.to_owned(),
            url: "http://h/".to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn the_line_says_what_curl_would_not_do_by_itself() {
        let json = ("Content-Type", "application/json");
        for (method, headers, body, expected) in [
            ("GET", vec![], None, "curl http://h/ OWN"),
            ("HEAD", vec![], None, "curl --head http://h/ OWN"),
            ("DELETE", vec![], None, "curl -X DELETE http://h/ OWN"),
            ("POST", vec![], None, "curl -X POST http://h/ OWN"),
            (
                "GET",
                vec![json],
                Some(&b"{}"[..]),
                "curl -X GET http://h/ OWN -H 'Content-Type: application/json' --data-raw '{}'",
            ),
            (
                "POST",
                vec![json],
                Some(b"@/etc/passwd"),
                "curl http://h/ OWN -H 'Content-Type: application/json' --data-raw @/etc/passwd",
            ),
            (
                "POST",
                vec![],
                Some(b"it's"),
                r"curl http://h/ OWN -H 'Content-Type:' --data-raw 'it'\''s'",
            ),
            (
                "POST",
                vec![json],
                Some(b"a\0\xff"),
                "printf %s YQD/ | base64 -d | curl http://h/ OWN -H 'Content-Type: application/json' --data-binary @-",
            ),
            (
                "POST",
                vec![json],
                Some(b"a\nb"),
                "printf %s YQpi | base64 -d | curl http://h/ OWN -H 'Content-Type: application/json' --data-binary @-",
            ),
            ("get", vec![], None, "curl -X get http://h/ OWN"),
            (
                "GET",
                vec![("X-Empty", ""), ("X", "a"), ("X", "b")],
                None,
                "curl http://h/ OWN -H 'X-Empty;' -H 'X: a' -H 'X: b'",
            ),
            (
                "GET",
                vec![("Accept-Encoding", "gzip")],
                None,
                "curl http://h/ OWN -H 'Accept-Encoding: gzip' --compressed",
            ),
        ] {
            let line = curl(&outgoing(method, &headers, body));
            assert_eq!(
                line,
                expected.replace("OWN", "-H 'User-Agent: u' -H 'Accept: */*'")
            );
        }
    }

    #[test]
    fn a_url_is_taken_as_it_is() {
        for (url, expected) in [
            ("http://h/a[1]?{b}", "curl --globoff 'http://h/a[1]?{b}'"),
            ("http://h/a/../b", "curl --path-as-is http://h/a/../b"),
            ("http://h/?a=1&b='", r"curl 'http://h/?a=1&b='\'''"),
        ] {
            let mut outgoing = outgoing("GET", &[], None);
            outgoing.url = url.to_owned();
            assert!(curl(&outgoing).starts_with(expected), "{}", curl(&outgoing));
        }
    }
}
