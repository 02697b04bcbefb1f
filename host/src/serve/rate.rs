//! How often one peer may ask: a bucket that refills with time, for each address (of IPv6 for each /64, which is what
//! one subscriber has).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most peers that are remembered. While all of them are busy asking, a new one has to wait.
const MOST_PEERS: usize = 4096;

/// The buckets.
#[derive(Debug)]
pub(super) struct Rate {
    /// Refill, and size: a second's worth may come at once.
    per_second: f64,
    buckets: Mutex<BTreeMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn left(self, per_second: f64, now: Instant) -> f64 {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * per_second;
        (self.left + refilled).min(per_second)
    }
}

impl Rate {
    pub(super) fn new(per_second: f64) -> Self {
        Self { per_second: per_second.max(1.0), buckets: Mutex::default() }
    }

    /// Whether a peer may ask now; it counts as asking.
    pub(super) fn admits(&self, peer: IpAddr, now: Instant) -> bool {
        let peer = subscriber(peer);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_PEERS && !buckets.contains_key(&peer) {
            // A full bucket is what a stranger has.
            buckets.retain(|_, bucket| bucket.left(self.per_second, now) < self.per_second);
            if buckets.len() >= MOST_PEERS {
                return false;
            }
        }
        let bucket = buckets.entry(peer).or_insert(Bucket { left: self.per_second, at: now });
        let left = bucket.left(self.per_second, now);
        let admitted = left >= 1.0;
        *bucket = Bucket { left: if admitted { left - 1.0 } else { left }, at: now };
        admitted
    }
}

fn subscriber(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    use super::{MOST_PEERS, Rate};

    #[test]
    fn a_second_may_come_at_once_and_refills() {
        let (rate, start) = (Rate::new(3.0), Instant::now());
        let peer: IpAddr = "192.0.2.1".parse().unwrap();
        let asked = |milliseconds| rate.admits(peer, start + Duration::from_millis(milliseconds));
        assert_eq!([0, 0, 0, 0, 300, 400, 400].map(asked), [true, true, true, false, false, true, false]);
        assert_eq!([9000, 9000, 9000, 9000].map(asked), [true, true, true, false]);
        assert!(rate.admits("192.0.2.2".parse().unwrap(), start), "each peer has its own");
    }

    #[test]
    fn a_subscriber_has_one_bucket_and_there_are_not_too_many() {
        let (rate, now) = (Rate::new(1.0), Instant::now());
        assert!(rate.admits("2001:db8::1".parse().unwrap(), now));
        assert!(!rate.admits("2001:db8::2".parse().unwrap(), now));
        assert!(rate.admits("2001:db8:0:1::1".parse().unwrap(), now));
        let peers = (0..u32::try_from(MOST_PEERS).unwrap()).map(|number| IpAddr::V4(Ipv4Addr::from(number)));
        let admitted = peers.filter(|peer| rate.admits(*peer, now)).count();
        assert_eq!(admitted, MOST_PEERS - 2);
        let later = now + Duration::from_secs(2);
        assert!(rate.admits("203.0.113.1".parse().unwrap(), later), "those who left make room");
    }
}
