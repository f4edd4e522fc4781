//! Who may see a story.

use serde::Serialize;

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
