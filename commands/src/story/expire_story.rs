//! `ExpireStory`: a story's end is recorded. Nobody has seen it since its time was over anyway.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::ids::StoryId;
use domain::story::event::StoryExpired;
use domain::story::state::Story;
use domain::stream::StreamName;

/// Records that a story's time is over.
#[derive(Clone, Debug)]
pub struct ExpireStory {
    /// Which.
    pub story: StoryId,
}

impl Command for ExpireStory {
    fn name(&self) -> &'static str {
        "ExpireStory"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::story(self.story)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        match states.story() {
            Story::Unknown => Err(Refusal::NotFound(Missing::Story)),
            Story::Expired => Ok(vec![]),
            Story::Posted { expires_at, .. } if context.now < *expires_at => Err(Refusal::StoryNotDue),
            // Nobody can view a story or react to one yet.
            Story::Posted { .. } => {
                Ok(vec![(states.primary(), StoryExpired { view_count: 0, reaction_count: 0 }.into())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, LONG_AGO, given};
    use domain::proto::story::v1::StoryWords;
    use domain::story::event::StoryPosted;
    use domain::story::values::StoryPrivacy;
    use domain::words::Field;
    use uuid::Uuid;

    const STORY: StoryId = StoryId::new(Uuid::from_u128(9));
    const EXPIRE: ExpireStory = ExpireStory { story: STORY };

    fn posted() -> Happened {
        let posted = StoryPosted {
            story: STORY,
            author: ALICE,
            privacy: StoryPrivacy::Public,
            expires_at: LONG_AGO.plus_seconds(10),
            words: Field::Clear(StoryWords::default()),
        };
        (StreamName::story(STORY), posted.into())
    }

    fn expired() -> Happened {
        (StreamName::story(STORY), StoryExpired { view_count: 0, reaction_count: 0 }.into())
    }

    #[test]
    fn a_story_expires_when_it_is_due_and_not_before() {
        given([posted()]).after_seconds(10).when(EXPIRE).then([expired()]);
        given([posted()]).after_seconds(9).when(EXPIRE).refused(Refusal::StoryNotDue);
    }

    #[test]
    fn an_expired_story_is_expired_already() {
        given([posted(), expired()]).after_seconds(10).when(EXPIRE).then_it_is_already_so();
        given([]).when(EXPIRE).refused(Refusal::NotFound(Missing::Story));
    }
}
