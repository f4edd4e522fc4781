//! Rates of requests by what they do: of an account, or of an address where nobody is signed in.
//!
//! Each process counts for itself. Failed sign-ins are counted apart ([`crate::auth::sign_in_limit`]).

use crate::auth::buckets::{Buckets, Key, key_of};
use crate::config::limits::{Limits, Rate, Switch};
use crate::problem::{Code, Problem};
use domain::clock::Time;
use domain::ids::AccountId;
use http::{HeaderName, HeaderValue};
use std::net::IpAddr;

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Registering an account: counted for the address.
    Register,
    /// Sending a message.
    Send,
    /// A message of those that a client brings at once after it was offline.
    Sync,
    /// Any other command.
    Command,
    /// A question.
    Query,
    /// Taking a ticket for the feed.
    Ticket,
}

/// What stands in the bucket's place in the headers of an answer.
pub type Headers = [(HeaderName, HeaderValue); 2];

/// The buckets of every rate; none while rates are off.
pub struct Rates(Option<Box<All>>);

struct All {
    register: Buckets,
    send: Buckets,
    sync: Buckets,
    command: Buckets,
    query: Buckets,
    ticket: Buckets,
}

impl Rates {
    /// Rates as they are set.
    pub fn new(limits: &Limits) -> Self {
        let buckets = |name, rate: Rate| Buckets::new(name, rate.burst, rate.refill_microseconds());
        Self((limits.rates == Switch::On).then(|| {
            Box::new(All {
                register: buckets("register", limits.rate_register),
                send: buckets("send", limits.rate_send),
                sync: buckets("sync", limits.rate_sync),
                command: buckets("command", limits.rate_command),
                query: buckets("query", limits.rate_query),
                ticket: buckets("ticket", limits.rate_ticket),
            })
        }))
    }

    /// Whether anything is counted.
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Counts a request of an account. Gives the headers of its answer; none while rates are off.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there were too many.
    pub fn take(&self, limited: Limited, account: AccountId, now: Time) -> Result<Option<Headers>, Problem> {
        self.take_many(limited, account, 1, now)
    }

    /// Counts so many at once; as many as a rate's burst, at most.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there would be too many; then none is counted.
    pub fn take_many(
        &self,
        limited: Limited,
        account: AccountId,
        places: u32,
        now: Time,
    ) -> Result<Option<Headers>, Problem> {
        self.count(limited, account.uuid().into_bytes(), places, now)
    }

    /// The same for an address, of which an IPv6 network of 64 bits counts as one.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when there were too many.
    pub fn take_of_address(&self, limited: Limited, address: IpAddr, now: Time) -> Result<Option<Headers>, Problem> {
        self.count(limited, key_of(address), 1, now)
    }

    fn count(&self, limited: Limited, key: Key, places: u32, now: Time) -> Result<Option<Headers>, Problem> {
        let Some(all) = &self.0 else { return Ok(None) };
        let buckets = match limited {
            Limited::Register => &all.register,
            Limited::Send => &all.send,
            Limited::Sync => &all.sync,
            Limited::Command => &all.command,
            Limited::Query => &all.query,
            Limited::Ticket => &all.ticket,
        };
        match buckets.take_many(key, places, now) {
            Ok(taken) => Ok(Some(buckets.headers(taken))),
            Err(full) => {
                let problem = Problem::new(Code::RateLimited)
                    .detail(format!("too many requests of this kind; try again in {} s", full.seconds()))
                    .retry_after(full.seconds());
                Err(buckets.headers_full(full).into_iter().fold(problem, |problem, (n, v)| problem.header(n, v)))
            }
        }
    }
}
