//! `CreateConversation`: two people have a direct conversation, or a group exists.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{InvalidField, Refusal};
use domain::conversation::event::{ConversationCreated, MemberJoined};
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::limits::{GROUP_MAX_MEMBERS, GROUP_MIN_MEMBERS};
use domain::proto::conversation::v1::ConversationWords;
use domain::relationship::state::are_apart;
use domain::stream::StreamName;
use domain::values::{ConversationDescription, ConversationName};
use domain::words::{Field, Purpose};
use std::collections::BTreeSet;

/// Opens the direct conversation with somebody.
#[derive(Clone, Debug)]
pub struct CreateDirect {
    /// With whom.
    pub participant: AccountId,
    /// Whether the server can read what is said.
    pub privacy_mode: PrivacyMode,
}

/// Creates a group.
#[derive(Clone, Debug)]
pub struct CreateGroup {
    /// A fresh id.
    pub conversation: ConversationId,
    /// Its name.
    pub name: ConversationName,
    /// What it is about.
    pub description: Option<ConversationDescription>,
    /// Its members; the creator is one whether named or not, and repeated ones count once.
    pub members: Vec<AccountId>,
    /// Whether the server can read what is said.
    pub privacy_mode: PrivacyMode,
}

/// The id of the direct conversation between two people: the same whoever opens it.
pub fn direct_conversation_id(names: &Names<'_>, one: AccountId, other: AccountId) -> ConversationId {
    let (first, second) = (one.min(other).uuid(), one.max(other).uuid());
    ConversationId::new(names.hash(Purpose::DirectPair, &[first.as_bytes(), second.as_bytes()]).uuid())
}

impl CreateDirect {
    fn id(&self, names: &Names<'_>) -> ConversationId {
        direct_conversation_id(names, names.actor_or_nil(), self.participant)
    }
}

impl Command for CreateDirect {
    fn name(&self) -> &'static str {
        "CreateConversation"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.id(names))
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        let actor = names.actor_or_nil();
        if actor == self.participant {
            return vec![];
        }
        vec![
            Read::Check(StreamName::account(self.participant)),
            Read::Check(StreamName::relationship(actor)),
            Read::Check(StreamName::relationship(self.participant)),
        ]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        if actor == self.participant {
            return Err(Refusal::invalid("/participant_id", "ONESELF", "must be somebody else"));
        }
        if !states.account(self.participant).exists() {
            return Err(Refusal::invalid("/participant_id", "UNKNOWN_ACCOUNT", "is not an account"));
        }
        let (own, theirs) = (states.relationship(actor), states.relationship(self.participant));
        if are_apart((actor, own), (self.participant, theirs)) && !context.is_import() {
            return Err(Refusal::MessagingNotAllowed);
        }
        match states.conversation() {
            Conversation::Open { privacy_mode, .. } if *privacy_mode == self.privacy_mode => return Ok(vec![]),
            Conversation::Open { .. } => return Err(Refusal::PrivacyModeDiffers),
            // Only groups are closed.
            Conversation::Closed { .. } => return Err(Refusal::ConversationClosed),
            Conversation::Unknown => {}
        }
        let created = ConversationCreated {
            conversation: self.id(&context.names()),
            kind: ConversationKind::Direct,
            privacy_mode: self.privacy_mode,
            created_by: actor,
            words: None,
        };
        let members = [actor, self.participant].map(|account| MemberJoined { account, role: MemberRole::Member });
        Ok(on_one_stream(states.primary(), created, members))
    }
}

impl Command for CreateGroup {
    fn name(&self) -> &'static str {
        "CreateConversation"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        let distinct: BTreeSet<_> = self.members.iter().collect();
        // Too many are refused without asking who they are.
        if distinct.len() > GROUP_MAX_MEMBERS && !names.is_import {
            return vec![];
        }
        distinct.into_iter().map(|account| Read::Check(StreamName::account(*account))).collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let creator = context.actor()?;
        if states.conversation().exists() {
            return Ok(vec![]);
        }
        let members = self.members_beside(creator);
        if !context.is_import() {
            check_size(members.len() + 1)?;
        }
        self.check_accounts(states, creator)?;
        let created = ConversationCreated {
            conversation: self.conversation,
            kind: ConversationKind::Group,
            privacy_mode: self.privacy_mode,
            created_by: creator,
            words: Some(Field::Clear(ConversationWords {
                name: self.name.as_str().to_owned(),
                description: self.description.as_ref().map(|text| text.as_str().to_owned()),
            })),
        };
        let owner = MemberJoined { account: creator, role: MemberRole::Owner };
        let others = members.into_iter().map(|account| MemberJoined { account, role: MemberRole::Member });
        Ok(on_one_stream(states.primary(), created, std::iter::once(owner).chain(others)))
    }

    fn bytes(&self) -> usize {
        1024 + 64 * self.members.len()
    }
}

impl CreateGroup {
    /// Everybody but the creator, once, in the order they were named.
    fn members_beside(&self, creator: AccountId) -> Vec<AccountId> {
        let mut seen = BTreeSet::from([creator]);
        self.members.iter().copied().filter(|account| seen.insert(*account)).collect()
    }

    fn check_accounts(&self, states: &States, creator: AccountId) -> Result<(), Refusal> {
        let mut known = BTreeSet::from([creator]);
        let mut unknown = Vec::new();
        for (index, account) in self.members.iter().enumerate() {
            if known.contains(account) || states.account(*account).exists() {
                known.insert(*account);
            } else {
                unknown.push(InvalidField {
                    pointer: format!("/member_ids/{index}"),
                    code: "UNKNOWN_ACCOUNT",
                    detail: "is not an account",
                });
            }
        }
        if unknown.is_empty() { Ok(()) } else { Err(Refusal::Invalid(unknown)) }
    }
}

fn check_size(members: usize) -> Result<(), Refusal> {
    if members < GROUP_MIN_MEMBERS {
        return Err(Refusal::invalid("/member_ids", "TOO_FEW", "must make a group of at least 3 with its creator"));
    }
    if members > GROUP_MAX_MEMBERS {
        return Err(Refusal::invalid("/member_ids", "TOO_MANY", "must make a group of at most 500 with its creator"));
    }
    Ok(())
}

fn on_one_stream(
    stream: StreamName,
    created: ConversationCreated,
    members: impl IntoIterator<Item = MemberJoined>,
) -> Vec<(StreamName, Event)> {
    let members = members.into_iter().map(Event::from);
    std::iter::once(Event::from(created)).chain(members).map(|event| (stream.clone(), event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::clear_words::ClearWords;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, ROOM, blocked, given, person, registered};

    fn direct() -> CreateDirect {
        CreateDirect { participant: BOB, privacy_mode: PrivacyMode::Searchable }
    }

    fn group(members: &[AccountId]) -> CreateGroup {
        CreateGroup {
            conversation: ROOM,
            name: ConversationName::parse("Tea").unwrap(),
            description: None,
            members: members.to_vec(),
            privacy_mode: PrivacyMode::Searchable,
        }
    }

    fn created_direct(privacy_mode: PrivacyMode) -> (ConversationId, Vec<(StreamName, Event)>) {
        let conversation = direct_conversation_id(&Names::new(None, &ClearWords), BOB, ALICE);
        let created = ConversationCreated {
            conversation,
            kind: ConversationKind::Direct,
            privacy_mode,
            created_by: ALICE,
            words: None,
        };
        let members = [ALICE, BOB].map(|account| MemberJoined { account, role: MemberRole::Member });
        (conversation, on_one_stream(StreamName::conversation(conversation), created, members))
    }

    fn created_group(members: &[AccountId]) -> Vec<(StreamName, Event)> {
        let created = ConversationCreated {
            conversation: ROOM,
            kind: ConversationKind::Group,
            privacy_mode: PrivacyMode::Searchable,
            created_by: ALICE,
            words: Some(Field::Clear(ConversationWords { name: "Tea".into(), description: None })),
        };
        let role = |account| if account == ALICE { MemberRole::Owner } else { MemberRole::Member };
        let joined = members.iter().map(|account| MemberJoined { account: *account, role: role(*account) });
        on_one_stream(StreamName::conversation(ROOM), created, joined)
    }

    #[test]
    fn two_people_have_one_direct_conversation_whoever_opens_it() {
        let (_, events) = created_direct(PrivacyMode::Searchable);
        let outcome = given([registered(BOB)]).by(ALICE).when(direct());
        outcome.rests_on(&StreamName::relationship(ALICE));
        outcome.rests_on(&StreamName::relationship(BOB));
        outcome.then(events.clone());
        let back = CreateDirect { participant: ALICE, privacy_mode: PrivacyMode::Searchable };
        let given_both = events.into_iter().chain([registered(ALICE), registered(BOB)]);
        given(given_both).by(BOB).when(back).then_it_is_already_so();
    }

    #[test]
    fn two_who_are_apart_open_none_whoever_blocks() {
        let (_, exists) = created_direct(PrivacyMode::Searchable);
        for (owner, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let apart = || [registered(BOB), blocked(owner, other)];
            given(apart()).by(ALICE).when(direct()).refused(Refusal::MessagingNotAllowed);
            given(exists.iter().cloned().chain(apart())).by(ALICE).when(direct()).refused(Refusal::MessagingNotAllowed);
        }
    }

    #[test]
    fn an_existing_direct_conversation_in_another_mode_is_refused() {
        let (_, events) = created_direct(PrivacyMode::StrictE2e);
        given(events.into_iter().chain([registered(BOB)]))
            .by(ALICE)
            .when(direct())
            .refused(Refusal::PrivacyModeDiffers);
    }

    #[test]
    fn nobody_talks_to_themselves_or_to_nobody() {
        let oneself = CreateDirect { participant: ALICE, privacy_mode: PrivacyMode::Searchable };
        given([registered(ALICE)]).by(ALICE).when(oneself).invalid(&[("/participant_id", "ONESELF")]);
        given([]).by(ALICE).when(direct()).invalid(&[("/participant_id", "UNKNOWN_ACCOUNT")]);
        given([registered(BOB)]).when(direct()).refused(Refusal::NotSignedIn);
    }

    #[test]
    fn a_group_has_its_creator_as_owner_and_everybody_once() {
        given([registered(BOB), registered(CAROL)])
            .by(ALICE)
            .when(group(&[CAROL, BOB, CAROL, ALICE]))
            .then(created_group(&[ALICE, CAROL, BOB]));
    }

    #[test]
    fn a_group_of_two_or_of_more_than_500_is_refused() {
        let known = || (0..600).map(|n| registered(person(1000 + n)));
        let members = |count: u128| (0..count).map(|n| person(1000 + n)).collect::<Vec<_>>();
        given(known()).by(ALICE).when(group(&[ALICE, person(1000)])).invalid(&[("/member_ids", "TOO_FEW")]);
        given(known()).by(ALICE).when(group(&members(500))).invalid(&[("/member_ids", "TOO_MANY")]);
        let everybody: Vec<_> = std::iter::once(ALICE).chain(members(499)).collect();
        given(known()).by(ALICE).when(group(&members(499))).then(created_group(&everybody));
    }

    #[test]
    fn unknown_members_are_named_by_their_place() {
        given([registered(BOB)])
            .by(ALICE)
            .when(group(&[CAROL, BOB, DAVE]))
            .invalid(&[("/member_ids/0", "UNKNOWN_ACCOUNT"), ("/member_ids/2", "UNKNOWN_ACCOUNT")]);
    }

    #[test]
    fn an_imported_group_may_have_one_member() {
        let mut events = created_group(&[ALICE]);
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 1 };
        events.push((StreamName::import(domain::ids::Hash16([1; 16])), progress.into()));
        given([]).by(ALICE).imported(1).when(group(&[])).then(events);
    }
}
