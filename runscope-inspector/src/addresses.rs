//! Which addresses nobody means by a name: what this machine is made to call must not lead there.
//!
//! The tables follow IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>). Private networks are not among what
//! is special here: a name that leads into one is how services are called at home. Anycast addresses
//! that the registries call globally reachable are as good as any other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is said of an address that leads back to this machine.
pub(crate) const LOOPBACK: &str = "an address of this machine";

const LINK_LOCAL: &str = "a link-local address";
const METADATA: &str = "the address of a cloud's metadata";
const NO_MACHINE: &str = "no address of one machine";

/// What makes an address one that nobody means by a name. One of IPv6 that has an address of IPv4 in
/// it is judged by that, as there is a gateway that does the same.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

/// A network, the length of its prefix, and what it is.
type Network<A> = (A, u32, &'static str);

#[rustfmt::skip]
const V4: [Network<Ipv4Addr>; 13] = [
    // "This network" (RFC 791); many systems take 0.0.0.0 for this machine.
    (Ipv4Addr::new(0, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    // Metadata outside of the link-local range: Alibaba, Azure, Oracle.
    (Ipv4Addr::new(100, 100, 100, 200), 32, METADATA),
    (Ipv4Addr::new(168, 63, 129, 16), 32, METADATA),
    (Ipv4Addr::new(192, 0, 0, 192), 32, METADATA),
    // Protocol assignments (RFC 6890), documentation (RFC 5737), relays of 6to4 (RFC 7526).
    (Ipv4Addr::new(192, 0, 0, 0), 24, NO_MACHINE),
    (Ipv4Addr::new(192, 0, 2, 0), 24, NO_MACHINE),
    (Ipv4Addr::new(198, 51, 100, 0), 24, NO_MACHINE),
    (Ipv4Addr::new(203, 0, 113, 0), 24, NO_MACHINE),
    (Ipv4Addr::new(192, 88, 99, 0), 24, NO_MACHINE),
    // Multicast (RFC 5771); reserved, with the broadcast address (RFC 1112).
    (Ipv4Addr::new(224, 0, 0, 0), 4, NO_MACHINE),
    (Ipv4Addr::new(240, 0, 0, 0), 4, NO_MACHINE),
];

#[rustfmt::skip]
const V6: [Network<Ipv6Addr>; 13] = [
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (Ipv6Addr::UNSPECIFIED, 128, LOOPBACK),
    // Link-local, and the site-local ones that it was taken back from (RFC 3879).
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    // Metadata and what belongs to it, in networks that are private otherwise: Amazon, Google, Oracle,
    // Scaleway.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, METADATA),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, METADATA),
    (Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128, METADATA),
    (Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128, METADATA),
    // Benchmarking (RFC 5180), hashes in the place of addresses (RFC 4843, RFC 7343), documentation
    // (RFC 3849, RFC 9637).
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, NO_MACHINE),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, NO_MACHINE),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, NO_MACHINE),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, NO_MACHINE),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, NO_MACHINE),
];

/// Where machines have their addresses: global unicast (RFC 4291) and private networks (RFC 4193). What
/// is in neither, such as multicast, the discard prefix or segment identifiers, is no machine's.
const UNICAST: [(Ipv6Addr, u32); 2] = [
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let known = V4.iter().find(|(network, length, _)| {
        let differs = address.to_bits() ^ network.to_bits();
        differs.leading_zeros() >= *length
    });
    known.map(|(_, _, kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let known = V6
        .iter()
        .find(|(network, length, _)| is_in(address, *network, *length));
    if let Some((_, _, kind)) = known {
        return Some(kind);
    }
    let inner = inner(address);
    if !inner.is_empty() {
        return inner.into_iter().find_map(special_v4);
    }
    let unicast = UNICAST
        .iter()
        .any(|(network, length)| is_in(address, *network, *length));
    (!unicast).then_some(NO_MACHINE)
}

fn is_in(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

/// The addresses of IPv4 to which one of IPv6 leads, or may lead.
fn inner(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = address.to_bits();
    // The 32 bits that begin so many bits before the end.
    let at = |shift: u32| {
        let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // IPv4-compatible (RFC 4291, section 2.5.5.1), translated by SIIT (RFC 2765, section 2.1), NAT64
        // (RFC 6052, section 2.1).
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            vec![at(0)]
        }
        // NAT64 of a network's own (RFC 8215) with the shortest suffix, or with one of the others: which,
        // only that network knows. Bits 64 to 71 are no part of the address (RFC 6052, section 2.2).
        [0x64, 0xff9b, 1, 0, 0, 0, ..] => vec![at(0)],
        [0x64, 0xff9b, 1, ..] => {
            let before = (bits >> 64) << 56;
            let after = bits & (u128::MAX >> 72);
            let joined = before | after;
            let joined_at = |shift: u32| {
                let [.., a, b, c, d] = (joined >> shift).to_be_bytes();
                Ipv4Addr::new(a, b, c, d)
            };
            let mut inner = vec![joined_at(40), joined_at(32), joined_at(24)];
            // A suffix of zeros is the end of one of those.
            inner.extend(Some(at(0)).filter(|inner| !inner.is_unspecified()));
            inner
        }
        // 6to4 (RFC 3056, section 2).
        [0x2002, ..] => vec![at(80)],
        // Teredo: its server, and the client with all bits turned (RFC 4380, section 4).
        [0x2001, 0, ..] => vec![at(64), Ipv4Addr::from_bits(!at(0).to_bits())],
        // ISATAP within any network; two bits tell who gave the identifier out (RFC 5214, section 6.1).
        [_, _, _, _, high, 0x5efe, ..] if high & 0xfcff == 0 => vec![at(0)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_name_is_meant_to_lead_to_is_told_in_words() {
        for (kind, addresses) in [
            (
                Some(LOOPBACK),
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "127.0.0.1",
                    "127.255.255.255",
                    "::",
                    "::1",
                ][..],
            ),
            (
                Some(LINK_LOCAL),
                &[
                    "169.254.0.0",
                    "169.254.169.254",
                    "169.254.170.2",
                    "fe80::1",
                    "febf::1",
                    "fec0::1",
                    "feff:ffff::1",
                ],
            ),
            (
                Some(METADATA),
                &[
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.192",
                    "fd00:ec2::254",
                    "fd00:ec2::23",
                    "fd20:ce::254",
                    "fd00:c1::a9fe:a9fe",
                    "fd00:42::42",
                ],
            ),
            (
                Some(NO_MACHINE),
                &[
                    "192.0.0.8",
                    "192.0.0.171",
                    "192.0.2.1",
                    "198.51.100.1",
                    "203.0.113.255",
                    "192.88.99.1",
                    "224.0.0.1",
                    "239.255.255.255",
                    "240.0.0.1",
                    "255.255.255.255",
                    "100::1",
                    "100:0:0:1::1",
                    "2001:2::1",
                    "2001:10::1",
                    "2001:2f::1",
                    "2001:db8::1",
                    "3fff:fff::1",
                    "5f00::1",
                    "4000::1",
                    "e000::1",
                    "ff02::1",
                    "ff0e::1",
                    "64:ff9b:2::1",
                    "1::8.8.8.8",
                ],
            ),
            // Public, private, shared by a provider's customers, of a laboratory, anycast.
            (
                None,
                &[
                    "93.184.216.34",
                    "1.0.0.1",
                    "126.255.255.255",
                    "128.0.0.1",
                    "169.253.255.255",
                    "10.0.0.1",
                    "172.16.0.1",
                    "192.168.1.1",
                    "100.64.0.1",
                    "198.18.0.1",
                    "192.31.196.1",
                    "192.52.193.1",
                    "192.175.48.1",
                    "223.255.255.255",
                    "2606:2800::1",
                    "2001:4860:4860::8888",
                    "2001:1::1",
                    "2001:3::1",
                    "2001:4:112::1",
                    "2001:30::1",
                    "2620:4f:8000::1",
                    "3ffe::1",
                    "fc00::1",
                    "fdff::1",
                    "fd20:ce::1",
                ],
            ),
        ] {
            for address in addresses {
                let parsed = address.parse().unwrap();
                assert_eq!(special(parsed), kind, "{address}");
            }
        }
    }

    #[test]
    fn an_address_within_another_is_judged_by_itself() {
        // Each form with 169.254.169.254, 127.0.0.1, 10.0.0.1 and 93.184.216.34 in it.
        for (form, addresses) in [
            (
                "mapped",
                [
                    "::ffff:169.254.169.254",
                    "::ffff:127.0.0.1",
                    "::ffff:10.0.0.1",
                    "::ffff:93.184.216.34",
                ],
            ),
            (
                "compatible",
                [
                    "::169.254.169.254",
                    "::127.0.0.1",
                    "::10.0.0.1",
                    "::93.184.216.34",
                ],
            ),
            (
                "SIIT",
                [
                    "::ffff:0:169.254.169.254",
                    "::ffff:0:127.0.0.1",
                    "::ffff:0:10.0.0.1",
                    "::ffff:0:93.184.216.34",
                ],
            ),
            (
                "NAT64",
                [
                    "64:ff9b::169.254.169.254",
                    "64:ff9b::127.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "64:ff9b::93.184.216.34",
                ],
            ),
            (
                "a network's NAT64",
                [
                    "64:ff9b:1::169.254.169.254",
                    "64:ff9b:1::127.0.0.1",
                    "64:ff9b:1::10.0.0.1",
                    "64:ff9b:1::93.184.216.34",
                ],
            ),
            (
                "6to4",
                [
                    "2002:a9fe:a9fe::1",
                    "2002:7f00:1::1",
                    "2002:a00:1::1",
                    "2002:5db8:d822::1",
                ],
            ),
            (
                "Teredo's client",
                [
                    "2001:0:5db8:d822:0:0:5601:5601",
                    "2001:0:5db8:d822:8000:ffff:80ff:fffe",
                    "2001:0:5db8:d822::f5ff:fffe",
                    "2001:0:5db8:d822::a247:27dd",
                ],
            ),
            (
                "Teredo's server",
                [
                    "2001:0:a9fe:a9fe::a247:27dd",
                    "2001:0:7f00:1::a247:27dd",
                    "2001:0:a00:1::a247:27dd",
                    "2001:0:5db8:d822::a247:27dd",
                ],
            ),
            (
                "ISATAP",
                [
                    "2606:2800::5efe:169.254.169.254",
                    "2606:2800::200:5efe:127.0.0.1",
                    "fd12::5efe:10.0.0.1",
                    "2606:2800::200:5efe:93.184.216.34",
                ],
            ),
        ] {
            let kinds = addresses.map(|address| special(address.parse().unwrap()));
            let expected = [Some(LINK_LOCAL), Some(LOOPBACK), None, None];
            assert_eq!(kinds, expected, "{form}");
        }
        // 169.254.169.254 behind the other prefixes that a network can have for its NAT64.
        for address in [
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:5da9:fe:a9fe::",
            "64:ff9b:1:5d5d:a9:fea9:fe00:0",
            "64:ff9b:1:5d5d:5d:5d5d:169.254.169.254",
        ] {
            let kind = special(address.parse().unwrap());
            assert_eq!(kind, Some(LINK_LOCAL), "{address}");
        }
        for address in [
            "64:ff9b:1:5db8:d8:2200::",
            "64:ff9b:1:5d5d:b8:d822::",
            "64:ff9b:1:5d5d:5d:b8d8:2200:0",
            "64:ff9b:1:5d5d:5d:5d5d:93.184.216.34",
        ] {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }
}
