//! What deciding needs to know of a session.

use crate::event::Event;
use crate::ids::AccountId;

/// The state of `session-<id>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// Never opened.
    #[default]
    Unknown,
    /// Open.
    Open {
        /// Whose.
        account: AccountId,
    },
}

impl Session {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::SessionOpened(e) = event {
            *self = Session::Open { account: e.account };
        }
    }
}
