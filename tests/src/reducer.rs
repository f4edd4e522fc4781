//! The documented reducer: how a client brings an old snapshot up to date with the frames of its feed.
//!
//! Frames never depend on who looks, so a client derives its own counters:
//!
//! - `unread_count` = the newest message's seq − `last_read_seq`; one's own message moves `last_read_seq` to it.
//! - `reacted` is whether one's own account is among those who reacted.
//! - `story.viewed` adds one to the story's `view_count`.
//! - A `story.privacy_changed` of a story that is not known yet: the client fetches it. `story.deleted` also comes to who may
//!   see a story no longer.
//! - On `relationship.changed` the client fetches what its circle shows. Whom somebody else adds to a list of close
//!   friends, or removes, is not told: their stories come as they are posted, and go when they are asked for next. Neither is
//!   from whom somebody else hides their stories. Whose stories one muted, one leaves out.
//! - `account.updated` carries the fields that changed; `erases_at` comes to one's own devices only.
//! - On `account.erased` the client forgets every word of that account: its names, what its messages and stories said. All
//!   else stays: who wrote, when, and what others said to it.
//! - `notification.created` comes before the frame of the event that it tells of. A client takes one back when its message
//!   is deleted, its reaction is removed, whoever caused it is erased, or one leaves the conversation or blocks whoever caused
//!   it; `notifications.read` comes to one's own devices.
//! - `messages.purged`: the messages up to `through_seq` are gone, with their pins and what one was notified of about them,
//!   and count as read: `last_read_seq` is at least that. Nothing is told of each.
//! - `conversation.retention_changed` tells for how many days messages are kept from now on.
//! - On one's own `member.joined` the client fetches the conversation; on one's own `member.left` it is over.

use crate::person::Person;
use crate::room::Room;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a device shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    /// Whose device it is.
    me: String,
    /// Conversations by id.
    conversations: BTreeMap<String, Shown>,
    /// One's own stories and those of one's circle, by id.
    stories: BTreeMap<String, Value>,
    /// One's own account and settings.
    account: Value,
    settings: Value,
    /// Whom one follows.
    following: BTreeSet<String>,
    /// Whom one counts as close friends.
    close_friends: BTreeSet<String>,
    /// What one was notified of, by id.
    notifications: BTreeMap<u64, Value>,
    /// Whom one keeps away, by how.
    kept_away: BTreeMap<String, BTreeSet<String>>,
}

/// One conversation on the screen.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    /// As `GET /v1/conversations/{id}` gives it.
    conversation: Value,
    /// account → role.
    members: BTreeMap<String, Value>,
    /// By seq.
    messages: BTreeMap<u64, Value>,
    /// Who pinned it and when, by the message's seq.
    pins: BTreeMap<u64, (Value, Value)>,
    /// For how many days messages are kept.
    retention: Value,
}

/// How one keeps somebody away.
const KEPT_AWAY: [&str; 3] = ["blocked", "story_muted", "story_hidden"];

impl Screen {
    /// A fresh snapshot: what the API answers now.
    pub async fn fetched(person: &Person) -> Self {
        let mut screen = Self { me: person.id.clone(), ..Self::default() };
        let put_away = person.all("/v1/conversations?archived=true&limit=100").await;
        for conversation in person.inbox().await.into_iter().chain(put_away) {
            screen.fetch(person, conversation).await;
        }
        for story in person.all(&format!("/v1/accounts/{}/stories?limit=100", person.id)).await {
            screen.stories.insert(id_of(&story), story);
        }
        screen.account = person.get("/v1/me").await.ok(200);
        screen.settings = person.get("/v1/me/settings").await.ok(200);
        for notification in person.all("/v1/notifications?limit=100").await {
            screen.notifications.insert(number_of(&notification["id"]), notification);
        }
        screen.fetch_circle(person).await;
        for (list, into) in [("following", &mut screen.following), ("close-friends", &mut screen.close_friends)] {
            let people = person.all(&format!("/v1/accounts/{}/{list}?limit=100", person.id)).await;
            into.extend(people.iter().map(|someone| text_of(&someone["account_id"])));
        }
        for relation in KEPT_AWAY {
            let people = person.all(&format!("/v1/me/blocks?relation={relation}&limit=100")).await;
            let ids = people.iter().map(|someone| text_of(&someone["account_id"])).collect();
            screen.kept_away.insert(relation.to_owned(), ids);
        }
        screen
    }

    /// Nothing yet: what somebody starts from who rebuilds everything from the feed alone.
    pub fn empty(person: &Person) -> Self {
        Self { me: person.id.clone(), ..Self::default() }
    }

    /// Takes over a missed frame without asking the API: one's own joining opens an empty conversation.
    pub fn apply_recorded(&mut self, frame: &Value) {
        let data = &frame["data"];
        if frame["type"] == "member.joined" && data["account_id"] == self.me.as_str() {
            let id = text_of(&data["conversation_id"]);
            let begun = json!({"id": id, "last_message": null});
            self.conversations.entry(id).or_insert(Shown::beginning(begun));
        }
        self.take_over(frame);
    }

    /// Fails unless every message that stands here stands in `other` too, the same in every field that frames carry.
    #[track_caller]
    pub fn assert_same_messages(&self, other: &Self) {
        let mut compared = 0;
        for (id, shown) in &self.conversations {
            let Some(theirs) = other.conversations.get(id) else { panic!("{id} is only in the feed") };
            for (seq, message) in &shown.messages {
                assert_eq!(message, &theirs.messages[seq], "{id} {seq}");
                compared += 1;
            }
        }
        assert!(compared > 0, "nothing was compared");
    }

    /// Other people's stories, as they are now. Whether one has seen them is not compared: only the device that tells it
    /// knows it without asking.
    async fn fetch_circle(&mut self, person: &Person) {
        let me = self.me.clone();
        self.stories.retain(|_, story| story["author_id"] == me.as_str());
        for author in person.all("/v1/stories/feed?limit=100").await {
            if author["author_id"] != me.as_str() {
                for story in author["stories"].as_array().expect("stories") {
                    self.stories.insert(id_of(story), unseen(story.clone()));
                }
            }
        }
    }

    async fn fetch(&mut self, person: &Person, conversation: Value) {
        let room = Room::from_json(conversation);
        let messages = person.timeline(&room).await.into_iter().map(|m| (seq_of(&m), with_sorted_reactions(m)));
        let members = person.all(&room.path("/members?limit=100")).await;
        let pins = person.all(&room.path("/pins")).await;
        let pins =
            pins.iter().map(|pin| (seq_of(&pin["message"]), (pin["pinned_by"].clone(), pin["pinned_at"].clone())));
        let members = members.iter().map(|m| (text_of(&m["account_id"]), m["role"].clone()));
        // Who has left again meanwhile is not told, and a later frame takes the conversation away.
        let retention = person.get(&room.path("/retention")).await.any(&[200, 404])["days"].clone();
        let shown = Shown {
            conversation: with_plain_last_message(room.json.clone()),
            members: members.collect(),
            messages: messages.collect(),
            pins: pins.collect(),
            retention,
        };
        self.conversations.insert(room.id, shown);
    }

    /// Takes over one `event` frame. What one could not see before makes a client ask the API.
    pub async fn apply(&mut self, person: &Person, frame: &Value) {
        let data = &frame["data"];
        if frame["type"] == "member.joined" && data["account_id"] == self.me.as_str() {
            let path = format!("/v1/conversations/{}", text_of(&data["conversation_id"]));
            let reply = person.get(&path).await;
            // Whoever was removed again meanwhile is told so by a later frame.
            if reply.status == 200 {
                self.fetch(person, reply.json()).await;
            }
            return;
        }
        self.take_over(frame);
        if frame["type"] == "relationship.changed" {
            self.fetch_circle(person).await;
        }
        let is_unknown =
            data["id"].as_str().is_some_and(|id| !self.stories.contains_key(id)) && !self.is_muted(&data["author_id"]);
        if frame["type"] == "story.privacy_changed" && is_unknown {
            let reply = person.get(&format!("/v1/stories/{}", id_of(data))).await;
            if reply.status == 200 {
                self.stories.insert(id_of(data), unseen(reply.json()));
            }
        }
    }

    fn take_over(&mut self, frame: &Value) {
        let data = &frame["data"];
        self.withdraw(frame);
        match frame["type"].as_str().unwrap_or_default() {
            "conversation.created" => self.created(data),
            "conversation.updated" | "conversation.deleted" => self.changed(data),
            "conversation.settings_changed" => self.kept(data),
            "conversation.retention_changed" => {
                if let Some(shown) = self.shown(data) {
                    shown.retention = data["days"].clone();
                }
            }
            "member.joined" => self.joined(data),
            "member.left" => self.left(data),
            "message.sent" => self.sent(data),
            "message.edited" => self.edited(data),
            "message.deleted" => self.deleted(data),
            "messages.purged" => self.purged(data),
            "message.pinned" => self.pinned(data),
            "message.unpinned" => self.unpinned(data),
            "reaction.added" => self.reacted(data, 1),
            "reaction.removed" => self.reacted(data, -1),
            "read.moved" => self.read(data),
            "member.role_changed" => self.changed_role(data),
            "account.updated" if id_of(data) == self.me => {
                for (field, value) in data.as_object().into_iter().flatten() {
                    set(&mut self.account, field, Some(value).filter(|value| field != "erases_at" || !value.is_null()));
                }
            }
            "account.updated" => {}
            "account.erased" => self.forgets(&id_of(data)),
            "account.settings_changed" => self.settings = data.clone(),
            // Keys are asked for when something is to be encrypted.
            "device_key.changed" => {}
            "story.posted" => self.posted(data),
            "story.deleted" | "story.expired" => drop(self.stories.remove(&id_of(data))),
            "story.privacy_changed" => {
                if let Some(story) = self.stories.get_mut(&id_of(data)) {
                    story["privacy"] = data["privacy"].clone();
                }
            }
            "story.viewed" => self.viewed(data),
            "relationship.changed" => self.related(data),
            "notification.created" => drop(self.notifications.insert(number_of(&data["id"]), data.clone())),
            "notifications.read" => {
                let up_to = number_of(&data["up_to"]);
                self.notifications.range_mut(..=up_to).for_each(|(_, told)| told["read"] = json!(true));
            }
            other => panic!("the reducer does not know {other}: {frame}"),
        }
    }

    /// Takes notifications back whose cause is gone.
    fn withdraw(&mut self, frame: &Value) {
        let data = &frame["data"];
        let me = self.me.clone();
        self.notifications.retain(|_, told| match frame["type"].as_str().unwrap_or_default() {
            "message.deleted" => told["message_id"] != data["id"],
            "messages.purged" => {
                told["conversation_id"] != data["conversation_id"]
                    || told["message_id"].as_str().is_none_or(|id| seq_in(id) > through(data))
            }
            "reaction.removed" => {
                ["message_id", "emoji"].iter().any(|field| told[field] != data[field])
                    || told["kind"] != "reaction"
                    || told["actor_id"] != data["account_id"]
            }
            "member.left" => data["account_id"] != me.as_str() || told["conversation_id"] != data["conversation_id"],
            "account.erased" => told["actor_id"] != data["id"],
            "relationship.changed" => {
                data["relation"] != "blocked" || data["active"] != true || told["actor_id"] != data["account_id"]
            }
            _ => true,
        });
    }

    /// Everything that somebody wrote, as it is read from now on. A group's name is the group's.
    fn forgets(&mut self, account: &str) {
        self.stories.retain(|_, story| story["author_id"] != account);
        for shown in self.conversations.values_mut() {
            let last = &mut shown.conversation["last_message"];
            for message in shown.messages.values_mut().chain([last]).filter(|message| message["sender_id"] == account) {
                wipe(message);
                message["client_ref"] = Value::Null;
            }
        }
    }

    fn created(&mut self, data: &Value) {
        let mut conversation = data.clone();
        let personal = [("unread_count", json!(0)), ("last_read_seq", json!(0))];
        conversation["last_message"] = Value::Null;
        conversation["member_count"] = json!(0);
        let settings = ["muted", "pinned", "archived", "left"].map(|name| (name, json!(false)));
        let others = [("notify", json!("all")), ("mute_until", Value::Null)];
        for (name, value) in personal.into_iter().chain(settings).chain(others) {
            conversation[name] = value;
        }
        let shown = Shown::beginning(with_plain_last_message(conversation));
        self.conversations.entry(id_of(data)).or_insert(shown);
    }

    /// A group's name, and its end.
    fn changed(&mut self, data: &Value) {
        let Some(shown) = self.conversations.get_mut(&id_of(data)) else { return };
        for (name, value) in data.as_object().into_iter().flatten() {
            shown.conversation[name] = value.clone();
        }
    }

    fn kept(&mut self, data: &Value) {
        let Some(shown) = self.shown(data) else { return };
        for name in ["muted", "mute_until", "pinned", "archived", "notify"] {
            shown.conversation[name] = data[name].clone();
        }
    }

    fn pinned(&mut self, data: &Value) {
        let pin = (data["pinned_by"].clone(), data["pinned_at"].clone());
        if let Some(shown) = self.shown(data) {
            shown.pins.insert(seq_of(data), pin);
        }
    }

    fn purged(&mut self, data: &Value) {
        let through = through(data);
        let Some(shown) = self.shown(data) else { return };
        shown.messages.retain(|seq, _| *seq > through);
        shown.pins.retain(|seq, _| *seq > through);
        if shown.conversation["last_message"]["seq"].as_u64().is_some_and(|seq| seq <= through) {
            shown.conversation["last_message"] = Value::Null;
        }
        let read = shown.conversation["last_read_seq"].as_u64().unwrap_or_default();
        shown.conversation["last_read_seq"] = json!(read.max(through));
        shown.count_unread();
    }

    fn unpinned(&mut self, data: &Value) {
        if let Some(shown) = self.shown(data) {
            shown.pins.remove(&seq_of(data));
        }
    }

    fn shown(&mut self, data: &Value) -> Option<&mut Shown> {
        self.conversations.get_mut(data["conversation_id"].as_str()?)
    }

    fn joined(&mut self, data: &Value) {
        let Some(shown) = self.shown(data) else { return };
        shown.members.insert(text_of(&data["account_id"]), data["role"].clone());
        shown.conversation["member_count"] = json!(shown.members.len());
    }

    fn changed_role(&mut self, data: &Value) {
        let Some(shown) = self.shown(data) else { return };
        shown.members.insert(text_of(&data["account_id"]), data["role"].clone());
    }

    /// Views and reactions begin with nothing; only the author is told how many views there are.
    fn posted(&mut self, data: &Value) {
        if self.is_muted(&data["author_id"]) {
            return;
        }
        let mut story = data.clone();
        story["viewed"] = json!(false);
        story["reactions"] = json!([]);
        story["view_count"] = if data["author_id"] == self.me.as_str() { json!(0) } else { Value::Null };
        self.stories.insert(id_of(data), story);
    }

    fn is_muted(&self, author: &Value) -> bool {
        let muted = self.kept_away.get("story_muted");
        author.as_str().is_some_and(|author| muted.is_some_and(|muted| muted.contains(author)))
    }

    fn viewed(&mut self, data: &Value) {
        if let Some(story) = self.stories.get_mut(&text_of(&data["story_id"])) {
            story["view_count"] = json!(story["view_count"].as_u64().unwrap_or_default() + 1);
        }
    }

    fn related(&mut self, data: &Value) {
        let list = match data["relation"].as_str() {
            Some("following") => &mut self.following,
            Some("close_friend") => &mut self.close_friends,
            Some(relation) if KEPT_AWAY.contains(&relation) => self.kept_away.entry(relation.to_owned()).or_default(),
            _ => panic!("the reducer does not know {data}"),
        };
        let account = text_of(&data["account_id"]);
        if data["active"] == true {
            list.insert(account);
        } else {
            list.remove(&account);
        }
    }

    fn left(&mut self, data: &Value) {
        if data["account_id"] == self.me.as_str() {
            self.conversations.remove(&text_of(&data["conversation_id"]));
            return;
        }
        let Some(shown) = self.shown(data) else { return };
        shown.members.remove(&text_of(&data["account_id"]));
        shown.conversation["member_count"] = json!(shown.members.len());
    }

    fn sent(&mut self, data: &Value) {
        let is_mine = data["sender_id"] == self.me.as_str();
        let Some(shown) = self.shown(data) else { return };
        let seq = seq_of(data);
        if shown.messages.contains_key(&seq) {
            return;
        }
        if let Some(root) = data["reply_to"].as_u64().and_then(|root| shown.messages.get_mut(&root)) {
            root["reply_count"] = json!(root["reply_count"].as_u64().unwrap_or_default() + 1);
        }
        shown.messages.insert(seq, data.clone());
        shown.conversation["last_message"] = plain(data);
        if is_mine {
            shown.conversation["last_read_seq"] = json!(seq);
        }
        shown.count_unread();
    }

    fn edited(&mut self, data: &Value) {
        self.change(data, |message| {
            for field in ["text", "mentions", "edited_at"] {
                message[field] = data[field].clone();
            }
            for field in ENCRYPTED {
                set(message, field, data.get(field));
            }
        });
    }

    fn deleted(&mut self, data: &Value) {
        self.change(data, |message| {
            wipe(message);
            message["deleted_at"] = data["deleted_at"].clone();
        });
    }

    fn change(&mut self, data: &Value, change: impl Fn(&mut Value)) {
        let Some(shown) = self.shown(data) else { return };
        let seq = seq_of(data);
        if let Some(message) = shown.messages.get_mut(&seq) {
            change(message);
        }
        if shown.conversation["last_message"]["seq"] == seq {
            change(&mut shown.conversation["last_message"]);
        }
    }

    fn reacted(&mut self, data: &Value, by: i64) {
        let is_mine = data["account_id"] == self.me.as_str();
        let seq = seq_in(&text_of(&data["message_id"]));
        let Some(message) = self.shown(data).and_then(|shown| shown.messages.get_mut(&seq)) else { return };
        let mut reactions = message["reactions"].as_array().cloned().unwrap_or_default();
        let at = reactions.iter().position(|reaction| reaction["emoji"] == data["emoji"]).unwrap_or_else(|| {
            reactions.push(json!({"emoji": data["emoji"], "count": 0, "reacted": false}));
            reactions.len() - 1
        });
        let count = reactions[at]["count"].as_i64().unwrap_or_default() + by;
        reactions[at]["count"] = json!(count);
        if is_mine {
            reactions[at]["reacted"] = json!(by > 0);
        }
        reactions.retain(|reaction| reaction["count"] != 0);
        message["reactions"] = Value::from(reactions);
        *message = with_sorted_reactions(message.take());
    }

    fn read(&mut self, data: &Value) {
        let Some(shown) = self.shown(data) else { return };
        let seq = data["seq"].as_u64().unwrap_or_default();
        if seq > shown.conversation["last_read_seq"].as_u64().unwrap_or_default() {
            shown.conversation["last_read_seq"] = json!(seq);
            shown.count_unread();
        }
    }
}

impl Shown {
    /// Without members, messages and pins.
    fn beginning(conversation: Value) -> Self {
        let (members, messages, pins) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { conversation, members, messages, pins, retention: Value::Null }
    }

    fn count_unread(&mut self) {
        let newest = self.messages.keys().next_back().copied().unwrap_or_default();
        let read = self.conversation["last_read_seq"].as_u64().unwrap_or_default();
        self.conversation["unread_count"] = json!(newest.saturating_sub(read));
    }
}

/// Fields of a message that are there only where it is encrypted.
const ENCRYPTED: [&str; 5] = ["ciphertext", "nonce", "scheme", "sender_key_id", "recipients"];

/// A message says nothing any more.
fn wipe(message: &mut Value) {
    message["text"] = Value::Null;
    message["mentions"] = json!([]);
    for field in ENCRYPTED {
        set(message, field, None);
    }
}

fn set(message: &mut Value, field: &str, value: Option<&Value>) {
    let Some(fields) = message.as_object_mut() else { return };
    match value {
        Some(value) => fields.insert(field.to_owned(), value.clone()),
        None => fields.remove(field),
    };
}

fn unseen(mut story: Value) -> Value {
    story["viewed"] = json!(false);
    story
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn id_of(value: &Value) -> String {
    text_of(&value["id"])
}

/// Positions are decimal strings.
fn number_of(value: &Value) -> u64 {
    text_of(value).parse().expect("a position")
}

/// A message's place, out of its id.
fn seq_in(id: &str) -> u64 {
    let (_, seq) = id.rsplit_once('-').expect("a message's id");
    seq.parse().expect("a seq")
}

/// The last message that a purge took.
fn through(data: &Value) -> u64 {
    data["through_seq"].as_u64().expect("a seq")
}

fn seq_of(value: &Value) -> u64 {
    value["seq"].as_u64().unwrap_or_else(|| panic!("no seq: {value}"))
}

/// The order of emoji is not part of the contract.
fn with_sorted_reactions(mut message: Value) -> Value {
    if let Some(reactions) = message["reactions"].as_array_mut() {
        reactions.sort_by_key(|reaction| text_of(&reaction["emoji"]));
    }
    message
}

/// Of the last message an inbox shows who said what and when: its counters stand at the message itself.
fn plain(message: &Value) -> Value {
    let Some(fields) = message.as_object() else { return Value::Null };
    let counters = ["reactions", "reply_count"];
    let kept = fields.iter().filter(|(name, _)| !counters.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn with_plain_last_message(mut conversation: Value) -> Value {
    conversation["last_message"] = plain(&conversation["last_message"]);
    conversation
}
