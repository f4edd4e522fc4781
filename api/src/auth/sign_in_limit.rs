//! Failed sign-ins: ten for each account and address, one more every 30 seconds. Never lifted.

use crate::auth::buckets::{Buckets, Taken, network};
use crate::auth::rates::Headers;
use crate::problem::{Code, Problem};
use domain::account::values::Username;
use domain::clock::Clock;
use domain::words::{Purpose, Words};
use std::net::IpAddr;
use tokio::sync::{Mutex, MutexGuard};

/// Failures at once, at most.
const BURST: u32 = 10;
/// Microseconds after which one more is forgiven.
const REFILL_MICROSECONDS: u32 = 30_000_000;

/// Doors; attempts for the same name and address come to the same one.
const DOORS: usize = 256;

/// An attempt, and what it counts against if it fails. The next one of the same name and address waits until it is dropped.
pub struct Attempt<'a> {
    taken: Taken,
    _door: MutexGuard<'a, ()>,
}

/// Counts failed sign-ins. A place in the count is taken before the password is verified and given back when it was
/// right, and attempts of one name and address are verified one after the other: those at the same moment can neither pass
/// together nor take each other for failures.
pub struct SignInLimit {
    buckets: Buckets,
    doors: [Mutex<()>; DOORS],
}

impl Default for SignInLimit {
    fn default() -> Self {
        let buckets = Buckets::new("sign-in", BURST, REFILL_MICROSECONDS);
        Self { buckets, doors: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl SignInLimit {
    /// Takes a place, once earlier attempts have ended.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there is none left.
    pub async fn take(
        &self,
        words: &dyn Words,
        name: &Username,
        address: IpAddr,
        clock: &dyn Clock,
    ) -> Result<Attempt<'_>, Problem> {
        let address = network(address).to_string();
        let key = words.hash(Purpose::SignIn, &[name.folded().as_bytes(), address.as_bytes()]);
        let door = self.doors[usize::from(key.0[0]) % DOORS].lock().await;
        let taken = self.buckets.take(key.0, clock.now());
        taken.map(|taken| Attempt { taken, _door: door }).map_err(|full| {
            let problem = Problem::new(Code::RateLimited)
                .detail("too many failed sign-ins of this account from this address")
                .retry_after(full.seconds());
            self.buckets
                .headers_full(full)
                .into_iter()
                .fold(problem, |problem, (name, value)| problem.header(name, value))
        })
    }

    /// The password was right: gives the place back.
    pub fn give_back(&self, attempt: &Attempt<'_>) {
        self.buckets.give_back(attempt.taken);
    }

    /// The headers of an answer to an attempt, whether it failed or not.
    pub fn headers(&self, attempt: &Attempt<'_>, has_failed: bool) -> Headers {
        if has_failed { self.buckets.headers(attempt.taken) } else { self.buckets.headers_given_back(attempt.taken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::clock::Time;
    use domain::ids::Hash16;
    use domain::source::BoxFuture;
    use domain::words::{Content, SealedField, WordsFault};
    use futures_util::FutureExt;

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

    struct At(Time);

    impl Clock for At {
        fn now(&self) -> Time {
            self.0
        }
    }

    /// One that fails or not, and ends.
    fn attempt<'a>(limit: &'a SignInLimit, name: &str, address: &str, now: Time) -> Result<Attempt<'a>, Problem> {
        let name = Username::parse_any(name).unwrap();
        limit.take(&PlainHash, &name, address.parse().unwrap(), &At(now)).now_or_never().expect("nobody else tries")
    }

    fn take(limit: &SignInLimit, name: &str, address: &str, now: Time) -> Result<(), Problem> {
        attempt(limit, name, address, now).map(drop)
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
            limit.give_back(&attempt(&limit, "alice", "192.0.2.1", NOW).unwrap());
        }
    }

    #[test]
    fn an_answer_tells_how_many_are_left() {
        let limit = SignInLimit::default();
        let told =
            |attempt: &Attempt<'_>, has_failed| limit.headers(attempt, has_failed)[1].1.to_str().unwrap().to_owned();
        let first = attempt(&limit, "alice", "192.0.2.1", NOW).unwrap();
        assert_eq!(told(&first, true), "\"sign-in\";r=9;t=30");
        assert_eq!(told(&first, false), "\"sign-in\";r=10;t=0");
        drop(first);
        let second = attempt(&limit, "alice", "192.0.2.1", NOW.plus_seconds(1)).unwrap();
        assert_eq!(told(&second, true), "\"sign-in\";r=8;t=59");
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
