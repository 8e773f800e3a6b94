use super::Outgoing;
use super::shell::{Fed, feed, quote};

/// The request as one line of HTTPie.
pub(crate) fn httpie(outgoing: &Outgoing) -> String {
    let mut line = String::new();
    let mut raw = None;
    if let Some(body) = &outgoing.body {
        match feed(body) {
            // Joined to its option: a body that begins with a dash is none.
            Fed::Word(word) => raw = Some(format!(" --raw={word}")),
            Fed::Pipe(pipe) => line.push_str(&pipe),
        }
    }
    line.push_str("http");
    line.push_str(&raw.unwrap_or_default());
    if outgoing.url.contains("/.") {
        line.push_str(" --path-as-is");
    }
    line.push_str(&format!(
        " {} {}",
        quote(&outgoing.method),
        quote(&outgoing.url)
    ));
    for (name, value) in &outgoing.headers {
        line.push_str(&format!(" {}", quote(&item(name, value))));
    }
    let mut added = vec!["User-Agent", "Accept", "Accept-Encoding"];
    if outgoing.body.is_some() {
        added.push("Content-Type");
    }
    for name in added {
        if !outgoing.has(name) {
            line.push_str(&format!(" {name}:"));
        }
    }
    line
}

/// A header's item. A value that begins like another kind of item would make it one: `Name:@file` sends
/// a file, `Name:=1` JSON.
fn item(name: &str, value: &str) -> String {
    match value.chars().next() {
        None => format!("{name};"),
        Some('@' | '=' | ':' | ';') => format!("{name}:\\{value}"),
        Some(_) => format!("{name}:{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_httpie_would_not_do_by_itself() {
        let own = [
            ("User-Agent", "u"),
            ("Accept", "a"),
            ("Accept-Encoding", "g"),
        ];
        for (method, headers, body, expected) in [
            ("GET", vec![], None, "http GET 'http://h/?a&b' OWN"),
            (
                "PUT",
                vec![("Content-Type", "t")],
                Some(&b"{}"[..]),
                "http --raw='{}' PUT 'http://h/?a&b' OWN Content-Type:t",
            ),
            (
                "PUT",
                vec![],
                Some(b"-v"),
                "http --raw=-v PUT 'http://h/?a&b' OWN Content-Type:",
            ),
            (
                "PUT",
                vec![("Content-Type", "t")],
                Some(b"\xff"),
                "printf %s '/w==' | base64 -d | http PUT 'http://h/?a&b' OWN Content-Type:t",
            ),
            (
                "GET",
                vec![("X", ""), ("Y", "@/etc/passwd"), ("Z", "=1")],
                None,
                r"http GET 'http://h/?a&b' OWN 'X;' 'Y:\@/etc/passwd' 'Z:\=1'",
            ),
        ] {
            let outgoing = Outgoing {
                method: method.to_owned(),
                url: "http://h/?a&b".to_owned(),
                headers: own
                    .iter()
                    .chain(&headers)
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                body: body.map(<[u8]>::to_vec),
            };
            let expected = expected.replace("OWN", "User-Agent:u Accept:a Accept-Encoding:g");
            assert_eq!(httpie(&outgoing), expected);
        }
    }
}
