//! `PostStory`: somebody shows something for 24 hours.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
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
    /// Who may see it. Only public stories exist until there are followers.
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
        match self.privacy {
            StoryPrivacy::Public => {}
            StoryPrivacy::Followers | StoryPrivacy::CloseFriends => {
                return Err(Refusal::invalid("/privacy", "NOT_AVAILABLE", "is not available yet"));
            }
        }
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
        let posted = StoryPosted {
            story: STORY,
            author: ALICE,
            privacy: StoryPrivacy::Public,
            expires_at: LONG_AGO.plus_seconds(24 * 60 * 60),
            words: Field::Clear(StoryWords { text: "sun".into(), caption: None }),
        };
        given([]).by(ALICE).when(post(StoryPrivacy::Public)).then([(StreamName::story(STORY), posted.into())]);
    }

    #[test]
    fn other_tiers_are_not_there_yet() {
        given([]).by(ALICE).when(post(StoryPrivacy::Followers)).invalid(&[("/privacy", "NOT_AVAILABLE")]);
        given([]).by(ALICE).when(post(StoryPrivacy::CloseFriends)).invalid(&[("/privacy", "NOT_AVAILABLE")]);
    }
}
