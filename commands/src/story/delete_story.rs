//! `DeleteStory`: an author takes a story back before its time is over.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use domain::ids::StoryId;
use domain::story::event::StoryDeleted;
use domain::stream::StreamName;

/// Deletes a story.
#[derive(Clone, Debug)]
pub struct DeleteStory {
    /// Which.
    pub story: StoryId,
}

impl Command for DeleteStory {
    fn name(&self) -> &'static str {
        "DeleteStory"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::story(self.story)
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        target::then_reads(names, states)
    }

    /// A deleted story is gone for its author too: a repeat finds nothing.
    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let target = target::visible(states, context)?.own()?;
        Ok(vec![(states.primary(), StoryDeleted { deleted_by: target.actor }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::{Missing, Refusal};
    use crate::scenario::{ALICE, BOB, STORY, deleted, expired, given, posted};
    use domain::story::values::StoryPrivacy;

    const DELETE: DeleteStory = DeleteStory { story: STORY };

    #[test]
    fn an_author_deletes_a_story_once() {
        given([posted(StoryPrivacy::Followers)]).by(ALICE).when(DELETE).then([deleted()]);
        let missing = Refusal::NotFound(Missing::Story);
        given([posted(StoryPrivacy::Followers), deleted()]).by(ALICE).when(DELETE).refused(missing.clone());
        given([posted(StoryPrivacy::Followers), expired(3)]).by(ALICE).when(DELETE).refused(missing);
    }

    #[test]
    fn others_may_not_and_learn_of_it_only_if_they_see_it() {
        given([posted(StoryPrivacy::Public)]).by(BOB).when(DELETE).refused(Refusal::NotPermitted);
        given([posted(StoryPrivacy::CloseFriends)]).by(BOB).when(DELETE).refused(Refusal::NotFound(Missing::Story));
    }
}
