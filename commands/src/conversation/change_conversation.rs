//! `ChangeConversation`: a group is called otherwise.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::conversation::standing::not_open;
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::ConversationChanged;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::ConversationId;
use domain::proto::conversation::v1::ConversationWords;
use domain::stream::StreamName;
use domain::values::{ConversationDescription, ConversationName};
use domain::words::{Field, SealedField};

/// Changes a group's name, description, or both.
#[derive(Clone, Debug)]
pub struct ChangeConversation {
    /// Which.
    pub conversation: ConversationId,
    /// Its name from now on, if that changes.
    pub name: Option<ConversationName>,
    /// What it is about from now on, if that changes; the inner none for nothing.
    pub description: Option<Option<ConversationDescription>>,
}

impl ChangeConversation {
    fn words(&self, current: Option<ConversationWords>) -> Result<ConversationWords, Refusal> {
        let (name, description) = current.map_or((None, None), |words| (Some(words.name), words.description));
        let name = self.name.as_ref().map(|name| name.as_str().to_owned()).or(name);
        // Only of a group whose key was destroyed nobody knows what it is called.
        let name = name.ok_or_else(|| Refusal::invalid("/name", "REQUIRED", "is needed: the name was erased"))?;
        let description = match &self.description {
            None => description,
            Some(new) => new.as_ref().map(|text| text.as_str().to_owned()),
        };
        Ok(ConversationWords { name, description })
    }
}

impl Command for ChangeConversation {
    fn name(&self) -> &'static str {
        "ChangeConversation"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        match states.conversation() {
            Conversation::Open { words: Some(words), .. } => words.sealed().cloned().into_iter().collect(),
            Conversation::Open { words: None, .. } | Conversation::Closed { .. } | Conversation::Unknown => vec![],
        }
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let conversation = states.conversation();
        let Conversation::Open { kind, members, words, .. } = conversation else {
            return Err(not_open(conversation, context, Missing::Conversation));
        };
        let own = members.get(&actor).ok_or(Refusal::NotFound(Missing::Conversation))?;
        if *kind == ConversationKind::Direct {
            return Err(Refusal::GroupOnly);
        }
        if own.role < MemberRole::Admin {
            return Err(Refusal::NotPermitted);
        }
        if self.name.is_none() && self.description.is_none() {
            return Ok(vec![]);
        }
        let current = words.as_ref().and_then(|words| context.words_of(words));
        let words = self.words(current.clone())?;
        if current.as_ref() == Some(&words) {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), ConversationChanged { words: Field::Clear(words) }.into())])
    }

    fn bytes(&self) -> usize {
        256 + domain::limits::CONVERSATION_NAME_MAX_CHARACTERS + domain::limits::CONVERSATION_DESCRIPTION_MAX_CHARACTERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, Happened, ROOM, closed, direct, given, group};
    use domain::conversation::values::PrivacyMode;

    fn change(name: Option<&str>, description: Option<Option<&str>>) -> ChangeConversation {
        ChangeConversation {
            conversation: ROOM,
            name: name.map(|name| ConversationName::parse(name).unwrap()),
            description: description.map(|text| text.map(|text| ConversationDescription::parse(text).unwrap())),
        }
    }

    fn called(name: &str, description: Option<&str>) -> Happened {
        let words = ConversationWords { name: name.into(), description: description.map(str::to_owned) };
        (StreamName::conversation(ROOM), ConversationChanged { words: Field::Clear(words) }.into())
    }

    fn tea() -> Vec<Happened> {
        group().into_iter().chain([called("Tea", Some("at five"))]).collect()
    }

    #[test]
    fn admins_change_only_what_they_name() {
        given(tea()).by(BOB).when(change(Some("Coffee"), None)).then([called("Coffee", Some("at five"))]);
        given(tea()).by(ALICE).when(change(None, Some(Some("at six")))).then([called("Tea", Some("at six"))]);
        given(tea()).by(ALICE).when(change(None, Some(None))).then([called("Tea", None)]);
    }

    #[test]
    fn what_is_so_already_changes_nothing() {
        given(tea()).by(BOB).when(change(Some("Tea"), Some(Some("at five")))).then_it_is_already_so();
        given(tea()).by(BOB).when(change(None, None)).then_it_is_already_so();
    }

    #[test]
    fn a_group_whose_name_was_erased_needs_a_new_one() {
        // The group of the scenarios has no words at all.
        given(group()).by(BOB).when(change(None, Some(None))).invalid(&[("/name", "REQUIRED")]);
        given(group()).by(BOB).when(change(Some("Tea"), None)).then([called("Tea", None)]);
    }

    #[test]
    fn members_do_not_and_strangers_learn_nothing() {
        given(tea()).by(CAROL).when(change(Some("Coffee"), None)).refused(Refusal::NotPermitted);
        given(tea()).by(CAROL).when(change(None, None)).refused(Refusal::NotPermitted);
        given(tea()).by(DAVE).when(change(None, None)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn only_open_groups_have_a_name_to_change() {
        let events = direct(PrivacyMode::Searchable);
        given(events).by(ALICE).when(change(Some("Us"), None)).refused(Refusal::GroupOnly);
        given(closed()).by(ALICE).when(change(Some("Tea"), None)).refused(Refusal::ConversationClosed);
    }
}
