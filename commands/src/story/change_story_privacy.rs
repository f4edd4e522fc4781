//! `ChangeStoryPrivacy`: an author changes who may see a story.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::ids::StoryId;
use domain::limits::PRIVACY_CHANGES_PER_STORY_MAX;
use domain::story::event::StoryPrivacyChanged;
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;

/// Changes who may see a story.
#[derive(Clone, Debug)]
pub struct ChangeStoryPrivacy {
    /// Which.
    pub story: StoryId,
    /// Who may see it from now on.
    pub privacy: StoryPrivacy,
}

impl Command for ChangeStoryPrivacy {
    fn name(&self) -> &'static str {
        "ChangeStoryPrivacy"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::story(self.story)
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        target::then_reads(names, states)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let target = target::visible(states, context)?.own()?;
        if target.privacy == self.privacy {
            return Ok(vec![]);
        }
        if target.privacy_changes >= PRIVACY_CHANGES_PER_STORY_MAX {
            return Err(Refusal::PrivacyChangeLimitReached);
        }
        let changed = StoryPrivacyChanged { privacy: self.privacy, previous: target.privacy };
        Ok(vec![(states.primary(), changed.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, BOB, Happened, STORY, deleted, given, posted};
    use domain::limits::STORY_LIFE_SECONDS;

    const FOR_FRIENDS: ChangeStoryPrivacy = ChangeStoryPrivacy { story: STORY, privacy: StoryPrivacy::CloseFriends };

    fn changed(privacy: StoryPrivacy, previous: StoryPrivacy) -> Happened {
        (StreamName::story(STORY), StoryPrivacyChanged { privacy, previous }.into())
    }

    #[test]
    fn an_author_changes_who_may_see_it() {
        let public = posted(StoryPrivacy::Public);
        given([public]).by(ALICE).when(FOR_FRIENDS).then([changed(StoryPrivacy::CloseFriends, StoryPrivacy::Public)]);
        given([posted(StoryPrivacy::CloseFriends)]).by(ALICE).when(FOR_FRIENDS).then_it_is_already_so();
    }

    #[test]
    fn others_may_not_and_learn_of_it_only_if_they_see_it() {
        given([posted(StoryPrivacy::Public)]).by(BOB).when(FOR_FRIENDS).refused(Refusal::NotPermitted);
        let missing = Refusal::NotFound(Missing::Story);
        given([posted(StoryPrivacy::Followers)]).by(BOB).when(FOR_FRIENDS).refused(missing);
    }

    #[test]
    fn a_story_that_is_over_does_not_change() {
        let missing = Refusal::NotFound(Missing::Story);
        let over = given([posted(StoryPrivacy::Public)]).by(ALICE).after_seconds(STORY_LIFE_SECONDS);
        over.when(FOR_FRIENDS).refused(missing.clone());
        given([posted(StoryPrivacy::Public), deleted()]).by(ALICE).when(FOR_FRIENDS).refused(missing);
    }

    #[test]
    fn a_story_changes_hands_a_hundred_times_at_most() {
        let changes = (0..PRIVACY_CHANGES_PER_STORY_MAX).map(|n| match n % 2 {
            0 => changed(StoryPrivacy::Followers, StoryPrivacy::Public),
            _ => changed(StoryPrivacy::Public, StoryPrivacy::Followers),
        });
        let worn = [posted(StoryPrivacy::Public)].into_iter().chain(changes);
        given(worn).by(ALICE).when(FOR_FRIENDS).refused(Refusal::PrivacyChangeLimitReached);
    }
}
