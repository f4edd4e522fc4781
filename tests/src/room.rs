//! What people talk in, and what they say.

use serde_json::Value;

/// A conversation as its creator was shown it.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its id.
    pub id: String,
    /// All of it.
    pub json: Value,
}

impl Room {
    /// From an answer.
    pub fn from_json(json: Value) -> Self {
        Self { id: json["id"].as_str().expect("an id").to_owned(), json }
    }

    /// `/v1/conversations/<id><rest>`.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/conversations/{}{rest}", self.id)
    }
}

/// A message as its sender was shown it.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its id.
    pub id: String,
    /// Its place in the conversation.
    pub seq: u64,
    /// All of it.
    pub json: Value,
}

impl Said {
    /// From an answer.
    pub fn from_json(json: Value) -> Self {
        let seq = json["seq"].as_u64().expect("a seq");
        Self { id: json["id"].as_str().expect("an id").to_owned(), seq, json }
    }

    /// `/v1/messages/<id><rest>`.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/messages/{}{rest}", self.id)
    }
}
