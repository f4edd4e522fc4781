//! `ViewStory`: somebody saw a story. It counts once for each viewer; fetching a story is not seeing it.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use domain::ids::StoryId;
use domain::story::event::StoryViewed;
use domain::stream::StreamName;
use domain::words::Purpose;

/// Tells that the actor saw a story.
#[derive(Clone, Debug)]
pub struct ViewStory {
    /// Which.
    pub story: StoryId,
    /// For how long, in milliseconds; at most [`domain::limits::STORY_VIEW_MAX_MILLISECONDS`].
    pub duration_ms: Option<u32>,
}

impl Command for ViewStory {
    fn name(&self) -> &'static str {
        "ViewStory"
    }

    /// A stream for each viewer: however many look at once, none waits for another.
    fn stream(&self, names: &Names<'_>) -> StreamName {
        let (story, viewer) = (self.story.uuid(), names.actor_or_nil().uuid());
        StreamName::view(names.hash(Purpose::StoryView, &[story.as_bytes(), viewer.as_bytes()]))
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::story(self.story))]
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        target::then_reads(names, states)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let target = target::visible(states, context)?;
        // An author's own look does not count.
        if target.actor == target.author || states.view().is_seen {
            return Ok(vec![]);
        }
        let viewed = StoryViewed {
            story: self.story,
            author: target.author,
            viewer: target.actor,
            duration_ms: self.duration_ms,
        };
        Ok(vec![(states.primary(), viewed.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::clear_words::ClearWords;
    use crate::refusal::{Missing, Refusal};
    use crate::scenario::{
        ALICE, BOB, CAROL, Happened, STORY, befriended, blocked, deleted, expired, followed, given, posted,
    };
    use domain::ids::AccountId;
    use domain::limits::STORY_LIFE_SECONDS;
    use domain::relationship::event::StoriesHidden;
    use domain::story::values::StoryPrivacy;
    use domain::words::Words;

    const VIEW: ViewStory = ViewStory { story: STORY, duration_ms: Some(1_500) };

    fn viewed(viewer: AccountId) -> Happened {
        let hash = ClearWords.hash(Purpose::StoryView, &[STORY.uuid().as_bytes(), viewer.uuid().as_bytes()]);
        let viewed = StoryViewed { story: STORY, author: ALICE, viewer, duration_ms: Some(1_500) };
        (StreamName::view(hash), viewed.into())
    }

    #[test]
    fn a_view_counts_once_for_each_viewer() {
        given([posted(StoryPrivacy::Public)]).by(BOB).when(VIEW).then([viewed(BOB)]);
        given([posted(StoryPrivacy::Public), viewed(BOB)]).by(BOB).when(VIEW).then_it_is_already_so();
        given([posted(StoryPrivacy::Public), viewed(BOB)]).by(CAROL).when(VIEW).then([viewed(CAROL)]);
    }

    #[test]
    fn the_authors_own_look_does_not_count() {
        given([posted(StoryPrivacy::CloseFriends)]).by(ALICE).when(VIEW).then_it_is_already_so();
    }

    #[test]
    fn who_may_not_see_it_does_not_learn_that_it_exists() {
        let gone = || Refusal::NotFound(Missing::Story);
        given([]).by(BOB).when(VIEW).refused(gone());
        given([posted(StoryPrivacy::Followers)]).by(BOB).when(VIEW).refused(gone());
        given([posted(StoryPrivacy::Followers), befriended(BOB)]).by(BOB).when(VIEW).refused(gone());
        given([posted(StoryPrivacy::CloseFriends), followed(BOB)]).by(BOB).when(VIEW).refused(gone());
        given([posted(StoryPrivacy::Followers), followed(BOB)]).by(BOB).when(VIEW).then([viewed(BOB)]);
        given([posted(StoryPrivacy::CloseFriends), befriended(BOB)]).by(BOB).when(VIEW).then([viewed(BOB)]);
    }

    #[test]
    fn nothing_is_seen_from_its_end_on() {
        let gone = Refusal::NotFound(Missing::Story);
        let seconds = STORY_LIFE_SECONDS;
        given([posted(StoryPrivacy::Public)]).by(BOB).after_seconds(seconds - 1).when(VIEW).then([viewed(BOB)]);
        given([posted(StoryPrivacy::Public)]).by(BOB).after_seconds(seconds).when(VIEW).refused(gone.clone());
        given([posted(StoryPrivacy::Public), expired(0)]).by(BOB).when(VIEW).refused(gone.clone());
        given([posted(StoryPrivacy::Public), deleted()]).by(BOB).when(VIEW).refused(gone);
    }

    #[test]
    fn a_view_rests_on_the_story_and_on_what_the_two_are_to_each_other() {
        let outcome = given([posted(StoryPrivacy::Public)]).by(BOB).when(VIEW);
        for stream in [StreamName::story(STORY), StreamName::relationship(ALICE), StreamName::relationship(BOB)] {
            outcome.rests_on(&stream);
        }
    }
    #[test]
    fn who_is_kept_out_does_not_see_it_whatever_ties_them() {
        let hidden = (StreamName::relationship(ALICE), StoriesHidden { account: BOB }.into());
        let story = || [posted(StoryPrivacy::Public), followed(BOB), befriended(BOB)];
        for how in [blocked(ALICE, BOB), blocked(BOB, ALICE), hidden] {
            let events = story().into_iter().chain([how]);
            given(events).by(BOB).when(VIEW).refused(Refusal::NotFound(Missing::Story));
        }
    }
}
