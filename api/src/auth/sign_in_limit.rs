//! Failed sign-ins: ten for each account and address, one more every 30 seconds. Never lifted.

use crate::auth::buckets::{Buckets, Taken, network};
use crate::auth::rates::Headers;
use crate::problem::{Code, Problem};
use domain::account::values::Username;
use domain::clock::Time;
use domain::words::{Purpose, Words};
use std::net::IpAddr;

/// Failures at once, at most.
const BURST: u32 = 10;
/// Microseconds after which one more is forgiven.
const REFILL_MICROSECONDS: u32 = 30_000_000;

/// What a failed sign-in counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt(Taken);

/// Counts failed sign-ins. A place in the count is taken before the password is verified and given back when it was
/// right, so that attempts at the same moment cannot pass together.
pub struct SignInLimit(Buckets);

impl Default for SignInLimit {
    fn default() -> Self {
        Self(Buckets::new("sign-in", BURST, REFILL_MICROSECONDS))
    }
}

impl SignInLimit {
    /// Takes a place.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there is none left.
    pub fn take(&self, words: &dyn Words, name: &Username, address: IpAddr, now: Time) -> Result<Attempt, Problem> {
        let address = network(address).to_string();
        let key = words.hash(Purpose::SignIn, &[name.folded().as_bytes(), address.as_bytes()]);
        self.0.take(key.0, now).map(Attempt).map_err(|full| {
            let problem = Problem::new(Code::RateLimited)
                .detail("too many failed sign-ins of this account from this address")
                .retry_after(full.seconds());
            self.0.headers_full(full).into_iter().fold(problem, |problem, (name, value)| problem.header(name, value))
        })
    }

    /// The password was right: gives the place back.
    pub fn give_back(&self, attempt: Attempt) {
        self.0.give_back(attempt.0);
    }

    /// The headers of an answer to an attempt, whether it failed or not.
    pub fn headers(&self, attempt: Attempt, has_failed: bool) -> Headers {
        if has_failed { self.0.headers(attempt.0) } else { self.0.headers_given_back(attempt.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Hash16;
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
        let told = |attempt: Attempt, has_failed| limit.headers(attempt, has_failed)[1].1.to_str().unwrap().to_owned();
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
