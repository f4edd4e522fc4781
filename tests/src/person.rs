//! Somebody who uses Tidings through its API and through nothing else.

use crate::feed::Feed;
use crate::http::{Asking, Http};
use crate::reply::Reply;
use crate::room::{Room, Said};
use serde_json::{Value, json};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// A device's id.
pub const DEVICE: &str = "00000000-0000-4000-8000-0000000000d1";
/// Another one.
pub const OTHER_DEVICE: &str = "00000000-0000-4000-8000-0000000000d2";

/// Somebody, signed in.
#[derive(Clone)]
pub struct Person {
    /// Their account's id.
    pub id: String,
    /// Their user name.
    pub username: String,
    /// Their access token.
    pub token: String,
    /// The client that they use.
    pub http: Http,
}

impl Person {
    /// Somebody new.
    pub async fn registers(http: &Http, username: &str) -> Self {
        let body = json!({"username": username, "password": PASSWORD, "display_name": format!("{username} display")});
        let account = http.ask("POST", "/v1/accounts").json(&body).send().await.ok(201);
        let id = account["id"].as_str().expect("an id").to_owned();
        let person = Self { id, username: username.to_owned(), token: String::new(), http: http.clone() };
        person.signs_in().await
    }

    /// The same person with a new session.
    pub async fn signs_in(&self) -> Self {
        self.signs_in_with(PASSWORD).await
    }

    /// The same from a server that may be too busy; none when it is.
    pub async fn tries_to_sign_in(&self) -> Option<Self> {
        let body = json!({"username": self.username, "password": PASSWORD});
        let reply = self.http.ask("POST", "/v1/sessions").json(&body).try_send().await.ok()?;
        let token = reply.json()["access_token"].as_str()?.to_owned();
        Some(Self { token, ..self.clone() })
    }

    /// The same with another password.
    pub async fn signs_in_with(&self, password: &str) -> Self {
        let body = json!({"username": self.username, "password": password, "device_name": "a test"});
        let session = self.http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201);
        let token = session["access_token"].as_str().expect("a token").to_owned();
        let id = session["account"]["id"].as_str().expect("an id").to_owned();
        Self { id, token, ..self.clone() }
    }

    /// A request of theirs.
    pub fn ask(&self, method: &str, path: &str) -> Asking {
        self.http.ask(method, path).token(&self.token)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send().await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("POST", path).json(&body).send().await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.ask("PUT", path).json(&body).send().await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path).send().await
    }

    /// Founds a group.
    pub async fn founds(&self, name: &str, members: &[&Person]) -> Room {
        let ids: Vec<&str> = members.iter().map(|person| person.id.as_str()).collect();
        let body = json!({"type": "group", "name": name, "member_ids": ids});
        Room::from_json(self.post("/v1/conversations", body).await.ok(201))
    }

    /// Opens the direct conversation with somebody.
    pub async fn meets(&self, other: &Person) -> Room {
        let body = json!({"type": "direct", "participant_id": other.id});
        Room::from_json(self.post("/v1/conversations", body).await.ok(201))
    }

    /// Sends a message.
    pub async fn sends(&self, text: &str, room: &Room) -> Said {
        Said::from_json(self.post(&room.path("/messages"), json!({"text": text})).await.ok(201))
    }

    /// Publishes the key of a device, in base64.
    pub async fn publishes(&self, device: &str, public_key: &str) -> Value {
        let body = json!({"algorithm": "x25519", "public_key": public_key});
        self.put(&format!("/v1/me/devices/{device}/key"), body).await.ok(200)
    }

    /// The keys of somebody's devices.
    pub async fn keys_of(&self, other: &Person) -> Vec<Value> {
        let keys = self.get(&format!("/v1/accounts/{}/keys", other.id)).await.ok(200);
        keys["items"].as_array().expect("items").clone()
    }

    /// Tries to send what a device has encrypted, with a key as [`Person::publishes`] gave it.
    pub async fn sends_encrypted(&self, ciphertext: &str, key: &Value, room: &Room) -> Reply {
        let body =
            json!({"ciphertext": ciphertext, "nonce": "AAAA", "scheme": "mls-1", "sender_key_id": key["key_id"]});
        self.post(&room.path("/messages"), body).await
    }

    /// Answers a message.
    pub async fn replies(&self, text: &str, to: &Said, room: &Room) -> Said {
        let body = json!({"text": text, "reply_to": to.seq});
        Said::from_json(self.post(&room.path("/messages"), body).await.ok(201))
    }

    /// Changes a message's text.
    pub async fn edits(&self, message: &Said, text: &str) -> Reply {
        self.put(&message.path(""), json!({"text": text})).await
    }

    /// Deletes a message.
    pub async fn deletes(&self, message: &Said) -> Reply {
        self.delete(&message.path("")).await
    }

    /// Reacts to a message.
    pub async fn reacts(&self, emoji: &str, message: &Said) -> Reply {
        self.post(&message.path("/reactions"), json!({"emoji": emoji})).await
    }

    /// Takes a reaction back.
    pub async fn takes_back(&self, emoji: &str, message: &Said) -> Reply {
        self.delete(&message.path(&format!("/reactions/{}", percent_encoded(emoji)))).await
    }

    /// Has read up to a message.
    pub async fn reads(&self, room: &Room, seq: u64) -> Reply {
        self.put(&room.path("/read"), json!({"seq": seq})).await
    }

    /// Adds somebody to a group.
    pub async fn adds(&self, who: &Person, room: &Room) -> Reply {
        self.post(&room.path("/members"), json!({"account_id": who.id})).await
    }

    /// Removes somebody from a group; oneself to leave.
    pub async fn removes(&self, who: &Person, room: &Room) -> Reply {
        self.delete(&room.path(&format!("/members/{}", who.id))).await
    }

    /// Gives a member another role.
    pub async fn makes(&self, who: &Person, role: &str, room: &Room) -> Reply {
        self.put(&room.path(&format!("/members/{}", who.id)), json!({"role": role})).await
    }

    /// Changes name or description of a group.
    pub async fn changes(&self, room: &Room, what: Value) -> Reply {
        self.put(&room.path(""), what).await
    }

    /// Closes a group.
    pub async fn closes(&self, room: &Room) -> Reply {
        self.delete(&room.path("")).await
    }

    /// Changes how they keep a conversation.
    pub async fn keeps(&self, room: &Room, how: Value) -> Reply {
        self.put(&room.path("/settings"), how).await
    }

    /// Says for how many days messages of a group are kept.
    pub async fn keeps_messages(&self, room: &Room, days: Option<u32>) -> Reply {
        self.put(&room.path("/retention"), json!({"days": days})).await
    }

    /// Pins a message.
    pub async fn pins(&self, message: &Said, room: &Room) -> Reply {
        self.ask("POST", &room.path(&format!("/pins/{}", message.seq))).send().await
    }

    /// Takes a pin out again.
    pub async fn unpins(&self, message: &Said, room: &Room) -> Reply {
        self.delete(&room.path(&format!("/pins/{}", message.seq))).await
    }

    /// Posts a story of words.
    pub async fn posts_story(&self, text: &str) -> Value {
        self.posts_story_for(text, "public").await
    }

    /// Posts a story of words for some.
    pub async fn posts_story_for(&self, text: &str, privacy: &str) -> Value {
        self.post("/v1/stories", json!({"text": text, "privacy": privacy})).await.ok(201)
    }

    /// Changes who may see a story of theirs.
    pub async fn changes_privacy(&self, story: &Value, privacy: &str) -> Reply {
        self.put(&format!("{}/privacy", story_path(story)), json!({"privacy": privacy})).await
    }

    /// Deletes a story of theirs.
    pub async fn deletes_story(&self, story: &Value) -> Reply {
        self.delete(&story_path(story)).await
    }

    /// Tells that they saw a story.
    pub async fn views_story(&self, story: &Value) -> Reply {
        self.ask("POST", &format!("{}/views", story_path(story))).send().await
    }

    /// Follows somebody.
    pub async fn follows(&self, who: &Person) -> Reply {
        self.ask("PUT", &format!("/v1/accounts/{}/follow", who.id)).send().await
    }

    /// Follows somebody no longer.
    pub async fn unfollows(&self, who: &Person) -> Reply {
        self.delete(&format!("/v1/accounts/{}/follow", who.id)).await
    }

    /// Puts somebody on the list of close friends.
    pub async fn befriends(&self, who: &Person) -> Reply {
        self.ask("POST", &format!("/v1/accounts/{}/close-friends/{}", self.id, who.id)).send().await
    }

    /// Takes somebody off it.
    pub async fn unfriends(&self, who: &Person) -> Reply {
        self.delete(&format!("/v1/accounts/{}/close-friends/{}", self.id, who.id)).await
    }

    /// Blocks somebody.
    pub async fn blocks(&self, who: &Person) -> Reply {
        self.ask("PUT", &format!("/v1/accounts/{}/block", who.id)).send().await
    }

    /// Blocks somebody no longer.
    pub async fn unblocks(&self, who: &Person) -> Reply {
        self.delete(&format!("/v1/accounts/{}/block", who.id)).await
    }

    /// Leaves somebody's stories out of their story feed.
    pub async fn mutes_stories_of(&self, who: &Person) -> Reply {
        self.ask("PUT", &format!("/v1/accounts/{}/story-mute", who.id)).send().await
    }

    /// Hides their stories from somebody.
    pub async fn hides_stories_from(&self, who: &Person) -> Reply {
        self.ask("PUT", &format!("/v1/accounts/{}/story-hide", who.id)).send().await
    }

    /// The conversation as they see it now.
    pub async fn sees(&self, room: &Room) -> Value {
        self.get(&room.path("")).await.ok(200)
    }

    /// All the conversation's messages that they may see, oldest first.
    pub async fn timeline(&self, room: &Room) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let after = messages.last().map_or(0, |message: &Value| message["seq"].as_u64().expect("a seq"));
            let page = self.get(&room.path(&format!("/messages?after={after}&limit=100"))).await.ok(200);
            messages.extend(page["items"].as_array().expect("items").iter().cloned());
            if page["found_newest"] == true {
                return messages;
            }
        }
    }

    /// Every conversation of their inbox.
    pub async fn inbox(&self) -> Vec<Value> {
        self.all("/v1/conversations?limit=100").await
    }

    /// Every item of a list with cursors.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await.ok(200);
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => return items,
            }
        }
    }

    /// Their feed, from now on.
    pub async fn feed(&self) -> Feed {
        Feed::identifies(self).await
    }

    /// Their feed, from a position on.
    pub async fn resumes(&self, position: &str) -> Feed {
        Feed::resumes(self, position).await
    }
}

/// Where a story is.
fn story_path(story: &Value) -> String {
    format!("/v1/stories/{}", story["id"].as_str().expect("an id"))
}

/// For one part of a path.
pub fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
