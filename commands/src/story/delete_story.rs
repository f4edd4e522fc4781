//! `DeleteStory`: a story is taken back before its time is over.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::values::Role;
use domain::ids::StoryId;
use domain::proto::account::v1::ReasonWords;
use domain::story::event::StoryDeleted;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Deletes a story: its author, a moderator any with a reason.
#[derive(Clone, Debug)]
pub struct DeleteStory {
    /// Which.
    pub story: StoryId,
    /// Why; needed where only the role of a moderator allows it, and kept only then.
    pub reason: Option<Reason>,
}

impl Command for DeleteStory {
    fn name(&self) -> &'static str {
        "DeleteStory"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::story(self.story)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::account(names.actor_or_nil()))]
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        target::then_reads(names, states)
    }

    /// A deleted story is gone for its author too: a repeat finds nothing.
    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let reason = match target::visible(states, context).and_then(target::Target::own) {
            Ok(_) => None,
            Err(_) if states.account(actor).role() == Role::Moderator => {
                if !target::is_running(states, context) {
                    return Err(Refusal::NotFound(Missing::Story));
                }
                let reason = self.reason.as_ref().ok_or(Refusal::ReasonRequired)?;
                Some(Field::Clear(ReasonWords { reason: reason.as_str().to_owned() }))
            }
            Err(refusal) => return Err(refusal),
        };
        Ok(vec![(states.primary(), StoryDeleted { deleted_by: actor, reason }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, STORY, deleted, expired, given, posted, registered};
    use domain::account::event::RoleGranted;
    use domain::limits::STORY_LIFE_SECONDS;
    use domain::story::values::StoryPrivacy;

    const DELETE: DeleteStory = DeleteStory { story: STORY, reason: None };

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

    fn moderated(moderator: domain::ids::AccountId) -> [Happened; 3] {
        let granted = RoleGranted { role: Role::Moderator, reason: None };
        let granted = (StreamName::account(moderator), granted.into());
        [registered(moderator), granted, posted(StoryPrivacy::CloseFriends)]
    }

    #[test]
    fn a_moderator_deletes_any_story_with_a_reason() {
        let with_reason = || DeleteStory { reason: Some(Reason::parse("spam").unwrap()), ..DELETE };
        let sealed = Some(Field::Clear(ReasonWords { reason: "spam".into() }));
        let outcome = given(moderated(BOB)).by(BOB).when(with_reason());
        outcome.rests_on(&StreamName::account(BOB));
        outcome.then([then_happened_to_story(StoryDeleted { deleted_by: BOB, reason: sealed })]);
        given(moderated(BOB)).by(BOB).when(DELETE).refused(Refusal::ReasonRequired);
        let missing = Refusal::NotFound(Missing::Story);
        let gone = || moderated(BOB).into_iter().chain([deleted()]);
        given(gone()).by(BOB).when(with_reason()).refused(missing.clone());
        given(gone()).by(BOB).when(DELETE).refused(missing.clone());
        let late = given(moderated(BOB)).by(BOB).after_seconds(STORY_LIFE_SECONDS);
        late.when(with_reason()).refused(missing.clone());
        given([posted(StoryPrivacy::CloseFriends)]).by(BOB).when(with_reason()).refused(missing);
    }

    #[test]
    fn a_reason_is_kept_only_where_the_role_was_needed() {
        let with_reason = || DeleteStory { reason: Some(Reason::parse("mine").unwrap()), ..DELETE };
        given(moderated(ALICE)).by(ALICE).when(with_reason()).then([deleted()]);
        given([posted(StoryPrivacy::Public)]).by(BOB).when(with_reason()).refused(Refusal::NotPermitted);
    }

    fn then_happened_to_story(event: StoryDeleted) -> Happened {
        (StreamName::story(STORY), event.into())
    }
}
