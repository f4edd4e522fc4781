//! How often somebody may do something: a leaky bucket for each key, the longest untouched forgotten.
//!
//! A bucket is one number, the time at which everything in it will be forgiven (the theoretical arrival time of the
//! generic cell rate algorithm), so that nothing has to run when nobody asks.

use domain::clock::Time;
use http::{HeaderName, HeaderValue};
use lru::LruCache;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::num::NonZeroUsize;

/// What is left of a rate, and when more is there.
pub const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Which rate a route has.
pub const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Keys that are remembered, at most: in each of the shards.
const REMEMBERED_PER_SHARD: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();
/// Parts of the memory, each with its own lock.
const SHARDS: usize = 8;

/// Whom a bucket belongs to: an account's id, or a keyed hash.
pub type Key = [u8; 16];

/// Buckets of one policy. At most 65,536 are remembered.
pub struct Buckets {
    name: &'static str,
    burst: i64,
    refill_micros: i64,
    policy: HeaderValue,
    forgiven_at: [Mutex<LruCache<Key, i64>>; SHARDS],
}

/// A place that was taken in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose bucket it is.
    pub key: Key,
    /// Microseconds until everything is forgiven.
    reset_micros: i64,
}

/// There is no place for this many microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    wait_micros: i64,
}

impl Full {
    /// Whole seconds to wait.
    pub fn seconds(self) -> u64 {
        u64::try_from(self.wait_micros.div_euclid(1_000_000) + 1).unwrap_or(1)
    }
}

impl Buckets {
    /// Buckets of `burst` places, one of which is given back every `refill_micros` microseconds.
    pub fn new(name: &'static str, burst: u32, refill_micros: u32) -> Self {
        let window_seconds = (i64::from(burst) * i64::from(refill_micros)).max(1_000_000) / 1_000_000;
        let policy = HeaderValue::from_str(&format!("\"{name}\";q={burst};w={window_seconds}"));
        Self {
            name,
            burst: i64::from(burst),
            refill_micros: i64::from(refill_micros),
            policy: policy.unwrap_or(HeaderValue::from_static("")),
            forgiven_at: std::array::from_fn(|_| Mutex::new(LruCache::new(REMEMBERED_PER_SHARD))),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Full`] when there is none; nothing was taken then.
    pub fn take(&self, key: Key, now: Time) -> Result<Taken, Full> {
        self.take_many(key, 1, now)
    }

    /// Takes so many places at once; as many as there are in an empty bucket, at most.
    ///
    /// # Errors
    /// [`Full`] when there are fewer; nothing was taken then.
    pub fn take_many(&self, key: Key, places: u32, now: Time) -> Result<Taken, Full> {
        let mut forgiven_at = self.shard(key).lock();
        let needed_micros = i64::from(places).min(self.burst) * self.refill_micros;
        let after = forgiven_at.get(&key).copied().unwrap_or(0).max(now.micros()) + needed_micros;
        let reset_micros = after - now.micros();
        let wait_micros = reset_micros - self.burst * self.refill_micros;
        if wait_micros > 0 {
            return Err(Full { wait_micros });
        }
        forgiven_at.put(key, after);
        Ok(Taken { key, reset_micros })
    }

    /// Gives a place back, as if it had not been taken.
    pub fn give_back(&self, taken: Taken) {
        if let Some(at) = self.shard(taken.key).lock().get_mut(&taken.key) {
            *at -= self.refill_micros;
        }
    }

    /// The headers of an answer that took a place: `RateLimit-Policy` and `RateLimit` of
    /// draft-ietf-httpapi-ratelimit-headers. `q` is the burst, `w` the seconds in which all of it comes back, `r` what
    /// is left, `t` the seconds until all of it is back.
    pub fn headers(&self, taken: Taken) -> [(HeaderName, HeaderValue); 2] {
        self.state(taken.reset_micros)
    }

    /// The same when the place was given back.
    pub fn headers_given_back(&self, taken: Taken) -> [(HeaderName, HeaderValue); 2] {
        self.state(taken.reset_micros - self.refill_micros)
    }

    /// The same when there was no place.
    pub fn headers_full(&self, full: Full) -> [(HeaderName, HeaderValue); 2] {
        self.written(0, i64::try_from(full.seconds()).unwrap_or(i64::MAX))
    }

    fn state(&self, reset_micros: i64) -> [(HeaderName, HeaderValue); 2] {
        let used = (reset_micros + self.refill_micros - 1).div_euclid(self.refill_micros);
        self.written((self.burst - used).max(0), (reset_micros + 999_999).div_euclid(1_000_000).max(0))
    }

    fn written(&self, left: i64, reset_seconds: i64) -> [(HeaderName, HeaderValue); 2] {
        let state = HeaderValue::from_str(&format!("\"{}\";r={left};t={reset_seconds}", self.name));
        [(RATELIMIT_POLICY, self.policy.clone()), (RATELIMIT, state.unwrap_or(HeaderValue::from_static("")))]
    }

    fn shard(&self, key: Key) -> &Mutex<LruCache<Key, i64>> {
        // The last bytes are random in every kind of key.
        &self.forgiven_at[usize::from(key[15]) % SHARDS]
    }
}

/// The part of an address that belongs to one line: somebody with an IPv6 line has a whole network of addresses.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

/// The key of an address: the network mixed, so that neighbours do not share a shard.
pub fn key_of(address: IpAddr) -> Key {
    let network = match network(address) {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    let mixed = u128::from(network).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    mixed.rotate_left(64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);
    const KEY: Key = [7; 16];

    fn buckets() -> Buckets {
        Buckets::new("send", 100, 50_000)
    }

    fn told(headers: &[(HeaderName, HeaderValue); 2]) -> (&str, &str) {
        (headers[0].1.to_str().unwrap(), headers[1].1.to_str().unwrap())
    }

    #[test]
    fn the_burst_passes_and_then_one_at_a_time() {
        let buckets = buckets();
        for _ in 0..100 {
            buckets.take(KEY, NOW).unwrap();
        }
        let full = buckets.take(KEY, NOW).unwrap_err();
        assert_eq!((full.wait_micros, full.seconds()), (50_000, 1));
        let later = Time::from_micros(NOW.micros() + 50_000);
        buckets.take(KEY, later).unwrap();
        buckets.take(KEY, later).unwrap_err();
        for _ in 0..100 {
            buckets.take(KEY, NOW.plus_seconds(60)).unwrap();
        }
    }

    #[test]
    fn an_answer_tells_what_is_left_and_when_all_is_back() {
        let buckets = buckets();
        let first = buckets.take(KEY, NOW).unwrap();
        assert_eq!(told(&buckets.headers(first)), ("\"send\";q=100;w=5", "\"send\";r=99;t=1"));
        assert_eq!(told(&buckets.headers_given_back(first)).1, "\"send\";r=100;t=0");
        while buckets.take(KEY, NOW).is_ok() {}
        let full = buckets.take(KEY, NOW).unwrap_err();
        assert_eq!(told(&buckets.headers_full(full)).1, "\"send\";r=0;t=1");
    }

    #[test]
    fn many_places_are_taken_at_once_or_none() {
        let buckets = buckets();
        buckets.take_many(KEY, 60, NOW).unwrap();
        assert_eq!(buckets.take_many(KEY, 60, NOW).unwrap_err().wait_micros, 20 * 50_000);
        buckets.take_many(KEY, 40, NOW).unwrap();
        buckets.take(KEY, NOW).unwrap_err();
        let all = buckets.take_many(KEY, 5_000, NOW.plus_seconds(60)).unwrap();
        assert_eq!(told(&buckets.headers(all)).1, "\"send\";r=0;t=5", "more than there are is all of them");
    }

    #[test]
    fn a_place_that_is_given_back_was_never_taken() {
        let buckets = buckets();
        for _ in 0..1_000 {
            let taken = buckets.take(KEY, NOW).unwrap();
            buckets.give_back(taken);
        }
    }

    #[test]
    fn no_more_keys_are_remembered_than_there_is_room_for() {
        let buckets = buckets();
        for n in 0..(REMEMBERED_PER_SHARD.get() * SHARDS + 10_000) as u128 {
            buckets.take(n.to_be_bytes(), NOW).unwrap();
        }
        let remembered: usize = buckets.forgiven_at.iter().map(|shard| shard.lock().len()).sum();
        assert_eq!(remembered, REMEMBERED_PER_SHARD.get() * SHARDS);
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let key = |text: &str| key_of(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
