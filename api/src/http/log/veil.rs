//! What analysts see in place of accounts: pseudonyms, the same for the same account everywhere in the log.
//!
//! A pseudonym is a keyed hash of the account's id, shown as a UUID of version 8. Every id in an envelope, a stream's
//! name or a payload that could be an account's is replaced; only what is known to be something else is left.

use crate::wire::log::LogEvent;
use domain::account::values::Role;
use domain::recorded::Recorded;
use domain::stream::{Category, StreamName};
use domain::words::{Purpose, Words};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Fields of payloads whose ids are no account's.
const NO_ACCOUNTS: &[&str] = &["conversation", "job", "story"];

/// How somebody sees the log.
#[derive(Clone)]
pub enum Veil {
    /// As it is: auditors.
    None,
    /// With pseudonyms in place of accounts: analysts.
    Pseudonyms(Arc<dyn Words>),
}

impl Veil {
    /// How somebody with this role sees it.
    pub fn of(role: Role, words: &Arc<dyn Words>) -> Self {
        match role {
            Role::Auditor => Veil::None,
            Role::Analyst | Role::User | Role::Moderator | Role::Admin => Veil::Pseudonyms(words.clone()),
        }
    }

    /// Whether streams of this name may be asked for by it: an account's own would tell whose pseudonym is whose.
    pub fn hides(&self, prefix: &str) -> bool {
        let names_an_account = ["access-", "account-", "notifications-", "read-", "relationship-", "keys-a"]
            .iter()
            .any(|named| prefix.starts_with(named) && prefix.len() > named.len());
        // After the conversation stands whose membership it is.
        let names_a_member = prefix.starts_with("membership-") && prefix.contains('.');
        matches!(self, Veil::Pseudonyms(_)) && (names_an_account || names_a_member)
    }

    /// The event as it is seen.
    pub fn show(&self, event: &Recorded) -> LogEvent {
        let mut shown = LogEvent::plain(event);
        if let Veil::Pseudonyms(words) = self {
            shown.actor = shown.actor.map(|actor| pseudonym(&**words, actor));
            shown.stream = veil_stream(&**words, &event.stream);
            veil_payload(&**words, "", &mut shown.payload);
        }
        shown
    }
}

fn pseudonym(words: &dyn Words, account: Uuid) -> Uuid {
    words.hash(Purpose::Pseudonym, &[account.as_bytes()]).uuid()
}

fn veil_stream(words: &dyn Words, stream: &StreamName) -> String {
    let (category, key) = (stream.category(), stream.key());
    let hidden = |text: &str| Uuid::try_parse(text).map(|account| pseudonym(words, account));
    let veiled = match category {
        Category::Access | Category::Account | Category::Notifications | Category::Relationship => {
            hidden(key).map(|account| account.to_string())
        }
        Category::Read => {
            let (account, conversation) = key.split_once('.').unwrap_or((key, ""));
            hidden(account).map(|account| format!("{account}.{conversation}"))
        }
        Category::Membership => {
            let (conversation, account) = key.split_once('.').unwrap_or(("", key));
            hidden(account).map(|account| format!("{conversation}.{account}"))
        }
        Category::Keys => match key.strip_prefix('a') {
            Some(account) => hidden(account).map(|account| format!("a{}", account.as_simple())),
            None => Ok(key.to_owned()),
        },
        Category::Admins
        | Category::Conversation
        | Category::Import
        | Category::Job
        | Category::Message
        | Category::Session
        | Category::Story
        | Category::Timeline
        | Category::Username
        | Category::View => Ok(key.to_owned()),
    };
    format!("{}-{}", category.as_str(), veiled.unwrap_or_else(|_| "hidden".into()))
}

fn veil_payload(words: &dyn Words, field: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| veil_payload(words, name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| veil_payload(words, field, item)),
        Value::String(text) if !NO_ACCOUNTS.contains(&field) => veil_text(words, text),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn veil_text(words: &dyn Words, text: &mut String) {
    // Keyed hashes are shown in 32 digits without hyphens; an account's id has hyphens, or a kind before it.
    if text.len() == 36
        && let Ok(account) = Uuid::try_parse(text)
    {
        *text = pseudonym(words, account).to_string();
    } else if text.len() == 33
        && let Some(account) = text.strip_prefix('a').and_then(|id| Uuid::try_parse(id).ok())
    {
        *text = format!("a{}", pseudonym(words, account).as_simple());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commands::log::clear_words::ClearWords;
    use domain::clock::Time;
    use domain::conversation::event::MemberJoined;
    use domain::conversation::values::MemberRole;
    use domain::event::Event;
    use domain::ids::{AccountId, ConversationId, EventId, Position};
    use domain::keys::event::KeyDestroyed;
    use domain::words::{KeyRef, Subject};

    fn account() -> AccountId {
        AccountId::new(Uuid::from_u128(0xabc))
    }

    fn recorded(stream: StreamName, event: Event) -> Recorded {
        Recorded {
            position: Position(1),
            stream,
            revision: 0,
            id: EventId::new(Uuid::from_u128(1)),
            schema_version: 1,
            occurred_at: Time::default(),
            recorded_at: Time::default(),
            actor: Some(account()),
            correlation_id: Uuid::from_u128(2),
            causation_id: None,
            fingerprint: None,
            event,
        }
    }

    #[test]
    fn an_analyst_sees_one_pseudonym_everywhere_and_never_the_account() {
        let conversation = ConversationId::new(Uuid::from_u128(7));
        let join: Event = MemberJoined { account: account(), role: MemberRole::Member }.into();
        let key = KeyRef { subject: Subject::Account(account()), generation: 1 };
        let events = [
            recorded(StreamName::conversation(conversation), join.clone()),
            recorded(StreamName::account(account()), join.clone()),
            recorded(StreamName::read(account(), conversation), join.clone()),
            recorded(StreamName::membership(conversation, account()), join),
            recorded(StreamName::keys(Subject::Account(account())), KeyDestroyed { key }.into()),
        ];
        let veil = Veil::Pseudonyms(Arc::new(ClearWords));
        let expected = pseudonym(&ClearWords, account().uuid());
        for event in &events {
            let shown = serde_json::to_string(&veil.show(event)).unwrap();
            assert!(!shown.contains(&account().to_string()), "{shown}");
            assert!(!shown.contains(&account().uuid().as_simple().to_string()), "{shown}");
            assert!(shown.contains(&expected.to_string()), "{shown}");
            let plain = serde_json::to_string(&Veil::None.show(event)).unwrap();
            assert!(plain.contains(&account().to_string()), "{plain}");
        }
        assert_eq!(veil.show(&events[0]).stream, format!("conversation-{conversation}"));
    }

    #[test]
    fn streams_that_name_an_account_are_not_asked_for_by_analysts() {
        let veil = Veil::Pseudonyms(Arc::new(ClearWords));
        for hidden in
            ["access-0", "account-0", "notifications-0", "read-00", "relationship-x", "keys-a0", "membership-c.0"]
        {
            assert!(veil.hides(hidden) && !Veil::None.hides(hidden), "{hidden}");
        }
        for open in ["", "acc", "account-", "timeline-0", "keys-", "keys-c0", "membership-c"] {
            assert!(!veil.hides(open), "{open}");
        }
    }
}
