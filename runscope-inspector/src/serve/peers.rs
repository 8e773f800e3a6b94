use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the connections of each peer, so that none can take all of them.
#[derive(Debug, Clone)]
pub(super) struct Peers {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    peer: IpAddr,
    peers: Peers,
}

impl Peers {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: Arc::default(),
        }
    }

    /// Room for one more connection of a peer, if it has any left.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Share> {
        let peer = peer(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= self.most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Share {
            peer,
            peers: self.clone(),
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self
            .peers
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

/// Who an address stands for: whoever has one IPv6 address usually has the 2^64 beside it too.
fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_its_own_share_and_gets_it_back() {
        let peers = Peers::new(1);
        let admit = |address: &str| peers.admit(address.parse().unwrap());
        let one = admit("10.0.0.1");
        assert!(one.is_some());
        assert!(admit("::ffff:10.0.0.1").is_none());
        let other = admit("10.0.0.2");
        assert!(other.is_some());
        let six = admit("2001:db8::1");
        assert!(six.is_some());
        assert!(admit("2001:db8::2:1").is_none());
        assert!(admit("2001:db8:0:1::1").is_some());
        drop(one);
        assert!(admit("10.0.0.1").is_some());
        drop((other, six));
        assert!(peers.open.lock().unwrap().is_empty());
    }
}
