//! The model: what people, conversations and messages are, as plain lists.

use super::act::{Act, Content, Mute, NOBODY, What};
use super::sessions::Door;
use super::stories::Circle;
use domain::clock::Time;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Seconds in which an author may edit or delete.
pub const EDIT_WINDOW: i64 = 15 * 60 * 1_000_000;
/// Microseconds for which an idempotency key is kept.
pub const KEY_LIFE: i64 = 48 * 60 * 60 * 1_000_000;

/// A role in a group, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Somebody.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub username: String,
    /// The published key of their device, where they have one.
    pub key_id: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub who: usize,
    pub role: Role,
    pub joined_at: i64,
}

#[derive(Clone, Debug)]
pub struct Pin {
    pub seq: u64,
    pub by: usize,
    /// Who pinned it at once with the other; both are told that it is done, and nobody which of them did it.
    pub or_by: Option<usize>,
    pub at: i64,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub sender: usize,
    pub content: Content,
    pub sender_key: Option<String>,
    pub reply_to: Option<u64>,
    pub client_ref: Option<String>,
    pub sent_at: i64,
    pub edited_at: Option<i64>,
    pub deleted_at: Option<i64>,
    /// Who gave what.
    pub reactions: Vec<(&'static str, usize)>,
    pub position: u64,
}

/// How somebody keeps a conversation.
#[derive(Clone, Debug)]
pub struct Kept {
    pub mute: Mute,
    pub pinned: bool,
    pub archived: bool,
    pub notify: &'static str,
}

impl Default for Kept {
    fn default() -> Self {
        Self { mute: Mute::Off, pinned: false, archived: false, notify: "all" }
    }
}

/// What somebody who left still sees, beside the messages.
#[derive(Clone, Debug)]
pub struct Past {
    pub name: String,
    pub description: Option<String>,
    pub members: Vec<Member>,
    pub pins: Vec<Pin>,
    pub last_seq: u64,
    /// Of their leaving.
    pub position: u64,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Room {
    pub id: String,
    pub is_direct: bool,
    pub is_strict: bool,
    pub name: String,
    pub description: Option<String>,
    pub created_by: usize,
    pub created_at: i64,
    pub created_position: u64,
    pub closed_at: Option<i64>,
    /// The longest first.
    pub members: Vec<Member>,
    /// Of those who left and did not come back.
    pub past: BTreeMap<usize, Past>,
    pub messages: Vec<Message>,
    /// The oldest first.
    pub pins: Vec<Pin>,
    pub kept: BTreeMap<usize, Kept>,
    /// Where somebody's watermark may stand, ascending. What was acknowledged last is the last; it may be stored up to
    /// two seconds later, so that a question may still find one before it.
    pub read: BTreeMap<usize, Vec<u64>>,
    /// The last watermark of somebody that a crash may have lost before it was stored.
    pub doubted: BTreeMap<usize, u64>,
}

impl Room {
    pub fn member(&self, who: usize) -> Option<&Member> {
        self.members.iter().find(|member| member.who == who)
    }

    pub fn last_seq(&self) -> u64 {
        self.messages.len() as u64
    }

    pub fn message(&self, seq: u64) -> Option<&Message> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.messages.get(index)
    }

    pub fn message_mut(&mut self, seq: u64) -> Option<&mut Message> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.messages.get_mut(index)
    }

    /// The last message that somebody may see; none when they may not know the room.
    pub fn horizon(&self, who: usize) -> Option<u64> {
        if self.member(who).is_some() {
            return Some(self.last_seq());
        }
        self.past.get(&who).map(|past| past.last_seq)
    }

    pub fn takes(&self, content: &Content) -> bool {
        self.is_strict == matches!(content, Content::Ciphertext(_))
    }
}

/// What a key stands for.
#[derive(Clone, Debug)]
pub struct KeyUse {
    pub request: String,
    pub status: u16,
    pub body: Value,
    pub position: u64,
    pub at: i64,
    /// Not sure is which of two that did the same at once, both without a word, was the one that did it.
    pub is_sure: bool,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub people: Vec<Person>,
    pub rooms: BTreeMap<usize, Room>,
    pub circle: Circle,
    pub door: Door,
    pub keys: HashMap<(usize, &'static str, u8), KeyUse>,
    /// Whether several requests are under way at once.
    pub is_crowded: bool,
    /// The position of the newest thing that happened.
    pub head: u64,
}

/// As answers show it.
pub fn time(micros: i64) -> String {
    Time::from_micros(micros).to_string()
}

impl Model {
    /// The id of somebody; of nobody for a number that nobody has.
    pub fn account(&self, who: usize) -> &str {
        self.people.get(who).map_or(NOBODY, |person| &person.id)
    }

    pub fn direct_of(&self, one: usize, other: usize) -> Option<(usize, &Room)> {
        let is_theirs = |room: &Room| room.is_direct && room.member(one).is_some() && room.member(other).is_some();
        self.rooms.iter().find(|(_, room)| is_theirs(room)).map(|(number, room)| (*number, room))
    }

    /// Of two who pin a message at once, either may be the one who did.
    pub fn may_have_pinned(&mut self, room: usize, who: usize, seq: u64, now: i64) {
        let pins = self.rooms.get_mut(&room).map(|room| &mut room.pins);
        if let Some(pin) = pins.into_iter().flatten().find(|pin| pin.seq == seq && pin.at == now) {
            pin.or_by = Some(who);
        }
    }

    /// Of marks that were moved at once, whichever was stored first may be found before the greatest is.
    pub fn may_find(&mut self, room: usize, who: usize, seq: u64) {
        let marks = self.rooms.get_mut(&room).and_then(|room| room.read.get_mut(&who));
        if let Some(marks) = marks
            && let Err(index) = marks.binary_search(&seq)
            && (1..marks.len()).contains(&index)
        {
            marks.insert(index, seq);
        }
    }

    /// It crashed: of marks that may have waited, the last may be lost.
    pub fn doubt(&mut self) {
        for room in self.rooms.values_mut() {
            let waiting = room.read.iter().filter(|(_, marks)| marks.len() > 1);
            room.doubted.extend(waiting.filter_map(|(who, marks)| Some((*who, *marks.last()?))));
        }
    }

    /// The system was stopped in order: what was acknowledged since the last crash is stored.
    pub fn settle(&mut self) {
        for room in self.rooms.values_mut() {
            let members: Vec<usize> = room.members.iter().map(|member| member.who).collect();
            for who in members {
                if let Some(marks) = room.read.get_mut(&who)
                    && let Some(last) = marks.last().copied()
                    && room.doubted.get(&who) != Some(&last)
                {
                    *marks = vec![last];
                }
            }
        }
    }

    /// It has happened.
    pub fn apply(&mut self, act: &Act, body: &Value, position: u64, now: i64) {
        let who = act.who;
        self.head = self.head.max(position);
        let created = |members: Vec<Member>, is_direct: bool, is_strict: bool, name: &str| Room {
            id: body["id"].as_str().unwrap_or_default().to_owned(),
            is_direct,
            is_strict,
            name: name.to_owned(),
            description: None,
            created_by: who,
            created_at: now,
            created_position: position,
            closed_at: None,
            read: members.iter().map(|member| (member.who, vec![0])).collect(),
            doubted: BTreeMap::new(),
            members,
            past: BTreeMap::new(),
            messages: Vec::new(),
            pins: Vec::new(),
            kept: BTreeMap::new(),
        };
        let member = |who, role| Member { who, role, joined_at: now };
        let number = match &act.what {
            What::OpenDirect { room, with, is_strict } => {
                let members = vec![member(who, Role::Member), member(*with, Role::Member)];
                self.rooms.insert(*room, created(members, true, *is_strict, ""));
                return;
            }
            What::Found { room, members, name, is_strict } => {
                let mut all = vec![member(who, Role::Owner)];
                for other in members {
                    if all.iter().all(|member| member.who != *other) {
                        all.push(member(*other, Role::Member));
                    }
                }
                self.rooms.insert(*room, created(all, false, *is_strict, name));
                return;
            }
            What::Deed(deed) => {
                self.circle.apply(who, deed, body, now);
                return;
            }
            What::Entry(entry) => {
                self.door.apply(who, entry, body, now);
                return;
            }
            What::Rename { room, .. }
            | What::Close { room }
            | What::Add { room, .. }
            | What::Remove { room, .. }
            | What::SetRole { room, .. }
            | What::Keep { room, .. }
            | What::Read { room, .. }
            | What::Pin { room, .. }
            | What::Unpin { room, .. }
            | What::Send { room, .. }
            | What::Edit { room, .. }
            | What::Delete { room, .. }
            | What::React { room, .. }
            | What::Unreact { room, .. }
            | What::Wrong { room, .. } => *room,
        };
        let sender_key = self.people[who].key_id.clone();
        let Some(room) = self.rooms.get_mut(&number) else { return };
        room.apply(act, sender_key, position, now);
    }
}

impl Room {
    fn apply(&mut self, act: &Act, sender_key: Option<String>, position: u64, now: i64) {
        let who = act.who;
        match &act.what {
            What::OpenDirect { .. } | What::Found { .. } | What::Deed(_) | What::Entry(_) | What::Wrong { .. } => (),
            What::Rename { name, description, .. } => {
                if let Some(name) = name {
                    self.name.clone_from(name);
                }
                if let Some(description) = description {
                    self.description.clone_from(description);
                }
            }
            What::Close { .. } => self.closed_at = Some(now),
            What::Add { whom, role, .. } => {
                self.members.push(Member { who: *whom, role: role.unwrap_or(Role::Member), joined_at: now });
                self.past.remove(whom);
                self.read.insert(*whom, vec![self.last_seq()]);
            }
            What::Remove { whom, .. } => {
                self.members.retain(|member| member.who != *whom);
                let past = Past {
                    name: self.name.clone(),
                    description: self.description.clone(),
                    members: self.members.clone(),
                    pins: self.pins.clone(),
                    last_seq: self.last_seq(),
                    position,
                };
                self.past.insert(*whom, past);
            }
            What::SetRole { whom, role, .. } => {
                for member in &mut self.members {
                    if member.who == *whom {
                        member.role = *role;
                    } else if *role == Role::Owner && member.who == who {
                        member.role = Role::Admin;
                    }
                }
            }
            What::Keep { mute, pinned, archived, notify, .. } => {
                let kept = self.kept.entry(who).or_default();
                kept.mute = mute.unwrap_or(kept.mute);
                kept.pinned = pinned.unwrap_or(kept.pinned);
                kept.archived = archived.unwrap_or(kept.archived);
                kept.notify = notify.unwrap_or(kept.notify);
            }
            What::Read { seq, .. } => self.read.entry(who).or_default().push(*seq),
            What::Pin { seq, .. } => self.pins.push(Pin { seq: *seq, by: who, or_by: None, at: now }),
            What::Unpin { seq, .. } => self.unpin(*seq),
            What::Send { content, reply_to, client_ref, .. } => {
                self.messages.push(Message {
                    sender: who,
                    content: content.clone(),
                    sender_key: sender_key.filter(|_| self.is_strict),
                    reply_to: *reply_to,
                    client_ref: client_ref.clone(),
                    sent_at: now,
                    edited_at: None,
                    deleted_at: None,
                    reactions: Vec::new(),
                    position,
                });
                self.read.insert(who, vec![self.last_seq()]);
            }
            What::Edit { seq, content, .. } => {
                if let Some(message) = self.message_mut(*seq) {
                    message.content = content.clone();
                    message.edited_at = Some(now);
                }
            }
            What::Delete { seq, .. } => {
                if let Some(message) = self.message_mut(*seq) {
                    message.deleted_at = Some(now);
                }
                self.unpin(*seq);
            }
            What::React { seq, emoji, .. } => {
                if let Some(message) = self.message_mut(*seq) {
                    message.reactions.push((emoji, who));
                }
            }
            What::Unreact { seq, emoji, .. } => {
                if let Some(message) = self.message_mut(*seq) {
                    message.reactions.retain(|given| *given != (*emoji, who));
                }
            }
        }
    }

    fn unpin(&mut self, seq: u64) {
        self.pins.retain(|pin| pin.seq != seq);
        for past in self.past.values_mut() {
            past.pins.retain(|pin| pin.seq != seq);
        }
    }
}
