//! `[limits]`: how often one may ask, and how much at once.

use domain::limits::{CONVERSATIONS_PER_ACCOUNT_MAX, MENTION_ALL_MAX_MEMBERS, RESUME_MAX_FRAMES};
use serde::Deserialize;

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Applied.
    #[default]
    On,
    /// Lifted.
    Off,
}

/// So many at once, and then so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests at once, from 1 to 1,000,000.
    pub burst: u32,
    /// Requests a second in the long run, from 0.001 to 1,000,000.
    pub per_second: f64,
}

impl Rate {
    /// Microseconds after which one more request is allowed.
    pub fn refill_microseconds(self) -> u32 {
        // At most 1,000,000,000 by the check, at least 1.
        (1_000_000.0 / self.per_second) as u32
    }
}

/// Rates and sizes. The domain's own limits can be lowered here, not raised.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Whether rates apply. Failed sign-ins are limited in any case.
    pub rates: Switch,
    /// Registrations of an address.
    pub rate_register: Rate,
    /// Messages of an account.
    pub rate_send: Rate,
    /// Messages that an account brings at once after it was offline (`POST /v1/messages/sync`).
    pub rate_sync: Rate,
    /// Other commands of an account.
    pub rate_command: Rate,
    /// Questions of an account.
    pub rate_query: Rate,
    /// Tickets of an account.
    pub rate_ticket: Rate,
    /// Members of a conversation in which `@all` of an admin mentions everybody, from 0 to [`MENTION_ALL_MAX_MEMBERS`]; in
    /// a larger one it is plain text.
    pub mention_all_members: usize,
    /// Conversations that an account is in at the same time, from 1 to [`CONVERSATIONS_PER_ACCOUNT_MAX`].
    pub conversations: usize,
    /// Missed frames that a resume of the feed sends, from 1 to [`RESUME_MAX_FRAMES`]; beyond it a client is told to start
    /// afresh.
    pub resume_frames: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rates: Switch::On,
            rate_register: Rate { burst: 60, per_second: 1.0 },
            rate_send: Rate { burst: 100, per_second: 20.0 },
            rate_sync: Rate { burst: 1_000, per_second: 20.0 },
            rate_command: Rate { burst: 100, per_second: 20.0 },
            rate_query: Rate { burst: 300, per_second: 100.0 },
            rate_ticket: Rate { burst: 30, per_second: 1.0 },
            mention_all_members: MENTION_ALL_MAX_MEMBERS,
            conversations: CONVERSATIONS_PER_ACCOUNT_MAX,
            resume_frames: RESUME_MAX_FRAMES,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), String> {
        let rates = [
            ("rate_register", self.rate_register),
            ("rate_send", self.rate_send),
            ("rate_sync", self.rate_sync),
            ("rate_command", self.rate_command),
            ("rate_query", self.rate_query),
            ("rate_ticket", self.rate_ticket),
        ];
        for (name, rate) in rates {
            if !(1..=1_000_000).contains(&rate.burst) {
                return Err(format!("bad value for `limits.{name}.burst`: must be from 1 to 1000000"));
            }
            if !(0.001..=1_000_000.0).contains(&rate.per_second) {
                return Err(format!("bad value for `limits.{name}.per_second`: must be from 0.001 to 1000000"));
            }
        }
        if self.mention_all_members > MENTION_ALL_MAX_MEMBERS {
            return Err(format!(
                "bad value for `limits.mention_all_members`: must be from 0 to {MENTION_ALL_MAX_MEMBERS}"
            ));
        }
        if !(1..=CONVERSATIONS_PER_ACCOUNT_MAX).contains(&self.conversations) {
            return Err(format!(
                "bad value for `limits.conversations`: must be from 1 to {CONVERSATIONS_PER_ACCOUNT_MAX}"
            ));
        }
        if !(1..=RESUME_MAX_FRAMES).contains(&self.resume_frames) {
            return Err(format!("bad value for `limits.resume_frames`: must be from 1 to {RESUME_MAX_FRAMES}"));
        }
        Ok(())
    }
}
