use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Returns the network of a client's address as it is stored: the first 24 bits of an IPv4 address, the first 48 of an
/// IPv6 one.
///
/// Where an IPv6 address has an IPv4 one in its first half (6to4), or is one (IPv4-mapped), that one is cut.
pub(crate) fn network(address: IpAddr) -> Arc<str> {
    let v6 = match address {
        IpAddr::V4(v4) => return network_v4(v4),
        IpAddr::V6(v6) => v6,
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return network_v4(v4);
    }
    let [first, second, third, ..] = v6.segments();
    if first == SIX_TO_FOUR {
        let bits = u32::from(second) << 16 | u32::from(third);
        return network_v4(Ipv4Addr::from_bits(bits));
    }
    let network = Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0);
    format!("{network}/48").into()
}

fn network_v4(address: Ipv4Addr) -> Arc<str> {
    let network = Ipv4Addr::from_bits(address.to_bits() & 0xffff_ff00);
    format!("{network}/24").into()
}

/// The prefix of 6to4, `2002::/16`, which the whole IPv4 address follows (RFC 3056, 2).
const SIX_TO_FOUR: u16 = 0x2002;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_its_network_only() {
        for (address, expected) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2002:cb00:714d:1::1", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("fe80::1", "fe80::/48"),
            ("64:ff9b::203.0.113.77", "64:ff9b::/48"),
            ("::1", "::/48"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(&*network(address), expected, "{address}");
        }
    }
}
