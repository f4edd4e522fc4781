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

/// The stream's account blocks another: from now on neither writes to the other, nor is shown or told anything of them.
/// They are not told. What ties the two end in the same unit, each by an event of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountBlocked {
    /// Whom.
    pub account: AccountId,
}

/// The stream's account blocks another no longer. What ended with the block does not come back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountUnblocked {
    /// Whom.
    pub account: AccountId,
}

/// The stream's account leaves another's stories out of its story feed. They are not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoriesMuted {
    /// Whose.
    pub account: AccountId,
}

/// The stream's account wants another's stories in its story feed again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoriesUnmuted {
    /// Whose.
    pub account: AccountId,
}

/// The stream's account shows its stories to another no longer, whatever ties them. They are not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoriesHidden {
    /// From whom.
    pub account: AccountId,
}

/// The stream's account shows its stories to another again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoriesShown {
    /// To whom.
    pub account: AccountId,
}
