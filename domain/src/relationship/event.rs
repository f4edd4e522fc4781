//! What happens between accounts. All of it stands in `relationship-<account>` of whoever does it: the follower, the
//! owner of the list.

use crate::ids::AccountId;
use serde::Serialize;

/// The stream's account follows another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountFollowed {
    /// Whom.
    pub account: AccountId,
}

/// The stream's account follows another no longer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountUnfollowed {
    /// Whom.
    pub account: AccountId,
}

/// Somebody was put on the stream's account's list of close friends. They are not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloseFriendAdded {
    /// Who.
    pub account: AccountId,
}

/// Somebody was taken off that list. They are not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloseFriendRemoved {
    /// Who.
    pub account: AccountId,
}
