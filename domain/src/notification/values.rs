//! Whom an event notifies. Read models and feeds ask here, so that a list and its frames agree.

use crate::clock::Time;
use crate::conversation::values::{MembershipSettings, Notify};
use crate::event::Event;
use crate::ids::{AccountId, ConversationId, MessageId};
use crate::recorded::Recorded;
use serde::Serialize;

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// Somebody added them to a group.
    Added,
    /// A message mentions them.
    Mention,
    /// Somebody reacted to their message.
    Reaction,
    /// A message answers theirs, and does not mention them.
    Reply,
}

impl NotificationKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Added, Self::Mention, Self::Reaction, Self::Reply];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            NotificationKind::Added => "added",
            NotificationKind::Mention => "mention",
            NotificationKind::Reaction => "reaction",
            NotificationKind::Reply => "reply",
        }
    }

    /// The reverse of [`NotificationKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether nobody is told whom a block parts from who did it. A mention needs no asking: it was left out of the event
    /// where one of the two blocks the other, and the unit rested on that.
    pub const fn asks_for_blocks(self) -> bool {
        match self {
            NotificationKind::Added | NotificationKind::Reaction | NotificationKind::Reply => true,
            NotificationKind::Mention => false,
        }
    }

    /// Whether a member who keeps a conversation like this wants it at that time.
    pub fn is_wanted(self, settings: MembershipSettings, at: Time) -> bool {
        let fits = match settings.notify {
            Notify::All => true,
            Notify::Mentions => matches!(self, NotificationKind::Added | NotificationKind::Mention),
            Notify::None => false,
        };
        fits && !settings.mute.holds(at)
    }
}

/// What an event may notify of: itself, without whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause<'a> {
    /// Where.
    pub conversation: ConversationId,
    /// The message that mentions or answers, or that was reacted to; none for an addition.
    pub message: Option<MessageId>,
    /// Who did it. Nobody is notified of what they did themselves.
    pub actor: AccountId,
    /// With what somebody reacted.
    pub emoji: Option<&'a str>,
    /// The message whose author is notified.
    pub authored: Option<MessageId>,
}

impl<'a> Cause<'a> {
    /// Of an event; none of one that notifies nobody. What was imported notifies nobody either.
    pub fn of(recorded: &'a Recorded) -> Option<Self> {
        if recorded.is_imported() {
            return None;
        }
        match &recorded.event {
            Event::MessageSent(e) if e.reply_to.is_some() || !e.mentions.is_empty() => {
                let conversation = recorded.stream.conversation_id()?;
                let message = Some(MessageId { conversation, seq: recorded.revision + 1 });
                let authored = e.reply_to.map(|seq| MessageId { conversation, seq });
                Some(Self { conversation, message, actor: e.sender, emoji: None, authored })
            }
            Event::ReactionAdded(e) => {
                let message = recorded.stream.message_id()?;
                let (emoji, authored) = (Some(e.emoji.as_str()), Some(message));
                let conversation = message.conversation;
                Some(Self { conversation, message: Some(message), actor: e.account, emoji, authored })
            }
            Event::MemberJoined(e) => {
                let actor = recorded.actor.filter(|actor| *actor != e.account)?;
                let conversation = recorded.stream.conversation_id()?;
                Some(Self { conversation, message: None, actor, emoji: None, authored: None })
            }
            _ => None,
        }
    }

    /// Whom it may notify, each once, if they are members who want it. `author` is that of the message
    /// [`Cause::authored`]; additions notify in groups only.
    pub fn candidates(
        &self,
        event: &Event,
        author: Option<AccountId>,
        is_group: bool,
    ) -> Vec<(AccountId, NotificationKind)> {
        let mut candidates = Vec::new();
        let mut add = |account: AccountId, kind| {
            if account != self.actor && candidates.iter().all(|(known, _)| *known != account) {
                candidates.push((account, kind));
            }
        };
        match event {
            Event::MessageSent(e) => {
                e.mentions.iter().for_each(|account| add(*account, NotificationKind::Mention));
                author.into_iter().for_each(|author| add(author, NotificationKind::Reply));
            }
            Event::ReactionAdded(_) => author.into_iter().for_each(|author| add(author, NotificationKind::Reaction)),
            Event::MemberJoined(e) if is_group => add(e.account, NotificationKind::Added),
            _ => {}
        }
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::values::Mute;

    #[test]
    fn a_member_is_told_what_their_settings_let_through() {
        let now = Time::from_micros(1_000);
        let with = |mute, notify| MembershipSettings { mute, notify, ..MembershipSettings::default() };
        let told = |settings: MembershipSettings| -> Vec<_> {
            NotificationKind::ALL.into_iter().filter(|kind| kind.is_wanted(settings, now)).collect()
        };
        assert_eq!(told(with(Mute::Off, Notify::All)), NotificationKind::ALL);
        assert_eq!(told(with(Mute::Until(now), Notify::All)), NotificationKind::ALL, "the mute is over");
        let mentions = [NotificationKind::Added, NotificationKind::Mention];
        assert_eq!(told(with(Mute::Off, Notify::Mentions)), mentions);
        assert!(told(with(Mute::Off, Notify::None)).is_empty());
        assert!(told(with(Mute::Always, Notify::All)).is_empty());
        assert!(told(with(Mute::Until(now.plus_seconds(1)), Notify::All)).is_empty());
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in NotificationKind::ALL {
            assert_eq!(NotificationKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(NotificationKind::parse("other"), None);
    }
}
