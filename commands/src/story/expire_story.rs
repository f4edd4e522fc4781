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
    /// How many had seen it in the end.
    pub view_count: u64,
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
            Story::Expired | Story::Deleted => Ok(vec![]),
            Story::Posted { expires_at, .. } if context.now < *expires_at => Err(Refusal::StoryNotDue),
            // Nobody can react to a story yet.
            Story::Posted { .. } => {
                let expired = StoryExpired { view_count: self.view_count, reaction_count: 0 };
                Ok(vec![(states.primary(), expired.into())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{STORY, deleted, expired, given, posted};
    use domain::limits::STORY_LIFE_SECONDS;
    use domain::story::values::StoryPrivacy;

    const EXPIRE: ExpireStory = ExpireStory { story: STORY, view_count: 5 };

    #[test]
    fn a_story_expires_when_it_is_due_and_not_before() {
        let posted = || posted(StoryPrivacy::Followers);
        given([posted()]).after_seconds(STORY_LIFE_SECONDS).when(EXPIRE).then([expired(5)]);
        given([posted()]).after_seconds(STORY_LIFE_SECONDS - 1).when(EXPIRE).refused(Refusal::StoryNotDue);
    }

    #[test]
    fn a_story_that_ended_is_over_already() {
        let posted = || posted(StoryPrivacy::Public);
        given([posted(), expired(4)]).after_seconds(STORY_LIFE_SECONDS).when(EXPIRE).then_it_is_already_so();
        given([posted(), deleted()]).after_seconds(STORY_LIFE_SECONDS).when(EXPIRE).then_it_is_already_so();
        given([]).when(EXPIRE).refused(Refusal::NotFound(Missing::Story));
    }
}
