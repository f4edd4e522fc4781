//! What the model expects everybody to see.

use super::act::{Content, Mute};
use super::model::{Member, Model, Past, Pin, Room, time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug)]
pub enum Listed {
    Usual,
    WithLeft,
    Archived,
    Pinned,
}

impl Room {
    /// What somebody keeps it like, as it is shown now.
    pub fn kept_by(&self, who: usize, now: i64) -> Value {
        let kept = self.kept.get(&who).cloned().unwrap_or_default();
        let (muted, mute_until) = match kept.mute {
            Mute::Off => (false, None),
            Mute::Always => (true, None),
            Mute::Until(end) => (end > now, (end > now).then(|| time(end))),
        };
        json!({"muted": muted, "mute_until": mute_until, "pinned": kept.pinned, "archived": kept.archived,
            "notify": kept.notify})
    }

    fn past_of(&self, who: usize) -> Option<&Past> {
        if self.member(who).is_some() { None } else { self.past.get(&who) }
    }

    /// Of the newest thing that counts as activity: a message, the creation, or one's own leaving.
    fn activity(&self, who: usize) -> u64 {
        let last = self.messages.last().map_or(self.created_position, |message| message.position);
        self.past_of(who).map_or(last, |past| past.position)
    }
}

impl Model {
    pub fn message(&self, room: &Room, seq: u64, viewer: usize) -> Value {
        let Some(message) = room.message(seq) else { return Value::Null };
        let is_there = message.deleted_at.is_none();
        let mut counts: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
        for (emoji, who) in &message.reactions {
            let count = counts.entry(emoji).or_default();
            *count = (count.0 + 1, count.1 || *who == viewer);
        }
        let reactions: Vec<_> = counts
            .into_iter()
            .map(|(emoji, (count, reacted))| json!({"emoji": emoji, "count": count, "reacted": reacted}))
            .collect();
        let replies = room.messages.iter().filter(|other| other.reply_to == Some(seq)).count();
        let mut shown = json!({
            "id": format!("{}-{seq}", room.id), "conversation_id": room.id, "seq": seq,
            "sender_id": self.account(message.sender), "text": null, "reply_to": message.reply_to,
            "reply_count": replies, "mentions": [], "media": [], "client_ref": message.client_ref.as_ref().filter(|_| is_there),
            "sent_at": time(message.sent_at), "edited_at": message.edited_at.map(time),
            "deleted_at": message.deleted_at.map(time), "reactions": reactions,
            "position": message.position.to_string(),
        });
        match &message.content {
            _ if !is_there => (),
            Content::Text(text) => shown["text"] = json!(text),
            Content::Ciphertext(ciphertext) => {
                shown["ciphertext"] = json!(ciphertext);
                shown["nonce"] = json!("AAAA");
                shown["scheme"] = json!("mls-1");
                shown["sender_key_id"] = json!(message.sender_key);
            }
        }
        shown
    }

    /// The conversation as a member or somebody who left sees it, having read up to there.
    pub fn conversation(&self, room: &Room, who: usize, read: u64, now: i64) -> Value {
        let past = room.past_of(who);
        let last = room.horizon(who).unwrap_or_default();
        let (name, description) = match past {
            Some(past) => (&past.name, &past.description),
            None => (&room.name, &room.description),
        };
        let members = past.map_or(room.members.len(), |past| past.members.len());
        let last_message = if last == 0 { Value::Null } else { self.message(room, last, who) };
        let mut shown = json!({
            "id": room.id, "type": if room.is_direct { "direct" } else { "group" },
            "name": (!room.is_direct).then_some(name), "description": description,
            "privacy_mode": if room.is_strict { "strict_e2e" } else { "searchable" },
            "member_count": members, "created_by": self.account(room.created_by),
            "created_at": time(room.created_at), "last_message": last_message,
            "closed_at": if past.is_some() { None } else { room.closed_at.map(time) },
            "unread_count": last.saturating_sub(read), "last_read_seq": read, "left": past.is_some(),
        });
        for (name, value) in room.kept_by(who, now).as_object().into_iter().flatten() {
            shown[name] = value.clone();
        }
        shown
    }

    /// The rooms of a list, in its order.
    pub fn listed(&self, who: usize, listed: Listed) -> Vec<usize> {
        let is_in = |room: &Room| {
            let kept = room.kept.get(&who).cloned().unwrap_or_default();
            let has_left = room.past_of(who).is_some();
            match listed {
                Listed::Usual => !has_left && !kept.archived,
                Listed::WithLeft => !kept.archived,
                Listed::Archived => !has_left && kept.archived,
                Listed::Pinned => !has_left && !kept.archived && kept.pinned,
            }
        };
        let known = self.rooms.iter().filter(|(_, room)| room.horizon(who).is_some() && is_in(room));
        let mut rooms: Vec<_> = known.map(|(number, room)| (room.activity(who), *number)).collect();
        rooms.sort_unstable_by(|one, other| other.cmp(one));
        rooms.into_iter().map(|(_, number)| number).collect()
    }

    pub fn member(&self, member: &Member) -> Value {
        json!({"account_id": self.account(member.who), "role": member.role.name(), "joined_at": time(member.joined_at)})
    }

    /// The longest members first.
    pub fn members(&self, room: &Room, who: usize) -> Vec<Value> {
        let members = room.past_of(who).map_or(&room.members, |past| &past.members);
        members.iter().map(|member| self.member(member)).collect()
    }

    /// The newest pin first. Where two pinned at once, `got` tells which of them it was.
    pub fn pins(&self, room: &Room, who: usize, got: &Value) -> Vec<Value> {
        let pins = room.past_of(who).map_or(&room.pins, |past| &past.pins);
        let shown = |(index, pin): (usize, &Pin)| {
            let other = pin.or_by.filter(|other| got[index]["pinned_by"] == self.account(*other));
            let by = self.account(other.unwrap_or(pin.by));
            json!({"message": self.message(room, pin.seq, who), "pinned_by": by, "pinned_at": time(pin.at)})
        };
        pins.iter().rev().enumerate().map(shown).collect()
    }

    /// Who gave what, by emoji and account.
    pub fn reactions(&self, room: &Room, seq: u64) -> Value {
        let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (emoji, who) in room.message(seq).into_iter().flat_map(|message| &message.reactions) {
            given.entry(emoji).or_default().push(self.account(*who));
        }
        let shown = given.into_iter().map(|(emoji, mut accounts)| {
            accounts.sort_unstable();
            json!({"emoji": emoji, "count": accounts.len(), "account_ids": accounts})
        });
        shown.collect()
    }
}
