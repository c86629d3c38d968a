//! Where this server may connect to on behalf of a tenant. Whoever names a host must not reach what
//! only the server can reach, so a name is resolved once, all of its addresses are judged, and the
//! connection is made to exactly these.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::lookup_host, time::timeout};

use crate::network::Network;

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const ADDRESSES_MAX: usize = 8;

/// What the operator allows beyond public addresses and the ports of a purpose.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    pub networks: Vec<Network>,
    pub ports: Vec<u16>,
}

/// Why nothing is connected to. A client is told neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the port is not allowed")]
    Port,
    #[error("the host has no address")]
    Unknown,
    #[error("the host has an address that is not public")]
    Address,
}

impl Exceptions {
    /// Whether one of the purpose's own `ports` is meant, or one that the operator has added.
    pub fn permit_port(&self, port: u16, ports: &[u16]) -> bool {
        ports.contains(&port) || self.ports.contains(&port)
    }

    pub fn permit_address(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }

    /// The addresses of a host, if every one of them may be connected to.
    pub async fn resolve(
        &self,
        host: &str,
        port: u16,
        ports: &[u16],
    ) -> Result<Vec<SocketAddr>, Refused> {
        if !self.permit_port(port, ports) {
            return Err(Refused::Port);
        }
        self.resolve_any_port(host, port).await
    }

    /// As [`Exceptions::resolve`], where the port was judged before.
    pub(crate) async fn resolve_any_port(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let addresses = resolve(host, port).await.ok_or(Refused::Unknown)?;
        if addresses.iter().all(|address| self.permit_address(address.ip())) {
            Ok(addresses)
        } else {
            Err(Refused::Address)
        }
    }
}

/// The addresses of a host that the operator has named, whatever they are.
pub async fn resolve(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let found = timeout(RESOLVE_TIMEOUT, lookup_host((host, port))).await.ok()?.ok()?;
    let addresses: Vec<_> = found.take(ADDRESSES_MAX).collect();
    Some(addresses).filter(|addresses| !addresses.is_empty())
}

/// Whether an address belongs to the internet at large (RFC 6890 and its registries). An address that
/// stands for another one, as translators and tunnels have them, is judged as that one.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 31, 196, _]
            | [192, 52, 193, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [192, 175, 48, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            // Where a cloud's machines find what is meant for them alone, though it looks public.
            | [168, 63, 129, 16]
    )
}

/// The address behind NAT64 (RFC 6052) or 6to4 (RFC 3056).
const fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from_bits((high as u32) << 16 | low as u32))
        }
        _ => None,
    }
}

/// Global unicast, without what is set aside in it: protocol assignments with Teredo, documentation.
const fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x2620, 0x4f, 0x8000, ..] => {
            false
        }
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written down once more as ranges, so that a slip of the pen shows.
    const PRIVATE_V4: &[&str] = &[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    ];

    fn is_private(address: Ipv4Addr) -> bool {
        PRIVATE_V4
            .iter()
            .any(|range| range.parse::<Network>().unwrap().contains(IpAddr::V4(address)))
    }

    /// All of them, and those just inside and outside of a range.
    fn v4() -> impl Strategy<Value = Ipv4Addr> {
        let edge = (proptest::sample::select(PRIVATE_V4), any::<u32>(), -2_i64..3);
        let edge = edge.prop_map(|(range, inside, step)| {
            let (start, bits) = range.split_once('/').unwrap_or((range, "32"));
            let host_bits = u32::MAX.checked_shr(bits.parse().unwrap()).unwrap_or(0);
            let start = start.parse::<Ipv4Addr>().unwrap().to_bits();
            let place = [start, start | host_bits, start | (inside & host_bits)];
            let near = i64::from(place[inside as usize % 3]) + step;
            Ipv4Addr::from_bits(near.clamp(0, i64::from(u32::MAX)) as u32)
        });
        prop_oneof![any::<u32>().prop_map(Ipv4Addr::from_bits), edge]
    }

    proptest! {
        #[test]
        fn an_address_is_judged_the_same_in_every_form(address in v4(), rest in any::<u64>()) {
            let public = !is_private(address);
            prop_assert_eq!(is_public(IpAddr::V4(address)), public);
            let bits = u128::from(address.to_bits());
            for form in [
                0xffff << 32 | bits,
                0x0064_ff9b << 96 | bits,
                0x2002 << 112 | bits << 80 | u128::from(rest),
            ] {
                let form = IpAddr::V6(Ipv6Addr::from_bits(form));
                prop_assert_eq!(is_public(form), public, "{}", form);
            }
        }

        #[test]
        fn outside_of_global_unicast_nothing_is_public(bits in any::<u128>()) {
            let address = Ipv6Addr::from_bits(bits & !(0b111 << 125));
            prop_assume!(embedded(address).is_none() && address.to_ipv4_mapped().is_none());
            prop_assert!(!is_public(IpAddr::V6(address)));
            let local = Ipv6Addr::from_bits(bits | 0b111 << 125);
            prop_assert!(!is_public(IpAddr::V6(local)));
        }
    }

    #[test]
    fn what_is_set_aside_is_refused_and_its_neighbours_are_not() {
        for refused in [
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:1ff:ffff::1",
            "3fff::1",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "100.100.100.200",
        ] {
            assert!(!is_public(refused.parse().unwrap()), "{refused}");
        }
        for public in ["1.1.1.1", "2606:4700::1", "2001:200::1", "2001:db7::1", "3ffe::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn an_address_or_a_port_needs_the_operators_word() {
        let strict = Exceptions::default();
        let ports = [25, 587];
        assert_eq!(strict.resolve("1.1.1.1", 22, &ports).await, Err(Refused::Port));
        assert_eq!(strict.resolve("localhost", 25, &ports).await, Err(Refused::Address));
        assert_eq!(strict.resolve("127.0.0.1", 25, &ports).await, Err(Refused::Address));
        assert_eq!(strict.resolve("::ffff:127.0.0.1", 25, &ports).await, Err(Refused::Address));
        let there = SocketAddr::from(([1, 1, 1, 1], 25));
        assert_eq!(strict.resolve("1.1.1.1", 25, &ports).await, Ok(vec![there]));
        let networks = vec!["127.0.0.0/8".parse().unwrap()];
        let relay = Exceptions { networks, ports: vec![2_500] };
        let there = SocketAddr::from(([127, 0, 0, 1], 2_500));
        assert_eq!(relay.resolve("127.0.0.1", 2_500, &ports).await, Ok(vec![there]));
        assert_eq!(relay.resolve("10.0.0.1", 2_500, &ports).await, Err(Refused::Address));
    }
}
