//! `ChangeRetention`: messages of a conversation are kept for another time.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::values::Role;
use domain::conversation::event::RetentionChanged;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole, RetentionDays};
use domain::ids::ConversationId;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Says for how many days messages are kept: the owner of a group, an administrator of any conversation with a reason.
/// Also of a closed group, whose messages go on growing old.
#[derive(Clone, Debug)]
pub struct ChangeRetention {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// For how long; none for as long as the conversation.
    pub days: Option<RetentionDays>,
    /// Why; needed where only the role of an administrator allows it, and kept only then.
    pub reason: Option<Reason>,
}

impl Command for ChangeRetention {
    fn name(&self) -> &'static str {
        "ChangeRetention"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::account(names.actor_or_nil()))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let conversation = states.conversation();
        let own_right = own_right(conversation, conversation.member(actor).map(|member| member.role));
        let is_admin = conversation.exists() && states.account(actor).role() == Role::Admin;
        if own_right.is_err() && !is_admin {
            return own_right.map(|()| vec![]);
        }
        let days = self.days.map(RetentionDays::get);
        if conversation.kept().days == days {
            return Ok(vec![]);
        }
        let reason = match (own_right, &self.reason) {
            (Ok(()), _) => None,
            (Err(_), Some(reason)) => Some(Field::Clear(ReasonWords { reason: reason.as_str().to_owned() })),
            (Err(_), None) => return Err(Refusal::ReasonRequired),
        };
        Ok(vec![(states.primary(), RetentionChanged { days, changed_by: actor, reason }.into())])
    }
}

/// Whether somebody may as a member: nobody owns a direct conversation, and words that are gone do not come back.
fn own_right(conversation: &Conversation, role: Option<MemberRole>) -> Result<(), Refusal> {
    let role = role.ok_or(Refusal::NotFound(Missing::Conversation))?;
    let is_direct = matches!(conversation, Conversation::Open { kind: ConversationKind::Direct, .. });
    match (is_direct, role) {
        (true, _) => Err(Refusal::GroupOnly),
        (false, MemberRole::Owner) => Ok(()),
        (false, MemberRole::Admin | MemberRole::Member) => Err(Refusal::NotPermitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, Happened, ROOM, admin, closed, direct, given, group, kept_for};
    use domain::conversation::values::PrivacyMode;

    fn keep(days: Option<u32>) -> ChangeRetention {
        let days = days.map(|days| RetentionDays::parse(days).unwrap());
        ChangeRetention { conversation: ROOM, days, reason: None }
    }

    #[test]
    fn the_owner_says_how_long_messages_are_kept() {
        given(group()).by(ALICE).when(keep(Some(7))).then([kept_for(Some(7))]);
        let once = || group().into_iter().chain([kept_for(Some(7))]);
        given(once()).by(ALICE).when(keep(Some(7))).then_it_is_already_so();
        given(once()).by(ALICE).when(keep(None)).then([kept_for(None)]);
        given(group()).by(ALICE).when(keep(None)).then_it_is_already_so();
    }

    #[test]
    fn also_of_a_group_that_is_closed() {
        given(closed()).by(ALICE).when(keep(Some(7))).then([kept_for(Some(7))]);
        let then_closed = group().into_iter().chain([kept_for(Some(7))]).chain(closed().pop());
        given(then_closed).by(ALICE).when(keep(Some(7))).then_it_is_already_so();
    }

    #[test]
    fn other_members_do_not_and_strangers_learn_nothing() {
        for who in [BOB, CAROL] {
            given(group()).by(who).when(keep(Some(7))).refused(Refusal::NotPermitted);
        }
        given(group()).by(DAVE).when(keep(Some(7))).refused(Refusal::NotFound(Missing::Conversation));
        given([]).by(ALICE).when(keep(Some(7))).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn nobody_owns_a_direct_conversation() {
        let outcome = given(direct(PrivacyMode::Searchable)).by(ALICE).when(keep(Some(7)));
        outcome.refused(Refusal::GroupOnly);
    }

    #[test]
    fn an_administrator_does_so_anywhere_with_a_reason() {
        let reason = Some(Reason::parse("the law").unwrap());
        let words = Some(Field::Clear(ReasonWords { reason: "the law".into() }));
        let by = |changed_by| RetentionChanged { days: Some(7), changed_by, reason: words.clone() };
        let by = |who| [(StreamName::conversation(ROOM), by(who).into())];
        let with = |events: Vec<Happened>, who| given(events.into_iter().chain(admin(who))).by(who);
        let because = ChangeRetention { reason, ..keep(Some(7)) };
        let outcome = with(group(), DAVE).when(because.clone());
        outcome.rests_on(&StreamName::account(DAVE));
        outcome.then(by(DAVE));
        with(direct(PrivacyMode::StrictE2e), BOB).when(because.clone()).then(by(BOB));
        with(closed(), DAVE).when(because.clone()).then(by(DAVE));
        with(group(), DAVE).when(keep(Some(7))).refused(Refusal::ReasonRequired);
        with(vec![], DAVE).when(because.clone()).refused(Refusal::NotFound(Missing::Conversation));
        // The owner needs no role, and gives no reason.
        with(group(), ALICE).when(because).then([kept_for(Some(7))]);
    }
}
