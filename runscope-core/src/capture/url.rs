//! The full URL of a request, put together from the parts that the framework knows.

/// The parts of a request's target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) scheme: &'a str,
    /// The host with an optional port; never userinfo.
    pub(crate) authority: Option<&'a str>,
    pub(crate) path_and_query: &'a str,
}

impl Target<'_> {
    /// `scheme://authority`, and a slash where the path has none. The scheme's default port is left
    /// out. A request that names no host (HTTP/1.0) gets `localhost`, so that the URL still parses.
    pub(crate) fn origin(&self) -> String {
        let authority = self
            .authority
            .map(without_userinfo)
            .filter(|text| !text.is_empty());
        let authority = without_default_port(self.scheme, authority.unwrap_or("localhost"));
        let slash = match self.path_and_query.starts_with('/') {
            true => "",
            false => "/",
        };
        [self.scheme, "://", authority, slash].concat()
    }
}

fn without_userinfo(authority: &str) -> &str {
    match memchr::memrchr(b'@', authority.as_bytes()) {
        Some(at) => authority.get(at + 1..).unwrap_or_default(),
        None => authority,
    }
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    // An IPv6 literal ends in a bracket, so a bare `::80` is never cut.
    match authority.strip_suffix(port) {
        Some(host) if !host.contains(':') || host.ends_with(']') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_whole_and_without_default_ports() {
        for (scheme, authority, path, url) in [
            (
                "http",
                Some("a.example"),
                "/x?y=1",
                "http://a.example/x?y=1",
            ),
            ("http", Some("a.example:80"), "/", "http://a.example/"),
            ("https", Some("a.example:443"), "/", "https://a.example/"),
            ("https", Some("a.example:80"), "/", "https://a.example:80/"),
            (
                "http",
                Some("a.example:8080"),
                "/",
                "http://a.example:8080/",
            ),
            ("http", Some("[::1]:80"), "/", "http://[::1]/"),
            ("http", Some("[::80]"), "/", "http://[::80]/"),
            ("http", Some("user:pw@a.example"), "/", "http://a.example/"),
            ("http", None, "/x", "http://localhost/x"),
            ("http", Some(""), "/x", "http://localhost/x"),
            ("http", Some("a.example"), "", "http://a.example/"),
            ("http", Some("a.example"), "?q", "http://a.example/?q"),
        ] {
            let target = Target {
                scheme,
                authority,
                path_and_query: path,
            };
            assert_eq!(target.origin() + path, url);
        }
    }
}
