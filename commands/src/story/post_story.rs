//! `PostStory`: somebody shows something for 24 hours.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use domain::ids::StoryId;
use domain::limits::STORY_LIFE_SECONDS;
use domain::proto::story::v1::StoryWords;
use domain::story::event::StoryPosted;
use domain::story::state::Story;
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::values::{StoryCaption, StoryText};
use domain::words::Field;

/// Posts a story.
#[derive(Clone, Debug)]
pub struct PostStory {
    /// A fresh id.
    pub story: StoryId,
    /// What it shows.
    pub text: StoryText,
    /// What stands beside it.
    pub caption: Option<StoryCaption>,
    /// Who may see it.
    pub privacy: StoryPrivacy,
}

impl Command for PostStory {
    fn name(&self) -> &'static str {
        "PostStory"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::story(self.story)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let author = context.actor()?;
        if *states.story() != Story::Unknown {
            return Ok(vec![]);
        }
        let posted = StoryPosted {
            story: self.story,
            author,
            privacy: self.privacy,
            expires_at: context.now.plus_seconds(STORY_LIFE_SECONDS),
            words: Field::Clear(StoryWords {
                text: self.text.as_str().to_owned(),
                caption: self.caption.as_ref().map(|caption| caption.as_str().to_owned()),
            }),
        };
        Ok(vec![(states.primary(), posted.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.text.as_str().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, LONG_AGO, given};
    use uuid::Uuid;

    const STORY: StoryId = StoryId::new(Uuid::from_u128(9));

    fn post(privacy: StoryPrivacy) -> PostStory {
        PostStory { story: STORY, text: StoryText::parse("sun").unwrap(), caption: None, privacy }
    }

    #[test]
    fn a_story_is_seen_for_exactly_a_day() {
        for privacy in [StoryPrivacy::Public, StoryPrivacy::Followers, StoryPrivacy::CloseFriends] {
            let posted = StoryPosted {
                story: STORY,
                author: ALICE,
                privacy,
                expires_at: LONG_AGO.plus_seconds(24 * 60 * 60),
                words: Field::Clear(StoryWords { text: "sun".into(), caption: None }),
            };
            given([]).by(ALICE).when(post(privacy)).then([(StreamName::story(STORY), posted.into())]);
        }
    }
}
