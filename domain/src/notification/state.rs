//! What deciding needs to know of an account's notifications.

use crate::event::Event;
use crate::ids::Position;

/// The state of `notifications-<account>`, from its newest event alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notifications {
    /// Everything up to here was read.
    pub read_up_to: Position,
}

impl Notifications {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::NotificationsRead(e) = event {
            self.read_up_to = e.up_to;
        }
    }
}
