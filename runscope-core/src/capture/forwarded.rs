//! What trusted proxies say of the client: RFC 7239 and the older `X-Forwarded-*` headers.

use std::net::IpAddr;

/// The forwarding headers of one request: each header's lines joined, as HTTP lets them be
/// (RFC 9110, section 5.3). Empty where the header was not sent.
#[derive(Debug, Default)]
pub(crate) struct Forwarding {
    forwarded: String,
    x_for: String,
    x_proto: String,
    x_host: String,
}

/// What the outermost trusted proxy saw.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) scheme: Option<&'static str>,
    pub(crate) host: Option<&'a str>,
}

impl Forwarding {
    /// Picks the forwarding headers out of a request's headers, whose names are in lower case.
    pub(crate) fn new<'h>(headers: impl Iterator<Item = (&'h [u8], &'h [u8])>) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            let list = match name {
                b"forwarded" => &mut all.forwarded,
                b"x-forwarded-for" => &mut all.x_for,
                b"x-forwarded-proto" => &mut all.x_proto,
                b"x-forwarded-host" => &mut all.x_host,
                _ => continue,
            };
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&String::from_utf8_lossy(value));
        }
        all
    }

    /// Believes the last `hops` entries, which the app's own proxies appended, and no further:
    /// anything to the left of them was written by the client.
    pub(crate) fn client(&self, hops: usize) -> Client<'_> {
        if hops == 0 {
            return Client::default();
        }
        if !self.forwarded.is_empty() {
            let element = nth_from_right(&self.forwarded, hops).unwrap_or_default();
            return Client {
                address: parameter(element, "for").and_then(address),
                scheme: parameter(element, "proto").and_then(scheme),
                host: parameter(element, "host").and_then(host),
            };
        }
        Client {
            address: nth_from_right(&self.x_for, hops).and_then(address),
            scheme: nth_or_only(&self.x_proto, hops).and_then(scheme),
            host: nth_or_only(&self.x_host, hops).and_then(host),
        }
    }
}

fn nth_from_right(list: &str, nth: usize) -> Option<&str> {
    list.rsplit(',').nth(nth.checked_sub(1)?).map(str::trim)
}

/// A proxy that overwrites a header instead of appending to it leaves one entry, its own.
fn nth_or_only(list: &str, nth: usize) -> Option<&str> {
    if list.contains(',') {
        nth_from_right(list, nth)
    } else {
        Some(list)
    }
}

/// A parameter of one `forwarded-element`; its name is case-insensitive and its value may be quoted.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = value.trim();
        let unquoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        key.trim()
            .eq_ignore_ascii_case(name)
            .then_some(unquoted.unwrap_or(value))
    })
}

/// An address with or without a port; IPv6 may be in brackets.
fn address(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    match node.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse().ok(),
        None => node.rsplit_once(':')?.0.parse().ok(),
    }
}

fn scheme(text: &str) -> Option<&'static str> {
    ["https", "http"]
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

fn host(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (!text.is_empty() && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x(list: &str, proto: &str) -> Forwarding {
        Forwarding {
            x_for: list.into(),
            x_proto: proto.into(),
            x_host: "shop.example".into(),
            ..Forwarding::default()
        }
    }

    #[test]
    fn only_as_many_entries_are_believed_as_there_are_proxies() {
        let spoofed = x("6.6.6.6, 203.0.113.7, 10.0.0.2", "https");
        for (hops, address) in [
            (0, None),
            (1, Some("10.0.0.2")),
            (2, Some("203.0.113.7")),
            (3, Some("6.6.6.6")),
            (4, None),
        ] {
            let address = address.map(|text| text.parse().unwrap());
            assert_eq!(spoofed.client(hops).address, address, "{hops} hops");
        }
        assert_eq!(spoofed.client(0), Client::default());
    }

    #[test]
    fn scheme_and_host_come_from_the_same_hop() {
        for (proto, hops, scheme) in [
            ("https", 1, Some("https")),
            ("HTTPS", 2, Some("https")),
            ("https, http", 1, Some("http")),
            ("https, http", 2, Some("https")),
            ("gopher", 1, None),
        ] {
            let forwarding = x("1.1.1.1, 2.2.2.2", proto);
            let client = forwarding.client(hops);
            assert_eq!(client.scheme, scheme, "{proto} by {hops}");
            assert_eq!(client.host, Some("shop.example"));
        }
    }

    #[test]
    fn the_standard_header_is_read_in_all_its_forms() {
        for (value, hops, address, scheme, host) in [
            (
                "for=192.0.2.60;proto=http;host=a.example",
                1,
                "192.0.2.60",
                Some("http"),
                Some("a.example"),
            ),
            ("For=\"[2001:db8::17]:4711\"", 1, "2001:db8::17", None, None),
            (
                "for=192.0.2.43, for=198.51.100.17:80;Proto=\"https\"",
                1,
                "198.51.100.17",
                Some("https"),
                None,
            ),
            (
                "for=192.0.2.43, for=198.51.100.17",
                2,
                "192.0.2.43",
                None,
                None,
            ),
        ] {
            let forwarding = Forwarding {
                forwarded: value.into(),
                ..x("9.9.9.9", "https")
            };
            let expected = Client {
                address: address.parse().ok(),
                scheme,
                host,
            };
            assert_eq!(forwarding.client(hops), expected, "{value}");
        }
    }

    #[test]
    fn lines_of_one_header_are_one_list() {
        let lines: [(&[u8], &[u8]); 3] = [
            (b"x-forwarded-for", b"1.1.1.1"),
            (b"accept", b"*/*"),
            (b"x-forwarded-for", b"2.2.2.2"),
        ];
        let forwarding = Forwarding::new(lines.into_iter());
        assert_eq!(forwarding.client(2).address, "1.1.1.1".parse().ok());
        assert_eq!(forwarding.client(1).address, "2.2.2.2".parse().ok());
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in ["unknown", "_hidden", "", ",,,", "[::1", "1.2.3", "\u{e9}"] {
            assert_eq!(x(value, "").client(1).address, None, "{value}");
        }
        let host = Forwarding {
            x_host: "evil.example/path?".into(),
            ..Forwarding::default()
        };
        assert_eq!(host.client(1).host, None);
    }
}
