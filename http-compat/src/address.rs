//! Whose address a request comes from.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, request::Parts};

pub use tidewire_app::network::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection; the listener puts it into the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddr(pub SocketAddr);

/// The client's address: the peer's, or, when the peer is a trusted proxy, the last one in
/// `X-Forwarded-For` that no trusted proxy wrote about itself.
pub fn of_client(parts: &Parts, trusted: &[Network]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<PeerAddr>()?.0.ip().to_canonical();
    let is_proxy = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_proxy(peer) {
        return Some(peer);
    }
    let mut nearest = peer;
    for hop in forwarded(&parts.headers).into_iter().rev() {
        // Behind something unreadable nothing can be believed.
        let Some(address) = hop else { break };
        nearest = address;
        if !is_proxy(address) {
            break;
        }
    }
    Some(nearest)
}

fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).into_iter();
    let lines = lines.map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(|hop| hop.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut request = http::Request::builder();
        for line in forwarded {
            request = request.header(X_FORWARDED_FOR, *line);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(PeerAddr(SocketAddr::new(peer.parse().unwrap(), 1)));
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        of_client(&parts, &trusted).unwrap().to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.7, nonsense, 10.1.1.1"]), "10.1.1.1");
    }

    #[test]
    fn chains_of_trusted_proxies_are_followed() {
        assert_eq!(client("10.0.0.1", &["198.51.100.7", "fd00::1, 10.2.3.4"]), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &[" 2001:db8::1 "]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }
}
