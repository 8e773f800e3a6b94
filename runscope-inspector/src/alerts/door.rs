//! Where channels may send. Pure: names are resolved elsewhere, and every address passes here.
//!
//! Channels reach public addresses, with TLS. Hosts of a private network, and of this machine, are
//! reached where the operator lists them, and these may be spoken to without TLS.

use crate::addresses::special;
use crate::replay::{AllowedHost, Host, Target, is_listed};
use std::net::IpAddr;

/// Why a place is none to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) fix: &'static str,
}

const LIST: &str =
    "start the server with --alert-host HOST[:PORT] (RUNSCOPE_INSPECTOR_ALERT_HOST) to allow it";

/// Judges a URL as far as can be done without looking up its name.
pub(super) fn check_url(url: &str, allowed: &[AllowedHost]) -> Result<Target, Refused> {
    let target = Target::of(url).map_err(|_| Refused {
        reason: "it is no http or https URL with a host".to_owned(),
        fix: "copy the whole URL",
    })?;
    let listed = is_listed(allowed, &target.host, target.port, target.default_port());
    if !target.tls && !listed {
        return Err(Refused {
            reason: "what is sent could be read on its way, its secrets too".to_owned(),
            fix: "write an https URL, or allow the host with --alert-host (RUNSCOPE_INSPECTOR_ALERT_HOST)",
        });
    }
    check_host(&target.host, listed)?;
    Ok(target)
}

/// The same for a mail server.
pub(super) fn check_server(
    name: &str,
    port: u16,
    plain: bool,
    allowed: &[AllowedHost],
) -> Result<Target, Refused> {
    let mut target = Target::of(&format!("https://{name}:{port}/")).map_err(|_| Refused {
        reason: "it is no host".to_owned(),
        fix: "write HOST or HOST:PORT",
    })?;
    target.tls = !plain;
    let listed = is_listed(allowed, &target.host, port, port);
    if plain && !listed {
        return Err(Refused {
            reason: "mail without TLS could be read on its way".to_owned(),
            fix: "choose starttls or tls, or allow the host with --alert-host (RUNSCOPE_INSPECTOR_ALERT_HOST)",
        });
    }
    check_host(&target.host, listed)?;
    Ok(target)
}

fn check_host(host: &Host, listed: bool) -> Result<(), Refused> {
    match host {
        Host::Address(address) if !listed => check_public(*address),
        Host::Name(name) if !listed && (name == "localhost" || name.ends_with(".localhost")) => {
            Err(Refused {
                reason: "it is this machine".to_owned(),
                fix: LIST,
            })
        }
        _ => Ok(()),
    }
}

/// Judges the addresses that a name led to. A listed name may lead into a private network; to this
/// machine only where it is `localhost`, and to a cloud's metadata only where the address itself is
/// listed. A host that is listed without a port is meant with `default`: that of a URL's scheme, or
/// whichever a mail server has.
pub(super) fn check_addresses(
    target: &Target,
    default: u16,
    addresses: &[IpAddr],
    allowed: &[AllowedHost],
) -> Result<(), Refused> {
    let listed = |host: &Host| is_listed(allowed, host, target.port, default);
    let name = listed(&target.host);
    let own = matches!(&target.host, Host::Name(name) if name == "localhost");
    for address in addresses {
        let itself = listed(&Host::Address(address.to_canonical()));
        let fine = itself || name && (special(*address).is_none() || own && address.is_loopback());
        if !fine {
            check_public(*address)?;
        }
    }
    Ok(())
}

fn check_public(address: IpAddr) -> Result<(), Refused> {
    match special(address).or_else(|| private(address)) {
        Some(kind) => Err(Refused {
            reason: format!("it leads to {address}, {kind}"),
            fix: LIST,
        }),
        None => Ok(()),
    }
}

/// What makes an address one of a network that is not everybody's: RFC 1918, RFC 6598, RFC 4193.
fn private(address: IpAddr) -> Option<&'static str> {
    const PRIVATE: &str = "an address of a private network";
    let is_private = match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            address.is_private()
                || first == 100 && (64..128).contains(&second)
                || first == 192 && second == 0 && third == 0
                || first == 198 && (second == 18 || second == 19)
                || first >= 240
        }
        IpAddr::V6(address) => {
            let [first, second, .., seventh, eighth] = address.segments();
            let inner = |high: u16, low: u16| {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                private(IpAddr::from([a, b, c, d])).is_some()
            };
            first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfec0
                || first == 0x2002 && inner(second, address.segments()[2])
                || (first == 0x64 && second == 0xff9b || address.segments()[..6] == [0; 6])
                    && inner(seventh, eighth)
        }
    };
    is_private.then_some(PRIVATE)
}

/// Scheme and host of a URL; what comes after them may be a secret, and what stands before the host.
pub(super) fn without_path(url: &str) -> String {
    match Target::of(url) {
        Ok(target) => {
            let scheme = if target.tls { "https" } else { "http" };
            format!("{scheme}://{}/…", target.authority)
        }
        Err(_) => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> Vec<AllowedHost> {
        list.iter().map(|host| host.parse().unwrap()).collect()
    }

    #[test]
    fn channels_send_to_public_hosts_with_tls_and_to_those_that_are_listed() {
        let listed = hosts(&["127.0.0.1:9000", "hooks.lan", "localhost:25"]);
        for (url, fine) in [
            ("https://hooks.slack.com/services/T/B/x", true),
            ("http://hooks.slack.com/services/T/B/x", false),
            ("https://10.0.0.1/", false),
            ("https://192.168.1.1/", false),
            ("https://172.16.0.1/", false),
            ("https://100.64.0.1/", false),
            ("https://127.0.0.1/", false),
            ("https://0x7f.1/", false),
            ("https://[::1]/", false),
            ("https://[fd00::1]/", false),
            ("https://[::ffff:10.0.0.1]/", false),
            ("https://[64:ff9b::a00:1]/", false),
            ("https://169.254.169.254/", false),
            ("https://localhost/", false),
            ("https://a.localhost/", false),
            ("https://240.0.0.1/", false),
            ("http://127.0.0.1:9000/hook", true),
            ("http://127.0.0.1:9001/hook", false),
            ("http://hooks.lan/x", true),
            ("ftp://hooks.lan/x", false),
            ("hooks.slack.com", false),
        ] {
            assert_eq!(check_url(url, &listed).is_ok(), fine, "{url}");
        }
        for (host, port, plain, fine) in [
            ("smtp.example", 587, false, true),
            ("smtp.example", 25, true, false),
            ("localhost", 25, true, true),
            ("10.0.0.1", 587, false, false),
            ("a b", 25, false, false),
        ] {
            assert_eq!(
                check_server(host, port, plain, &listed).is_ok(),
                fine,
                "{host}"
            );
        }
    }

    #[test]
    fn every_address_of_a_name_is_judged() {
        let listed = hosts(&["hooks.lan", "localhost", "169.254.169.254"]);
        for (url, address, fine) in [
            ("https://hooks.example/", "93.184.215.14", true),
            ("https://hooks.example/", "10.0.0.1", false),
            ("https://hooks.example/", "127.0.0.1", false),
            ("https://hooks.lan/", "10.0.0.1", true),
            ("https://hooks.lan/", "127.0.0.1", false),
            ("https://hooks.lan/", "169.254.169.254", true),
            ("https://hooks.lan/", "168.63.129.16", false),
            ("http://localhost/", "127.0.0.1", true),
        ] {
            let target = check_url(url, &listed).unwrap();
            let addresses = ["93.184.215.14".parse().unwrap(), address.parse().unwrap()];
            let judged = check_addresses(&target, target.default_port(), &addresses, &listed);
            assert_eq!(judged.is_ok(), fine, "{url} {address}");
        }
        for (host, address, fine) in [
            ("hooks.lan", "10.0.0.1", true),
            ("localhost", "127.0.0.1", true),
            ("mail.example", "10.0.0.1", false),
            ("mail.example", "93.184.215.14", true),
        ] {
            let target = check_server(host, 587, false, &listed).unwrap();
            let judged = check_addresses(&target, 587, &[address.parse().unwrap()], &listed);
            assert_eq!(judged.is_ok(), fine, "{host} {address}");
        }
    }

    #[test]
    fn the_secret_part_of_a_url_is_not_shown() {
        for (url, shown) in [
            (
                "https://hooks.slack.com/services/T/B/x?y#z",
                "https://hooks.slack.com/…",
            ),
            (
                "https://me:pw@hooks.example:8443/a",
                "https://hooks.example:8443/…",
            ),
            ("nothing", "…"),
        ] {
            assert_eq!(without_path(url), shown);
        }
    }
}
