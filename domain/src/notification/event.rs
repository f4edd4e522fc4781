//! What happens to an account's notifications, in `notifications-<account>`.

use crate::ids::Position;
use serde::Serialize;

/// The stream's account has read its notifications up to one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotificationsRead {
    /// Of the event that the newest of them tells of.
    pub up_to: Position,
}
