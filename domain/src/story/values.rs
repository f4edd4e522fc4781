//! Who may see a story.

use serde::Serialize;

/// What somebody who looks is to a story's author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// The author themself.
    pub is_author: bool,
    /// Follows the author.
    pub follows: bool,
    /// Stands on the author's list of close friends.
    pub is_close_friend: bool,
    /// One of the two blocks the other, or the author hides their stories from them.
    pub is_kept_out: bool,
}

/// Who may see a story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoryPrivacy {
    /// Everybody with an account.
    #[default]
    Public,
    /// Who follows the author.
    Followers,
    /// Whom the author counts as close friends.
    CloseFriends,
}

impl StoryPrivacy {
    /// Whether somebody with these ties may see a story: the one rule, judged whenever somebody looks. The author always
    /// may. The reader of the stories says the same in SQL; a test compares them.
    pub const fn admits(self, ties: Ties) -> bool {
        let is_in_circle = match self {
            StoryPrivacy::Public => true,
            StoryPrivacy::Followers => ties.follows,
            StoryPrivacy::CloseFriends => ties.is_close_friend,
        };
        ties.is_author || (is_in_circle && !ties.is_kept_out)
    }

    /// Whether a story comes to somebody by itself, in their feeds: they may see it, and are something to its author.
    pub const fn reaches(self, ties: Ties) -> bool {
        self.admits(ties) && (ties.is_author || ties.follows || ties.is_close_friend)
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            StoryPrivacy::Public => "public",
            StoryPrivacy::Followers => "followers",
            StoryPrivacy::CloseFriends => "close_friends",
        }
    }

    /// The reverse of [`StoryPrivacy::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [StoryPrivacy::Public, StoryPrivacy::Followers, StoryPrivacy::CloseFriends]
            .into_iter()
            .find(|privacy| privacy.as_str() == text)
    }
}
