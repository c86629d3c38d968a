//! How many connections there may be: each holds a place for as long as it lives.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tidewire_app::rate_limit::Key;
use tidewire_http_compat::address::Network;

use super::Limits;

/// The places of one listener; cheap to clone.
#[derive(Clone)]
pub(super) struct Places(Arc<Shared>);

struct Shared {
    total_max: usize,
    per_address_max: usize,
    proxies: Vec<Network>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    /// Only addresses with at least one.
    by_address: HashMap<Key, usize>,
}

/// The right to be connected; given back when dropped.
pub struct Place {
    places: Places,
    /// `None` where no limit for the address applies.
    address: Option<Key>,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            total_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            proxies: limits.trusted_proxies.clone(),
            taken: Mutex::default(),
        }))
    }

    /// A place for a connection from `address`, unless there are too many.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let is_proxy = self.0.proxies.iter().any(|network| network.contains(address));
        let key = (!is_proxy).then(|| Key::address(address));
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.0.total_max {
            return None;
        }
        if let Some(key) = key {
            let from_address = taken.by_address.entry(key).or_default();
            if *from_address >= self.0.per_address_max {
                return None;
            }
            *from_address += 1;
        }
        taken.total += 1;
        metrics::gauge!("tidewire_connections").set(taken.total as f64);
        Some(Place { places: self.clone(), address: key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        metrics::gauge!("tidewire_connections").set(taken.total as f64);
        let Some(key) = self.address else { return };
        if let Some(from_address) = taken.by_address.get_mut(&key) {
            *from_address -= 1;
            if *from_address == 0 {
                taken.by_address.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::Timeouts;

    fn places(total: usize, per_address: usize, proxies: &[&str]) -> Places {
        Places::new(&Limits {
            connections_max: total,
            connections_per_address_max: per_address,
            trusted_proxies: proxies.iter().map(|range| range.parse().unwrap()).collect(),
            timeouts: Timeouts::default(),
        })
    }

    fn take(places: &Places, address: &str) -> Option<Place> {
        places.take(address.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let places = places(10, 2, &[]);
        let first = take(&places, "192.0.2.1");
        let second = take(&places, "192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(take(&places, "192.0.2.1").is_none());
        assert!(take(&places, "192.0.2.2").is_some());
        drop(first);
        assert!(take(&places, "192.0.2.1").is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_mapped_address_is_its_own() {
        let places = places(10, 1, &[]);
        let _six = take(&places, "2001:db8::1").unwrap();
        assert!(take(&places, "2001:db8::ffff:2").is_none());
        assert!(take(&places, "2001:db8:0:1::1").is_some());
        let _four = take(&places, "192.0.2.1").unwrap();
        assert!(take(&places, "::ffff:192.0.2.1").is_none());
    }

    #[test]
    fn the_total_holds_for_everybody() {
        let places = places(2, 2, &["10.0.0.0/8"]);
        let _held = [take(&places, "10.0.0.1").unwrap(), take(&places, "192.0.2.1").unwrap()];
        assert!(take(&places, "10.0.0.1").is_none());
        assert!(take(&places, "192.0.2.2").is_none());
    }

    #[test]
    fn a_trusted_proxy_brings_as_many_as_there_are_places() {
        let places = places(3, 1, &["10.0.0.0/8"]);
        let held: Vec<_> = (0..3).map_while(|_| take(&places, "10.0.0.1")).collect();
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn addresses_that_left_are_forgotten() {
        let places = places(10, 2, &[]);
        drop((take(&places, "192.0.2.1"), take(&places, "192.0.2.2")));
        let taken = places.0.taken.lock().unwrap();
        assert!(taken.by_address.is_empty() && taken.total == 0);
    }
}
