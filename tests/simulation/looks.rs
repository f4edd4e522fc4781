//! Somebody looks at everything, and the model says what they see.

use super::history::Run;
use super::model::{Model, Room};
use super::views::Listed;
use rand::RngExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Sorts what is shown in no particular order.
fn settled(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => {
            let mut sorted: Vec<Value> = items.drain(..).map(settled).collect();
            if sorted.iter().all(|item| item.get("emoji").is_some()) {
                sorted.sort_by_key(|item| item["emoji"].to_string());
            }
            Value::Array(sorted)
        }
        Value::Object(fields) => {
            let fields = std::mem::take(fields).into_iter();
            let in_any_order = |name: &str, value: Value| match value {
                Value::Array(mut ids) if name == "account_ids" => {
                    ids.sort_by_key(Value::to_string);
                    Value::Array(ids)
                }
                value => settled(value),
            };
            Value::Object(
                fields
                    .map(|(name, value)| {
                        let value = in_any_order(&name, value);
                        (name, value)
                    })
                    .collect(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

pub fn compare(what: &str, got: Value, expected: &Value) -> Result<(), String> {
    let got = settled(got);
    if got == *expected {
        return Ok(());
    }
    let mut differences = Vec::new();
    differ("", &got, expected, &mut differences);
    Err(format!("{what}: {}", differences.join("; ")))
}

/// Where two values differ.
fn differ(at: &str, got: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (got, expected) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for name in names {
                differ(&format!("{at}/{name}"), &got[name], &expected[name], differences);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (one, other)) in ours.iter().zip(theirs).enumerate() {
                differ(&format!("{at}/{index}"), one, other, differences);
            }
        }
        _ if got == expected => (),
        _ => differences.push(format!("{at} expected {expected}, got {got}")),
    }
}

impl Run<'_> {
    /// Everything that somebody can ask for.
    pub fn look(&mut self, who: usize) -> Result<(), String> {
        for listed in [Listed::Usual, Listed::WithLeft, Listed::Archived, Listed::Pinned] {
            // The rarer lists now and then.
            if matches!(listed, Listed::Usual) || self.now_and_then() {
                self.inbox(who, listed)?;
            }
        }
        let rooms: Vec<usize> = self.model.rooms.keys().copied().collect();
        for number in rooms {
            let horizon = self.model.rooms[&number].horizon(who);
            match horizon {
                Some(horizon) => self.room(who, number, horizon)?,
                None => self.nothing(who, number)?,
            }
        }
        if self.is_social {
            self.look_around(who)?;
        }
        if self.has_entries { self.look_at_the_door(who) } else { Ok(()) }
    }

    pub fn found(&mut self, who: usize, path: &str) -> Result<Value, String> {
        let token = self.token(who);
        let reply = self.system.get(&token, path);
        let reply =
            if reply.status == 200 { Ok(reply.json()) } else { Err(format!("{} {}", reply.status, reply.text())) };
        reply.map_err(|got| format!("person {who} GET {path}: expected 200, got {got}"))
    }

    pub fn not_found(&mut self, who: usize, path: &str) -> Result<(), String> {
        let token = self.token(who);
        let reply = self.system.get(&token, path);
        let is_not = (reply.status, reply.json()["code"].as_str()) == (404, Some("NOT_FOUND"));
        if is_not {
            Ok(())
        } else {
            Err(format!("person {who} GET {path}: expected 404, got {} {}", reply.status, reply.text()))
        }
    }

    fn inbox(&mut self, who: usize, listed: Listed) -> Result<(), String> {
        let filter = match listed {
            Listed::Usual => "",
            Listed::WithLeft => "&left=true",
            Listed::Archived => "&archived=true",
            Listed::Pinned => "&pinned=true",
        };
        let limit = if self.looking.random_bool(0.3) { 1 } else { 100 };
        let path = format!("/v1/conversations?limit={limit}{filter}");
        let (mut items, mut next) = (Vec::new(), path.clone());
        loop {
            let page = self.found(who, &next)?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => break,
            }
        }
        let rooms = self.model.listed(who, listed);
        let ids: Vec<&str> = rooms.iter().map(|number| self.model.rooms[number].id.as_str()).collect();
        let got: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
        if got != ids {
            return Err(format!("person {who}, list {listed:?}:\n  expected rooms {rooms:?} = {ids:?}\n  got {got:?}"));
        }
        for (number, item) in rooms.into_iter().zip(items) {
            self.conversation(who, number, item)?;
        }
        Ok(())
    }

    fn conversation(&mut self, who: usize, number: usize, got: Value) -> Result<(), String> {
        let now = self.system.now();
        let room = self.model.rooms.get_mut(&number).ok_or("no such room")?;
        let read = got["last_read_seq"].as_u64().unwrap_or(u64::MAX);
        let marks = room.read.get_mut(&who).ok_or("no watermark")?;
        match marks.iter().position(|mark| *mark == read) {
            Some(index) => drop(marks.drain(..index)),
            None => {
                return Err(format!(
                    "person {who}, room {number}: read up to {read}, expected one of {marks:?}: {got}"
                ));
            }
        }
        let expected = self.model.conversation(&self.model.rooms[&number], who, read, now);
        compare(&format!("person {who} sees room {number}"), got, &expected)
    }

    fn room(&mut self, who: usize, number: usize, horizon: u64) -> Result<(), String> {
        let path = format!("/v1/conversations/{}", self.model.rooms[&number].id);
        if self.now_and_then() {
            let got = self.found(who, &path)?;
            self.conversation(who, number, got)?;
        }
        let all = self.found(who, &format!("{path}/messages?after=0&limit=100"))?;
        self.page(who, number, &all, 1, horizon.min(100), horizon)?;
        if self.now_and_then() {
            let pins = self.found(who, &format!("{path}/pins"))?;
            let expected = self.model.pins(&self.model.rooms[&number], who, &pins["items"]);
            compare(&format!("person {who}: pins of room {number}"), pins["items"].clone(), &Value::from(expected))?;
        }
        if self.now_and_then() {
            self.members(who, number, &path)?;
        }
        if self.now_and_then() {
            self.part(who, number, horizon, &path)?;
        }
        if self.now_and_then() { self.one_message(who, number, horizon) } else { Ok(()) }
    }

    /// What is not looked at every time.
    pub fn now_and_then(&mut self) -> bool {
        self.is_thorough || self.looking.random_bool(0.4)
    }

    fn members(&mut self, who: usize, number: usize, path: &str) -> Result<(), String> {
        let members = self.found(who, &format!("{path}/members"))?;
        let expected = self.model.members(&self.model.rooms[&number], who);
        let got = members["items"].clone();
        compare(&format!("person {who}: members of room {number}"), got, &Value::from(expected))
    }

    /// A part of the timeline that chance picks.
    fn part(&mut self, who: usize, number: usize, horizon: u64, path: &str) -> Result<(), String> {
        let limit = self.looking.random_range(1..=6_u64);
        let at = self.looking.random_range(1..=horizon + 2);
        let (query, first, last) = match self.looking.random_range(0..4) {
            0 => (String::new(), (horizon + 1).saturating_sub(limit).max(1), horizon),
            1 => (format!("before={at}&"), at.min(horizon + 1).saturating_sub(limit).max(1), (at - 1).min(horizon)),
            2 => (format!("after={at}&"), at + 1, (at + limit).min(horizon)),
            _ => return self.around(who, number, horizon, path, at, limit),
        };
        let page = self.found(who, &format!("{path}/messages?{query}limit={limit}"))?;
        self.page(who, number, &page, first, last, horizon).map_err(|fault| format!("?{query}limit={limit}: {fault}"))
    }

    /// The contract leaves open how many stand on each side.
    fn around(
        &mut self,
        who: usize,
        number: usize,
        horizon: u64,
        path: &str,
        at: u64,
        limit: u64,
    ) -> Result<(), String> {
        let page = self.found(who, &format!("{path}/messages?around={at}&limit={limit}"))?;
        let first = page["items"][0]["seq"].as_u64().unwrap_or(1);
        let count = page["items"].as_array().map_or(0, Vec::len) as u64;
        let last = (first + count).saturating_sub(1);
        let is_there = at > horizon || (first..=last).contains(&at);
        if count > limit || !is_there || (at <= horizon && count != limit.min(horizon)) {
            return Err(format!("person {who}, room {number} with {horizon}: around={at}&limit={limit} gave {page}"));
        }
        self.page(who, number, &page, first, last, horizon)
    }

    /// The messages from `first` to `last`, if there are any.
    fn page(
        &mut self,
        who: usize,
        number: usize,
        page: &Value,
        first: u64,
        last: u64,
        horizon: u64,
    ) -> Result<(), String> {
        let room = &self.model.rooms[&number];
        let expected: Vec<Value> = (first..=last).map(|seq| self.model.message(room, seq, who)).collect();
        let what = format!("person {who}: messages {first}..={last} of room {number} ({horizon} to be seen)");
        let is_empty = expected.is_empty();
        compare(&what, page["items"].clone(), &Value::from(expected))?;
        let flags = (&page["found_oldest"], &page["found_newest"]);
        if is_empty {
            // Nothing is shown of which one could ask what stands before or after it.
            return Ok(());
        }
        let right = (json!(first == 1), json!(last == horizon));
        if flags == (&right.0, &right.1) { Ok(()) } else { Err(format!("{what}: expected {right:?}, got {flags:?}")) }
    }

    fn one_message(&mut self, who: usize, number: usize, horizon: u64) -> Result<(), String> {
        let seq = self.looking.random_range(1..=horizon + 1);
        let path = format!("/v1/messages/{}-{seq}", self.model.rooms[&number].id);
        if seq > horizon {
            self.not_found(who, &path)?;
            return self.not_found(who, &format!("{path}/reactions"));
        }
        let got = self.found(who, &path)?;
        let expected = self.model.message(&self.model.rooms[&number], seq, who);
        compare(&format!("person {who}: message {seq} of room {number}"), got, &expected)?;
        let got = self.found(who, &format!("{path}/reactions"))?;
        let expected = self.model.reactions(&self.model.rooms[&number], seq);
        compare(&format!("person {who}: reactions to {seq} of room {number}"), got, &expected)
    }

    /// A room that is not theirs to know of.
    fn nothing(&mut self, who: usize, number: usize) -> Result<(), String> {
        let room: &Room = &self.model.rooms[&number];
        let (id, message) = (room.id.clone(), format!("/v1/messages/{}-1", room.id));
        let paths = ["", "/messages", "/members", "/pins", "/analytics"];
        let path = format!("/v1/conversations/{id}{}", paths[self.looking.random_range(0..paths.len())]);
        self.not_found(who, &path)?;
        self.not_found(who, &message)
    }
}

impl Model {
    /// How many messages were said at all: what a long run is measured by.
    pub fn messages_said(&self) -> u64 {
        self.rooms.values().map(Room::last_seq).sum()
    }
}
