//! Which addresses nobody means by a name: what this machine is made to call must not lead there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is said of an address that leads back to this machine.
pub(crate) const LOOPBACK: &str = "an address of this machine";

/// What makes an address one that nobody means by a name.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    /// Metadata services of clouds outside of the link-local range: Alibaba, Azure, Oracle.
    const METADATA: [Ipv4Addr; 3] = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
        Ipv4Addr::new(192, 0, 0, 192),
    ];
    if address.is_loopback() || address.octets()[0] == 0 {
        Some(LOOPBACK)
    } else if address.is_link_local() {
        Some("a link-local address")
    } else if METADATA.contains(&address) {
        Some("the address of a cloud's metadata")
    } else if address.is_multicast() || address.is_broadcast() {
        Some("no address of one machine")
    } else {
        None
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    /// Amazon's metadata service.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let [first, second, third, .., seventh, eighth] = address.segments();
    let inner = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    if address.is_loopback() || address.is_unspecified() {
        Some(LOOPBACK)
    } else if first & 0xffc0 == 0xfe80 {
        Some("a link-local address")
    } else if address == METADATA {
        Some("the address of a cloud's metadata")
    } else if address.is_multicast() {
        Some("no address of one machine")
    } else if first == 0x2002 {
        // An IPv4 address within one of 6to4 (RFC 3056).
        inner(second, third)
    } else if first == 0x64 && second == 0xff9b || address.segments()[..6] == [0; 6] {
        // Within one of NAT64 (RFC 6052), or written as one of IPv6 (RFC 4291, section 2.5.5.1).
        inner(seventh, eighth)
    } else {
        None
    }
}
