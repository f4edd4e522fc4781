//! Failed sign-ins: ten for each account and address, one more every 30 seconds. Never lifted.

use crate::problem::{Code, Problem};
use domain::account::values::Username;
use domain::clock::Time;
use domain::ids::Hash16;
use domain::words::{Purpose, Words};
use http::{HeaderName, HeaderValue};
use lru::LruCache;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::num::NonZeroUsize;

/// Failures at once, at most.
const BURST: i64 = 10;
/// Seconds after which one more is forgiven.
const REFILL_SECONDS: i64 = 30;
/// Microseconds of the same.
const REFILL_MICROSECONDS: i64 = REFILL_SECONDS * 1_000_000;
/// Accounts with addresses that are remembered, at most: the longest untouched is forgotten.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

/// What a failed sign-in counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    key: Hash16,
    /// Failures that are left if this is one.
    left: i64,
    /// Seconds until all of them are forgiven.
    reset_seconds: i64,
}

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const POLICY: HeaderValue = HeaderValue::from_static("\"sign-in\";q=10;w=300");

impl Attempt {
    /// The headers of an answer to it, whether it failed or not.
    pub fn headers(&self, has_failed: bool) -> Vec<(HeaderName, HeaderValue)> {
        let (left, reset) = if has_failed {
            (self.left, self.reset_seconds)
        } else {
            (self.left + 1, self.reset_seconds - REFILL_SECONDS)
        };
        state(left, reset)
    }
}

fn state(left: i64, reset_seconds: i64) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![(RATELIMIT_POLICY, POLICY)];
    if let Ok(state) = HeaderValue::from_str(&format!("\"sign-in\";r={left};t={}", reset_seconds.max(0))) {
        headers.push((RATELIMIT, state));
    }
    headers
}

/// Counts failed sign-ins. A place in the count is taken before the password is verified and given back when it was
/// right, so that attempts at the same moment cannot pass together.
pub struct SignInLimit {
    // The time at which everything is forgiven again: a bucket that leaks.
    forgiven_at: Mutex<LruCache<[u8; 16], i64>>,
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self { forgiven_at: Mutex::new(LruCache::new(REMEMBERED_MAX)) }
    }
}

impl SignInLimit {
    /// Takes a place.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there is none left.
    pub fn take(&self, words: &dyn Words, name: &Username, address: IpAddr, now: Time) -> Result<Attempt, Problem> {
        let address = network(address);
        let key = words.hash(Purpose::SignIn, &[name.folded().as_bytes(), address.to_string().as_bytes()]);
        let mut forgiven_at = self.forgiven_at.lock();
        let full_at = forgiven_at.get(&key.0).copied().unwrap_or(0).max(now.micros());
        let after = full_at + REFILL_MICROSECONDS;
        let wait = after - now.micros() - BURST * REFILL_MICROSECONDS;
        if wait > 0 {
            return Err(refused(wait));
        }
        forgiven_at.put(key.0, after);
        let reset = after - now.micros();
        let used = (reset + REFILL_MICROSECONDS - 1) / REFILL_MICROSECONDS;
        let reset_seconds = (reset + 999_999) / 1_000_000;
        Ok(Attempt { key, left: (BURST - used).max(0), reset_seconds })
    }

    /// The password was right: gives the place back.
    pub fn give_back(&self, attempt: Attempt) {
        if let Some(at) = self.forgiven_at.lock().get_mut(&attempt.key.0) {
            *at -= REFILL_MICROSECONDS;
        }
    }
}

/// Somebody with an IPv6 line has a whole network of addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

fn refused(wait_micros: i64) -> Problem {
    let seconds = u64::try_from(wait_micros.div_euclid(1_000_000) + 1).unwrap_or(1);
    let problem = Problem::new(Code::RateLimited)
        .detail("too many failed sign-ins of this account from this address")
        .retry_after(seconds);
    let reset = i64::try_from(seconds).unwrap_or(i64::MAX);
    state(0, reset).into_iter().fold(problem, |problem, (name, value)| problem.header(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::source::BoxFuture;
    use domain::words::{Content, SealedField, WordsFault};

    /// Tells different inputs apart, which is all that counts here.
    struct PlainHash;

    impl Words for PlainHash {
        fn open<'a>(&'a self, _: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<bytes::Bytes>>, WordsFault>> {
            Box::pin(std::future::ready(Ok(Vec::new())))
        }

        fn hash(&self, _: Purpose, parts: &[&[u8]]) -> Hash16 {
            let mut hash = [0; 16];
            for (at, byte) in parts.concat().iter().enumerate() {
                hash[at % 16] ^= byte.rotate_left(u32::try_from(at / 16).unwrap());
            }
            Hash16(hash)
        }
    }

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);

    fn take(limit: &SignInLimit, name: &str, address: &str, now: Time) -> Result<Attempt, Problem> {
        limit.take(&PlainHash, &Username::parse_any(name).unwrap(), address.parse().unwrap(), now)
    }

    #[test]
    fn the_eleventh_failure_waits_for_thirty_seconds() {
        let limit = SignInLimit::default();
        for _ in 0..10 {
            take(&limit, "alice", "192.0.2.1", NOW).unwrap();
        }
        let refused = take(&limit, "ALICE", "192.0.2.1", NOW).unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert!(refused.headers().iter().any(|(name, value)| name == "retry-after" && value == "31"));
        assert!(take(&limit, "alice", "192.0.2.1", NOW.plus_seconds(30)).is_ok());
        assert!(take(&limit, "alice", "192.0.2.1", NOW.plus_seconds(30)).is_err());
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let limit = SignInLimit::default();
        for _ in 0..100 {
            let attempt = take(&limit, "alice", "192.0.2.1", NOW).unwrap();
            limit.give_back(attempt);
        }
    }

    #[test]
    fn an_answer_tells_how_many_are_left() {
        let limit = SignInLimit::default();
        let told = |attempt: Attempt, has_failed| attempt.headers(has_failed)[1].1.to_str().unwrap().to_owned();
        let first = take(&limit, "alice", "192.0.2.1", NOW).unwrap();
        assert_eq!(told(first, true), "\"sign-in\";r=9;t=30");
        assert_eq!(told(first, false), "\"sign-in\";r=10;t=0");
        let second = take(&limit, "alice", "192.0.2.1", NOW.plus_seconds(1)).unwrap();
        assert_eq!(told(second, true), "\"sign-in\";r=8;t=59");
    }

    #[test]
    fn others_are_not_affected() {
        let limit = SignInLimit::default();
        while take(&limit, "alice", "192.0.2.1", NOW).is_ok() {}
        assert!(take(&limit, "bob", "192.0.2.1", NOW).is_ok());
        assert!(take(&limit, "alice", "192.0.2.2", NOW).is_ok());
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let limit = SignInLimit::default();
        while take(&limit, "alice", "2001:db8::1", NOW).is_ok() {}
        assert!(take(&limit, "alice", "2001:db8::ffff", NOW).is_err());
        assert!(take(&limit, "alice", "2001:db8:0:1::1", NOW).is_ok());
    }
}
