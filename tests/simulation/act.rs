//! What people do, in names that hold for any run: people by number, rooms by the number of their creation.

use super::entry_act::Entry;
use super::model::{Model, Role};
use super::story_act::Deed;
use super::system::Ask;
use serde_json::{Value, json};
use tests::person::percent_encoded;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// Base64.
    Ciphertext(String),
}

/// Who is muted for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mute {
    Off,
    Always,
    /// Microseconds since 1970.
    Until(i64),
}

/// A wrong request; each has one answer wherever it is sent to.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    EmptyText,
    LongText,
    UnknownField,
    NoEmoji,
    SeqAsText,
    OddNotify,
    UnmutedUntil,
    MutedUntilBefore,
    King,
    EmptyName,
    NamelessGroup,
    NoJson,
    NoMediaType,
    BadKey,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub enum What {
    OpenDirect { room: usize, with: usize, is_strict: bool },
    Found { room: usize, members: Vec<usize>, name: String, is_strict: bool },
    Rename { room: usize, name: Option<String>, description: Option<Option<String>> },
    Close { room: usize },
    Add { room: usize, whom: usize, role: Option<Role> },
    Remove { room: usize, whom: usize },
    SetRole { room: usize, whom: usize, role: Role },
    Keep { room: usize, mute: Option<Mute>, pinned: Option<bool>, archived: Option<bool>, notify: Option<&'static str> },
    Read { room: usize, seq: u64 },
    Pin { room: usize, seq: u64 },
    Unpin { room: usize, seq: u64 },
    Send { room: usize, content: Content, reply_to: Option<u64>, client_ref: Option<String> },
    Edit { room: usize, seq: u64, content: Content },
    Delete { room: usize, seq: u64 },
    React { room: usize, seq: u64, emoji: &'static str },
    Unreact { room: usize, seq: u64, emoji: &'static str },
    Wrong { room: usize, wrong: Wrong },
    Deed(Deed),
    Entry(Entry),
}

/// One request of somebody.
#[derive(Clone, Debug)]
pub struct Act {
    pub who: usize,
    pub what: What,
    /// An idempotency key, for a POST.
    pub key: Option<u8>,
}

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Step {
    /// At the same time; usually one.
    Acts(Vec<Act>),
    /// Microseconds go by.
    Wait(i64),
    /// One person looks at everything.
    Look(usize),
    Restart,
    Crash,
}

/// An account that nobody has.
pub const NOBODY: &str = "00000000-0000-7000-8000-00000000dead";
/// A conversation that does not exist.
const NOWHERE: &str = "00000000-0000-7000-8000-00000000beef";

impl What {
    /// The command's name: what a key belongs to.
    pub fn command(&self) -> &'static str {
        match self {
            Self::OpenDirect { .. } | Self::Found { .. } => "CreateConversation",
            Self::Add { .. } => "AddMember",
            Self::Pin { .. } => "PinMessage",
            Self::Send { .. } => "SendMessage",
            Self::React { .. } => "AddReaction",
            Self::Deed(deed) => deed.command(),
            Self::Rename { .. }
            | Self::Close { .. }
            | Self::Remove { .. }
            | Self::SetRole { .. }
            | Self::Keep { .. }
            | Self::Read { .. }
            | Self::Unpin { .. }
            | Self::Edit { .. }
            | Self::Delete { .. }
            | Self::Unreact { .. }
            | Self::Entry(_)
            | Self::Wrong { .. } => "",
        }
    }

    /// What a wrong request is told: status, code and, for a validation, the pointer.
    pub fn wrong_answer(&self) -> Option<(u16, &'static str, Option<&'static str>)> {
        if let Self::Wrong { wrong, .. } = self {
            return Some(wrong.answer());
        }
        if let Self::Entry(Entry::Wrong { wrong, .. }) = self {
            return Some(wrong.answer());
        }
        if let Self::Deed(Deed::Wrong { wrong, .. }) = self { Some(wrong.answer()) } else { None }
    }
}

impl Act {
    /// The request, without a token; at the door with the one that it is about.
    pub fn ask(&self, model: &Model) -> Ask {
        let ask = self.what.ask(model, self.who);
        match self.key {
            Some(key) => ask.header("idempotency-key", format!("key-{key}")),
            None => ask,
        }
    }
}

fn put(body: &mut Value, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        body[name] = value;
    }
}

fn content_body(model: &Model, who: usize, content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({"text": text}),
        Content::Ciphertext(ciphertext) => {
            let key = model.people[who].key_id.as_deref().unwrap_or(NOBODY);
            json!({"ciphertext": ciphertext, "nonce": "AAAA", "scheme": "mls-1", "sender_key_id": key})
        }
    }
}

impl What {
    fn ask(&self, model: &Model, who: usize) -> Ask {
        let id = |room: &usize| model.rooms.get(room).map_or(NOWHERE, |room| room.id.as_str()).to_owned();
        let room_path = |room: &usize, rest: &str| format!("/v1/conversations/{}{rest}", id(room));
        let message_path = |room: &usize, seq: &u64, rest: &str| format!("/v1/messages/{}-{seq}{rest}", id(room));
        let account = |whom: &usize| model.account(*whom).to_owned();
        let mode = |is_strict: &bool| if *is_strict { "strict_e2e" } else { "searchable" };
        match self {
            Self::OpenDirect { with, is_strict, .. } => {
                let body = json!({"type": "direct", "participant_id": account(with), "privacy_mode": mode(is_strict)});
                Ask::of("POST", "/v1/conversations").json(&body)
            }
            Self::Found { members, name, is_strict, .. } => {
                let members: Vec<_> = members.iter().map(account).collect();
                let body =
                    json!({"type": "group", "name": name, "member_ids": members, "privacy_mode": mode(is_strict)});
                Ask::of("POST", "/v1/conversations").json(&body)
            }
            Self::Rename { room, name, description } => {
                let mut body = json!({});
                put(&mut body, "name", name.as_ref().map(|name| json!(name)));
                put(&mut body, "description", description.as_ref().map(|text| json!(text)));
                Ask::of("PUT", room_path(room, "")).json(&body)
            }
            Self::Close { room } => Ask::of("DELETE", room_path(room, "")),
            Self::Add { room, whom, role } => {
                let mut body = json!({"account_id": account(whom)});
                put(&mut body, "role", role.map(|role| json!(role.name())));
                Ask::of("POST", room_path(room, "/members")).json(&body)
            }
            Self::Remove { room, whom } => Ask::of("DELETE", room_path(room, &format!("/members/{}", account(whom)))),
            Self::SetRole { room, whom, role } => {
                let path = room_path(room, &format!("/members/{}", account(whom)));
                Ask::of("PUT", path).json(&json!({"role": role.name()}))
            }
            Self::Keep { room, mute, pinned, archived, notify } => {
                let mut body = json!({});
                match mute {
                    None => (),
                    Some(Mute::Off) => body["muted"] = json!(false),
                    Some(Mute::Always) => (body["muted"], body["mute_until"]) = (json!(true), json!(null)),
                    Some(Mute::Until(end)) => body["mute_until"] = json!(super::model::time(*end)),
                }
                put(&mut body, "pinned", pinned.map(Value::from));
                put(&mut body, "archived", archived.map(Value::from));
                put(&mut body, "notify", notify.map(Value::from));
                Ask::of("PUT", room_path(room, "/settings")).json(&body)
            }
            Self::Read { room, seq } => Ask::of("PUT", room_path(room, "/read")).json(&json!({"seq": seq})),
            Self::Pin { room, seq } => Ask::of("POST", room_path(room, &format!("/pins/{seq}"))),
            Self::Unpin { room, seq } => Ask::of("DELETE", room_path(room, &format!("/pins/{seq}"))),
            Self::Send { room, content, reply_to, client_ref } => {
                let mut body = content_body(model, who, content);
                put(&mut body, "reply_to", reply_to.map(Value::from));
                put(&mut body, "client_ref", client_ref.as_ref().map(|text| json!(text)));
                Ask::of("POST", room_path(room, "/messages")).json(&body)
            }
            Self::Edit { room, seq, content } => {
                Ask::of("PUT", message_path(room, seq, "")).json(&content_body(model, who, content))
            }
            Self::Delete { room, seq } => Ask::of("DELETE", message_path(room, seq, "")),
            Self::React { room, seq, emoji } => {
                Ask::of("POST", message_path(room, seq, "/reactions")).json(&json!({"emoji": emoji}))
            }
            Self::Unreact { room, seq, emoji } => {
                Ask::of("DELETE", message_path(room, seq, &format!("/reactions/{}", percent_encoded(emoji))))
            }
            Self::Deed(deed) => deed.ask(model),
            Self::Entry(entry) => entry.ask(model, who),
            Self::Wrong { room, wrong } => wrong.ask(&room_path(room, ""), &message_path(room, &1, "/reactions")),
        }
    }
}

impl Wrong {
    fn ask(self, room: &str, reactions: &str) -> Ask {
        let at = |rest: &str| format!("{room}{rest}");
        let text = json!({"text": "well"});
        match self {
            Self::EmptyText => Ask::of("POST", at("/messages")).json(&json!({"text": ""})),
            Self::LongText => Ask::of("POST", at("/messages")).json(&json!({"text": "ö".repeat(10_001)})),
            Self::UnknownField => Ask::of("POST", at("/messages")).json(&json!({"text": "a", "colour": "red"})),
            Self::NoEmoji => Ask::of("POST", reactions).json(&json!({"emoji": "hello"})),
            Self::SeqAsText => Ask::of("PUT", at("/read")).json(&json!({"seq": "3"})),
            Self::OddNotify => Ask::of("PUT", at("/settings")).json(&json!({"notify": "sometimes"})),
            Self::UnmutedUntil => {
                let body = json!({"muted": false, "mute_until": "2999-01-01T00:00:00Z"});
                Ask::of("PUT", at("/settings")).json(&body)
            }
            Self::MutedUntilBefore => {
                Ask::of("PUT", at("/settings")).json(&json!({"mute_until": "2001-01-01T00:00:00Z"}))
            }
            Self::King => Ask::of("POST", at("/members")).json(&json!({"account_id": NOBODY, "role": "king"})),
            Self::EmptyName => Ask::of("PUT", room).json(&json!({"name": ""})),
            Self::NamelessGroup => {
                Ask::of("POST", "/v1/conversations").json(&json!({"type": "group", "member_ids": []}))
            }
            Self::NoJson => Ask { body: Some(b"{\"text\": ".to_vec()), ..Ask::of("POST", at("/messages")).json(&text) },
            Self::NoMediaType => Ask { headers: Vec::new(), ..Ask::of("POST", at("/messages")).json(&text) },
            Self::BadKey => Ask::of("POST", at("/messages")).json(&text).header("idempotency-key", "two words"),
        }
    }

    /// Status, code and, for a validation, the pointer.
    pub fn answer(self) -> (u16, &'static str, Option<&'static str>) {
        let invalid = |pointer| (422, "VALIDATION_FAILED", Some(pointer));
        match self {
            Self::EmptyText | Self::LongText => invalid("/text"),
            Self::UnknownField => invalid("/colour"),
            Self::NoEmoji => invalid("/emoji"),
            Self::SeqAsText => invalid("/seq"),
            Self::OddNotify => invalid("/notify"),
            Self::UnmutedUntil | Self::MutedUntilBefore => invalid("/mute_until"),
            Self::King => invalid("/role"),
            Self::EmptyName | Self::NamelessGroup => invalid("/name"),
            Self::NoJson => (400, "MALFORMED_JSON", None),
            Self::NoMediaType => (415, "UNSUPPORTED_MEDIA_TYPE", None),
            Self::BadKey => (400, "BAD_HEADER", None),
        }
    }
}
