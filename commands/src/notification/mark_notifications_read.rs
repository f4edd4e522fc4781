//! `MarkNotificationsRead`: somebody has read their notifications up to one.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use domain::ids::Position;
use domain::notification::event::NotificationsRead;
use domain::stream::StreamName;

/// Moves how far the actor has read their notifications, never back. Its stream may grow without a bound, for its newest
/// event alone is its state: nobody ever loads more of it.
#[derive(Clone, Debug)]
pub struct MarkNotificationsRead {
    /// Of the event that the newest of them tells of.
    pub up_to: Position,
}

impl Command for MarkNotificationsRead {
    fn name(&self) -> &'static str {
        "MarkNotificationsRead"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::notifications(names.actor_or_nil())
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        context.actor()?;
        if self.up_to <= states.notifications().read_up_to {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), NotificationsRead { up_to: self.up_to }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, given};

    fn read(position: u64) -> MarkNotificationsRead {
        MarkNotificationsRead { up_to: Position(position) }
    }

    fn moved(position: u64) -> Happened {
        (StreamName::notifications(ALICE), NotificationsRead { up_to: Position(position) }.into())
    }

    #[test]
    fn somebody_has_read_up_to_a_notification() {
        given([]).by(ALICE).when(read(5)).then([moved(5)]);
        given([moved(5)]).by(ALICE).when(read(6)).then([moved(6)]);
    }

    #[test]
    fn it_never_moves_back() {
        given([moved(5)]).by(ALICE).when(read(5)).then_it_is_already_so();
        given([moved(5)]).by(ALICE).when(read(4)).then_it_is_already_so();
        given([]).by(ALICE).when(read(0)).then_it_is_already_so();
    }
}
