//! Tickets: who cannot send a header takes one and opens the feed with it, so that no token ever stands in an address,
//! where it would end in the log files of proxies. A ticket works once, for half a minute, in the process that gave it.

use crate::problem::Problem;
use crate::secrets;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Time;
use domain::limits::{TICKET_LIFE_SECONDS, TICKETS_MAX};
use lru::LruCache;
use parking_lot::Mutex;
use std::num::NonZeroUsize;

/// The tickets that were given and not used. When there are too many, the oldest are forgotten.
pub struct Tickets(Mutex<LruCache<String, Ticket>>);

/// A ticket is as good as the token that it was taken with: that is looked at again when the ticket is used, so it ends
/// with its session.
struct Ticket {
    token: String,
    until: Time,
}

impl Default for Tickets {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(TICKETS_MAX).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Tickets {
    /// A ticket in place of an access token.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn give(&self, token: String, now: Time) -> Result<String, Problem> {
        let bytes = secrets::random::<32>().map_err(|fault| Problem::internal(&fault))?;
        let ticket = URL_SAFE_NO_PAD.encode(bytes);
        self.0.lock().put(ticket.clone(), Ticket { token, until: now.plus_seconds(TICKET_LIFE_SECONDS) });
        Ok(ticket)
    }

    /// The access token that a ticket stands for; none for one that is unknown, used or too old.
    pub fn take(&self, ticket: &str, now: Time) -> Option<String> {
        let taken = self.0.lock().pop(ticket)?;
        (now < taken.until).then_some(taken.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);

    #[test]
    fn a_ticket_works_once_and_not_for_long() {
        let tickets = Tickets::default();
        let (one, two) = (tickets.give("a".into(), NOW).unwrap(), tickets.give("b".into(), NOW).unwrap());
        assert_ne!(one, two);
        assert_eq!(tickets.take(&one, NOW.plus_seconds(29)), Some("a".into()));
        assert_eq!(tickets.take(&one, NOW), None);
        assert_eq!(tickets.take(&two, NOW.plus_seconds(30)), None);
        assert_eq!(tickets.take("none", NOW), None);
    }

    #[test]
    fn there_are_so_many_tickets_and_no_more() {
        let tickets = Tickets::default();
        let first = tickets.give("first".into(), NOW).unwrap();
        let others: Vec<_> = (0..TICKETS_MAX).map(|n| tickets.give(n.to_string(), NOW).unwrap()).collect();
        assert_eq!(tickets.take(&first, NOW), None);
        assert!(others.iter().all(|ticket| tickets.take(ticket, NOW).is_some()));
    }
}
