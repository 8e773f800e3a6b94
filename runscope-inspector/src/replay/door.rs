//! Where a replay may go. Pure: names are resolved elsewhere, and every address passes here.

use super::settings::{AllowedHost, Host, Settings};
use crate::addresses::{LOOPBACK, special};
use std::fmt;
use std::net::IpAddr;
use url::{Position, Url};

/// A URL as it is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// The path with its query.
    pub(crate) path: String,
    /// The host with its port where it is not the scheme's own.
    pub(crate) authority: String,
}

/// Why a replay may not go where it was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Replay is not switched on.
    Off,
    /// The URL is not one of http or https with a host.
    Url,
    /// The host is not on the list.
    Host(String),
    /// The host is on the list, and its name leads to an address that only the list itself can allow.
    Address { address: IpAddr, kind: &'static str },
    /// The headers can't be sent.
    Header(String),
}

impl Target {
    /// Reads a URL the way a browser does, so that no other spelling of an address gets by: `0x7f.1` is
    /// `127.0.0.1` here already.
    pub(crate) fn of(url: &str) -> Result<Self, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::Url)?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(Refused::Url),
        };
        let host = match url.host().ok_or(Refused::Url)? {
            url::Host::Domain(name) => Host::Name(name.trim_end_matches('.').to_ascii_lowercase()),
            url::Host::Ipv4(address) => Host::Address(address.into()),
            url::Host::Ipv6(address) => Host::Address(IpAddr::V6(address).to_canonical()),
        };
        Ok(Self {
            tls,
            host,
            port: url.port_or_known_default().ok_or(Refused::Url)?,
            path: url[Position::BeforePath..Position::AfterQuery].to_owned(),
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        })
    }

    /// Passes a host that is on the list.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Refused> {
        if !settings.is_on() {
            return Err(Refused::Off);
        }
        if is_listed(&settings.to, &self.host, self.port, self.default_port()) {
            Ok(())
        } else {
            Err(Refused::Host(self.authority.clone()))
        }
    }

    /// Passes the addresses that a name led to, if every one of them will do.
    pub(super) fn check_addresses(
        &self,
        addresses: &[IpAddr],
        settings: &Settings,
    ) -> Result<(), Refused> {
        for &address in addresses {
            let Some(kind) = special(address) else {
                continue;
            };
            let named = matches!(&self.host, Host::Name(name) if name == "localhost");
            let own = named && kind == LOOPBACK;
            let host = Host::Address(address.to_canonical());
            if !own && !is_listed(&settings.to, &host, self.port, self.default_port()) {
                return Err(Refused::Address { address, kind });
            }
        }
        Ok(())
    }

    /// The port that the URL's scheme has by itself.
    pub(crate) fn default_port(&self) -> u16 {
        if self.tls { 443 } else { 80 }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str(
                "replay is off; --replay-to HOST[:PORT] (RUNSCOPE_INSPECTOR_REPLAY_TO) switches it on for a host",
            ),
            Self::Url => f.write_str("only a whole http or https URL can be sent to"),
            Self::Host(host) => write!(
                f,
                "{host} is not among the hosts that requests may be sent to; --replay-to (RUNSCOPE_INSPECTOR_REPLAY_TO) adds one"
            ),
            Self::Address { address, kind } => write!(
                f,
                "the host's name leads to {address}, {kind}; that is only sent to where --replay-to (RUNSCOPE_INSPECTOR_REPLAY_TO) has the address itself"
            ),
            Self::Header(name) => write!(f, "the header {name} can't be sent"),
        }
    }
}

/// Whether a list has a host, with this port or without any where it is the scheme's own.
pub(crate) fn is_listed(list: &[AllowedHost], host: &Host, port: u16, default: u16) -> bool {
    list.iter()
        .any(|allowed| allowed.host == *host && allowed.port.unwrap_or(default) == port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(to: &[&str]) -> Settings {
        Settings {
            to: to.iter().map(|host| host.parse().unwrap()).collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn only_hosts_of_the_list_are_sent_to_and_only_on_their_ports() {
        let listed = settings(&[
            "api.example",
            "localhost:3000",
            "127.0.0.1:3000",
            "[::1]:80",
        ]);
        for (url, allowed) in [
            ("http://api.example/x", true),
            ("https://API.example./x", true),
            ("http://api.example:8080/", false),
            ("http://localhost:3000/", true),
            ("http://localhost/", false),
            ("http://127.0.0.1:3000/", true),
            ("http://0x7f.1:3000/", true),
            ("http://2130706433:3000/", true),
            ("http://[::ffff:127.0.0.1]:3000/", true),
            ("http://127.0.0.2:3000/", false),
            ("http://[::1]/", true),
            ("http://api.example@evil.example/", false),
            ("http://evil.example\\@api.example/", false),
            ("http://evil.example#@api.example/", false),
            ("http://api.example.evil.example/", false),
            ("http://xapi.example/", false),
        ] {
            let target = Target::of(url).unwrap();
            assert_eq!(target.check(&listed).is_ok(), allowed, "{url}");
        }
        let target = Target::of("http://api.example/").unwrap();
        assert_eq!(target.check(&settings(&[])), Err(Refused::Off));
    }

    #[test]
    fn only_http_is_spoken() {
        for url in [
            "file:///etc/passwd",
            "ftp://h/",
            "javascript:alert(1)",
            "/x",
            "http://",
            "gopher://h/",
        ] {
            assert_eq!(Target::of(url), Err(Refused::Url), "{url}");
        }
    }

    #[test]
    fn a_name_that_leads_to_a_special_address_is_refused_unless_the_list_has_it() {
        let named = settings(&["api.example:80"]);
        let literal = settings(&["api.example:80", "169.254.169.254", "127.0.0.1:80"]);
        for (address, by_name, by_literal) in [
            ("93.184.216.34", true, true),
            ("10.0.0.1", true, true),
            ("192.168.1.1", true, true),
            ("2606:2800::1", true, true),
            ("169.254.169.254", false, true),
            ("::ffff:169.254.169.254", false, true),
            ("64:ff9b::169.254.169.254", false, false),
            ("::ffff:0:169.254.169.254", false, false),
            ("2001:0:5db8:d822::5601:5601", false, false),
            ("2606:2800::5efe:169.254.169.254", false, false),
            ("2002:a9fe:a9fe::1", false, false),
            ("::169.254.169.254", false, false),
            ("169.254.0.1", false, false),
            ("fe80::1", false, false),
            ("fd00:ec2::254", false, false),
            ("100.100.100.200", false, false),
            ("168.63.129.16", false, false),
            ("127.0.0.1", false, true),
            ("127.0.0.2", false, false),
            ("0.0.0.0", false, false),
            ("0.1.2.3", false, false),
            ("::", false, false),
            ("::1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("ff02::1", false, false),
        ] {
            let target = Target::of("http://api.example/").unwrap();
            // One bad address among good ones is enough.
            let addresses = ["93.184.216.34", address].map(|address| address.parse().unwrap());
            assert_eq!(
                target.check_addresses(&addresses, &named).is_ok(),
                by_name,
                "{address}"
            );
            assert_eq!(
                target.check_addresses(&addresses, &literal).is_ok(),
                by_literal,
                "{address}"
            );
        }
        let target = Target::of("http://localhost/").unwrap();
        let own = ["127.0.0.1".parse().unwrap()];
        assert_eq!(
            target.check_addresses(&own, &settings(&["localhost"])),
            Ok(())
        );
    }
}
