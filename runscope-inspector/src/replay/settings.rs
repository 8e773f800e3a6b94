use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// Where requests may be sent again, and what an answer may cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The hosts. Default: none, which turns replay off.
    pub to: Vec<AllowedHost>,
    /// How long one replay may take, from the name's resolution to the end of the answer's body.
    /// Default: 30 s.
    pub time: Duration,
    /// The bytes of an answer's body that are kept; the rest is not read. Default: 4 MiB.
    pub bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: Vec::new(),
            time: Duration::from_secs(30),
            bytes: 4 << 20,
        }
    }
}

impl Settings {
    /// Whether there is any host to send to.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.to.is_empty()
    }
}

/// A host that requests may be sent to: `HOST` with the port that its scheme has by default, or
/// `HOST:PORT`. An IPv6 address with a port stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// A name in lower case, or an address.
    pub(super) host: Host,
    pub(super) port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

impl FromStr for AllowedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost(text.to_owned());
        if let Ok(address) = without_brackets(text).parse::<IpAddr>() {
            return Ok(Self::address(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, Some(port.ok_or_else(invalid)?))
            }
            None => (text, None),
        };
        if let Ok(address) = without_brackets(host).parse::<IpAddr>() {
            return Ok(Self::address(address, port));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() || !host.bytes().all(allowed) {
            return Err(invalid());
        }
        Ok(Self {
            host: Host::Name(host.to_ascii_lowercase()),
            port,
        })
    }
}

impl AllowedHost {
    fn address(address: IpAddr, port: Option<u16>) -> Self {
        Self {
            host: Host::Address(address.to_canonical()),
            port,
        }
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (Host::Name(name), _) => f.write_str(name)?,
            (Host::Address(IpAddr::V6(address)), Some(_)) => write!(f, "[{address}]")?,
            (Host::Address(address), _) => write!(f, "{address}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// A text that is no `HOST[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHost(String);

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a host with an optional port, such as api.example, localhost:3000 or [::1]:3000",
            self.0
        )
    }
}

impl std::error::Error for InvalidHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, expected) in [
            ("API.example", Some("api.example")),
            ("localhost:3000", Some("localhost:3000")),
            ("127.0.0.1:80", Some("127.0.0.1:80")),
            ("::1", Some("::1")),
            ("[::1]", Some("::1")),
            ("[::1]:3000", Some("[::1]:3000")),
            ("::ffff:127.0.0.1", Some("127.0.0.1")),
            ("", None),
            (":80", None),
            ("a:0", None),
            ("a:x", None),
            ("a:70000", None),
            ("http://a", None),
            ("*.example", None),
            ("a/b", None),
            ("a@b", None),
        ] {
            let found = text
                .parse::<AllowedHost>()
                .ok()
                .map(|host| host.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
