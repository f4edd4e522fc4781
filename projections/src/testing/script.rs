//! Logs written by hand or at random.

use crate::testing::words::{OpenWords, seal};
use domain::account::event::{AccountRegistered, RoleGranted, SettingsChanged};
use domain::account::values::Role;
use domain::clock::Time;
use domain::conversation::event::{
    ConversationChanged, ConversationClosed, ConversationCreated, MemberJoined, MemberLeft, MemberRoleChanged,
    MembershipChanged, MessagePinned, MessageUnpinned, ReadMoved,
};
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, Mute, Notify, PrivacyMode};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId, Hash16, LogId, MessageId, Position, StoryId};
use domain::limits::STORY_LIFE_SECONDS;
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved};
use domain::notification::event::NotificationsRead;
use domain::proto::account::v1::AccountWords;
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::story::event::{StoryDeleted, StoryExpired, StoryPosted, StoryPrivacyChanged, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::{Purpose, Subject, Words};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// The log of the tests.
pub(crate) const LOG: LogId = LogId::new(Uuid::from_u128(0x1065));

pub(crate) fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(0xA000 + number))
}

pub(crate) fn conversation(number: u128) -> ConversationId {
    ConversationId::new(Uuid::from_u128(0xC000 + number))
}

pub(crate) fn story(number: u128) -> StoryId {
    StoryId::new(Uuid::from_u128(0x5000 + number))
}

pub(crate) fn message(number: u128, seq: u64) -> MessageId {
    MessageId { conversation: conversation(number), seq }
}

/// Time of the event at a position: a minute each.
pub(crate) fn time_of(position: u64) -> Time {
    Time::from_micros(1_700_000_000_000_000).plus_seconds(position as i64 * 60)
}

/// The period of the message at a position: ten positions each.
pub(crate) fn period_at(position: u64) -> u32 {
    1 + position as u32 / 10
}

/// Writes a log.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) events: Vec<Arc<Recorded>>,
    revisions: HashMap<StreamName, u64>,
    /// Of the next events.
    pub(crate) correlation: u128,
}

impl Script {
    /// Appends an event; gives its position.
    pub(crate) fn record(&mut self, stream: StreamName, event: impl Into<Event>) -> Position {
        let position = Position(self.events.len() as u64 + 1);
        let next = self.revisions.entry(stream.clone()).or_default();
        let recorded = Recorded {
            position,
            stream,
            revision: *next,
            id: EventId::new(Uuid::from_u128(u128::from(position.0))),
            schema_version: 1,
            occurred_at: time_of(position.0),
            recorded_at: time_of(position.0),
            actor: None,
            correlation_id: Uuid::from_u128(self.correlation),
            causation_id: None,
            fingerprint: None,
            event: event.into(),
        };
        *next += 1;
        self.events.push(Arc::new(recorded));
        position
    }

    /// A group and its first members, by one command; the first of them creates and owns it.
    pub(crate) fn group(&mut self, number: u128, members: &[u128]) -> Position {
        self.correlation += 1;
        let id = conversation(number);
        let stream = StreamName::conversation(id);
        let names = ConversationWords { name: format!("group {number}"), description: None };
        let words = seal(&names, &stream, EventType::ConversationCreated, None, Subject::Conversation(id));
        let created = ConversationCreated {
            conversation: id,
            kind: ConversationKind::Group,
            privacy_mode: PrivacyMode::Searchable,
            created_by: account(members[0]),
            words: Some(words),
        };
        let position = self.record(stream.clone(), created);
        for (index, member) in members.iter().enumerate() {
            let role = if index == 0 { MemberRole::Owner } else { MemberRole::Member };
            self.record(stream.clone(), MemberJoined { account: account(*member), role });
        }
        position
    }

    pub(crate) fn joins(&mut self, number: u128, member: u128) -> Position {
        self.correlation += 1;
        let joined = MemberJoined { account: account(member), role: MemberRole::Member };
        self.record(StreamName::conversation(conversation(number)), joined)
    }

    /// One member adds another.
    pub(crate) fn adds(&mut self, number: u128, by: u128, member: u128) -> Position {
        let position = self.joins(number, member);
        if let Some(last) = self.events.last_mut() {
            Arc::make_mut(last).actor = Some(account(by));
        }
        position
    }

    /// Whom the newest message mentions.
    pub(crate) fn mentioning(&mut self, members: &[u128]) {
        if let Some(Event::MessageSent(sent)) = self.events.last_mut().map(|last| &mut Arc::make_mut(last).event) {
            sent.mentions = members.iter().map(|member| account(*member)).collect();
        }
    }

    pub(crate) fn has_read(&mut self, who: u128, up_to: Position) -> Position {
        self.record(StreamName::notifications(account(who)), NotificationsRead { up_to })
    }

    pub(crate) fn makes(&mut self, number: u128, member: u128, role: MemberRole) -> Position {
        let changed = MemberRoleChanged { account: account(member), role };
        self.record(StreamName::conversation(conversation(number)), changed)
    }

    pub(crate) fn leaves(&mut self, number: u128, member: u128) -> Position {
        self.correlation += 1;
        self.record(StreamName::conversation(conversation(number)), MemberLeft { account: account(member) })
    }

    pub(crate) fn sends(&mut self, number: u128, sender: u128, text: &str, reply_to: Option<u64>) -> Position {
        self.correlation += 1;
        let stream = StreamName::timeline(conversation(number));
        let words = MessageWords { text: text.into(), client_ref: Some(format!("ref {text}")), ciphertext: None };
        let scope = Subject::Conversation(conversation(number));
        let words = seal(&words, &stream, EventType::MessageSent, Some(account(sender)), scope);
        let period = Some(period_at(self.events.len() as u64 + 1));
        self.record(stream, MessageSent { sender: account(sender), reply_to, words, mentions: vec![], period })
    }

    pub(crate) fn edits(&mut self, number: u128, seq: u64, author: u128, text: &str) -> Position {
        let stream = StreamName::message(message(number, seq));
        let words = MessageWords { text: text.into(), client_ref: None, ciphertext: None };
        let scope = Subject::Conversation(conversation(number));
        let words = seal(&words, &stream, EventType::MessageEdited, Some(account(author)), scope);
        self.record(stream, MessageEdited { author: account(author), words, mentions: vec![], period: None })
    }

    pub(crate) fn deletes(&mut self, number: u128, seq: u64, by: u128) -> Position {
        self.record(StreamName::message(message(number, seq)), MessageDeleted { deleted_by: account(by), reason: None })
    }

    pub(crate) fn reacts(&mut self, number: u128, seq: u64, who: u128, emoji: &str) -> Position {
        let added = ReactionAdded { account: account(who), emoji: emoji.into() };
        self.record(StreamName::message(message(number, seq)), added)
    }

    pub(crate) fn takes_back(&mut self, number: u128, seq: u64, who: u128, emoji: &str) -> Position {
        let removed = ReactionRemoved { account: account(who), emoji: emoji.into() };
        self.record(StreamName::message(message(number, seq)), removed)
    }

    pub(crate) fn registers(&mut self, number: u128, username: &str, words: &OpenWords) -> Position {
        let id = account(number);
        let stream = StreamName::account(id);
        let names = AccountWords { username: username.into(), display_name: format!("Dr {username}") };
        let event = AccountRegistered {
            account: id,
            username_hash: words.hash(Purpose::Username, &[username.to_lowercase().as_bytes()]),
            words: seal(&names, &stream, EventType::AccountRegistered, None, Subject::Account(id)),
            credential: None,
        };
        self.record(stream, event)
    }

    pub(crate) fn posts(&mut self, number: u128, author: u128) -> Position {
        self.posts_for(number, author, StoryPrivacy::Public)
    }

    pub(crate) fn posts_for(&mut self, number: u128, author: u128, privacy: StoryPrivacy) -> Position {
        let stream = StreamName::story(story(number));
        let words = StoryWords { text: format!("story {number}"), caption: None };
        let scope = Subject::Story(story(number));
        let posted = StoryPosted {
            story: story(number),
            author: account(author),
            privacy,
            expires_at: time_of(self.events.len() as u64 + 1).plus_seconds(STORY_LIFE_SECONDS),
            words: seal(&words, &stream, EventType::StoryPosted, Some(account(author)), scope),
        };
        self.record(stream, posted)
    }

    pub(crate) fn expires(&mut self, number: u128) -> Position {
        self.record(StreamName::story(story(number)), StoryExpired { view_count: 0, reaction_count: 0 })
    }

    pub(crate) fn renames(&mut self, number: u128, name: &str) -> Position {
        let id = conversation(number);
        let stream = StreamName::conversation(id);
        let names = ConversationWords { name: name.into(), description: None };
        let words = seal(&names, &stream, EventType::ConversationChanged, None, Subject::Conversation(id));
        self.record(stream, ConversationChanged { words })
    }

    pub(crate) fn closes(&mut self, number: u128, who: u128) -> Position {
        let closed = ConversationClosed { closed_by: account(who) };
        self.record(StreamName::conversation(conversation(number)), closed)
    }

    pub(crate) fn keeps(&mut self, number: u128, who: u128, settings: MembershipSettings) -> Position {
        self.record(StreamName::membership(conversation(number), account(who)), MembershipChanged { settings })
    }

    pub(crate) fn pins(&mut self, number: u128, seq: u64, who: u128) -> Position {
        let pinned = MessagePinned { seq, pinned_by: account(who) };
        self.record(StreamName::conversation(conversation(number)), pinned)
    }

    pub(crate) fn unpins(&mut self, number: u128, seq: u64) -> Position {
        self.record(StreamName::conversation(conversation(number)), MessageUnpinned { seq })
    }

    pub(crate) fn deletes_story(&mut self, number: u128, author: u128) -> Position {
        self.record(StreamName::story(story(number)), StoryDeleted { deleted_by: account(author), reason: None })
    }

    pub(crate) fn turns(&mut self, number: u128, previous: StoryPrivacy, privacy: StoryPrivacy) -> Position {
        self.record(StreamName::story(story(number)), StoryPrivacyChanged { privacy, previous })
    }

    pub(crate) fn views(&mut self, number: u128, author: u128, viewer: u128) -> Position {
        let hash = Hash16((number << 64 | viewer).to_be_bytes());
        let (author, viewer) = (account(author), account(viewer));
        let viewed = StoryViewed { story: story(number), author, viewer, duration_ms: Some(900) };
        self.record(StreamName::view(hash), viewed)
    }

    pub(crate) fn reads(&mut self, number: u128, who: u128, seq: u64) -> Position {
        self.record(StreamName::read(account(who), conversation(number)), ReadMoved { seq })
    }
}

fn ignore(_: Position) {}

/// A log of about `events` events of every kind that projections eat, different for each seed.
pub(crate) fn everything(events: usize, seed: u64) -> Script {
    let (mut script, words) = (Script::default(), OpenWords::default());
    let mut random = seed;
    let mut dice = move |sides: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % sides
    };
    let (mut groups, mut stories, mut heads) = (0_u128, 0_u128, vec![0_u64; 100]);
    let mut purged = vec![0_u64; 100];
    let mut inside: BTreeSet<(u128, u128)> = BTreeSet::new();
    let mut reactions: BTreeSet<(u128, u64, u128)> = BTreeSet::new();
    let mut follows: BTreeSet<(u128, u128)> = BTreeSet::new();
    let mut friends: BTreeSet<(u128, u128)> = BTreeSet::new();
    let mut kept_away: BTreeSet<(u64, u128, u128)> = BTreeSet::new();
    let mut running: Vec<(u128, u128, StoryPrivacy)> = Vec::new();
    let mut views: BTreeSet<(u128, u128)> = BTreeSet::new();
    const TIERS: [StoryPrivacy; 3] = [StoryPrivacy::Public, StoryPrivacy::Followers, StoryPrivacy::CloseFriends];
    (0..12).for_each(|number| {
        script.registers(number, &format!("person_{number}"), &words);
    });
    while script.events.len() < events {
        let (who, group) = (u128::from(dice(12)), u128::from(dice(groups.max(1) as u64)));
        let head = heads[group as usize];
        // What is gone is touched no more.
        let gone = purged[group as usize];
        let there = head - gone;
        let seq = gone + dice(there.max(1)) + 1;
        let whom = (who + 1 + u128::from(dice(3))) % 12;
        let at = dice(running.len().max(1) as u64) as usize;
        match dice(30) {
            0 if groups < 20 => {
                let others = [who, (who + 1) % 12, (who + 2) % 12];
                script.group(groups, &others);
                inside.extend(others.map(|member| (groups, member)));
                groups += 1;
            }
            1 if groups > 0 && inside.insert((group, who)) => ignore(script.adds(group, whom, who)),
            2 if inside.remove(&(group, who)) => ignore(script.leaves(group, who)),
            3 if inside.contains(&(group, who)) => ignore(script.reads(group, who, head)),
            4 if there > 0 => ignore(script.edits(group, seq, who, "edited")),
            5 if there > 0 && dice(4) == 0 => ignore(script.deletes(group, seq, who)),
            6 if there > 0 && reactions.insert((group, seq, who)) => ignore(script.reacts(group, seq, who, "👍")),
            7 if there > 0 && reactions.remove(&(group, seq, who)) => ignore(script.takes_back(group, seq, who, "👍")),
            8 => {
                let privacy = TIERS[dice(3) as usize];
                script.posts_for(stories, who, privacy);
                running.push((stories, who, privacy));
                stories += 1;
            }
            9 => {
                let granted = RoleGranted { role: Role::Moderator, reason: None };
                script.record(StreamName::account(account(who)), granted);
            }
            10 => {
                let (read_receipts, presence) = (dice(2) == 0, dice(2) == 0);
                let chosen = SettingsChanged { read_receipts, presence, time_zone: None };
                script.record(StreamName::account(account(who)), chosen);
            }
            13 if inside.contains(&(group, who)) => {
                let role = [MemberRole::Member, MemberRole::Admin, MemberRole::Owner][dice(3) as usize];
                script.makes(group, who, role);
            }
            14 if groups > 0 => ignore(script.renames(group, &format!("name {seq}"))),
            15 if there > 0 => ignore(script.pins(group, seq, who)),
            16 if there > 0 => ignore(script.unpins(group, seq)),
            17 if groups > 0 && dice(8) == 0 => ignore(script.closes(group, who)),
            18 if inside.contains(&(group, who)) => {
                let mute = [Mute::Off, Mute::Always, Mute::Until(time_of(seq))][dice(3) as usize];
                let notify = [Notify::All, Notify::Mentions, Notify::None][dice(3) as usize];
                let settings = MembershipSettings { mute, pinned: dice(2) == 0, archived: dice(2) == 0, notify };
                script.keeps(group, who, settings);
            }
            19 if follows.insert((who, whom)) => ignore(script.follows(who, whom)),
            20 if follows.remove(&(who, whom)) => ignore(script.unfollows(who, whom)),
            21 if friends.insert((who, whom)) => ignore(script.befriends(who, whom)),
            22 if friends.remove(&(who, whom)) => ignore(script.unfriends(who, whom)),
            26 | 27 => {
                let how = dice(3);
                let begins = kept_away.insert((how, who, whom)) || !kept_away.remove(&(how, who, whom));
                ignore(match (how, begins) {
                    (0, true) => script.blocks(who, whom),
                    (0, false) => script.unblocks(who, whom),
                    (1, true) => script.mutes(who, whom),
                    (1, false) => script.unmutes(who, whom),
                    (_, true) => script.hides(who, whom),
                    (_, false) => script.shows(who, whom),
                });
            }
            23 if !running.is_empty() => {
                let (number, author, privacy) = running[at];
                match dice(4) {
                    0 => {
                        script.expires(number);
                        running.remove(at);
                    }
                    1 => {
                        script.deletes_story(number, author);
                        running.remove(at);
                    }
                    _ => {
                        let next = TIERS[(dice(2) as usize + 1 + privacy as usize) % 3];
                        script.turns(number, privacy, next);
                        running[at].2 = next;
                    }
                }
            }
            24 if !running.is_empty() => {
                let (number, author, _) = running[at];
                if author != who && views.insert((number, who)) {
                    script.views(number, author, who);
                }
            }
            25 if dice(4) == 0 => {
                let up_to = Position(dice(script.events.len() as u64));
                script.has_read(who, up_to);
            }
            28 if groups > 0 && dice(3) == 0 => {
                ignore(script.keeps_for(group, Some(seq as u32).filter(|days| days % 2 == 0)))
            }
            29 if there > 0 && dice(3) == 0 => {
                script.purges(group, gone, seq);
                purged[group as usize] = seq;
            }
            _ if groups > 0 => {
                script.sends(group, who, "words", Some(seq).filter(|_| there > 0 && seq.is_multiple_of(3)));
                script.mentioning(&[whom, (whom + 1) % 12][..dice(3) as usize]);
                heads[group as usize] += 1;
            }
            _ => {}
        }
    }
    script
}
