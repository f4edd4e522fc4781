//! Somebody looks at where they are signed in, and tries every token that they ever had.

use super::history::Run;
use super::looks::compare;
use super::sessions::Taken;
use super::system::Ask;
use serde_json::{Value, json};

/// The number of the first session that nobody's act opened.
const OWN_SESSIONS_FROM: usize = 1_000_000;

impl Run<'_> {
    /// A token of somebody that works; they sign in again where none does.
    pub fn token(&mut self, who: usize) -> String {
        let now = self.system.now();
        if let Some(token) = self.model.door.token(who, now) {
            return token.text.clone();
        }
        let body = json!({"username": self.model.people[who].username, "password": self.model.door.password(who)});
        let session = self.system.ask(Ask::of("POST", "/v1/sessions").json(&body)).ok(201);
        let number = OWN_SESSIONS_FROM + self.model.door.sessions.len();
        self.model.door.open(number, who, None, &session, now);
        self.learn(number).expect("a session is listed where it is the one that asks");
        session["access_token"].as_str().expect("a token").to_owned()
    }

    /// Which of the sessions that are listed is the one that asks.
    fn learn(&mut self, number: usize) -> Result<(), String> {
        let session = &self.model.door.sessions[&number];
        let token = session.access.last().map(|token| token.text.clone()).unwrap_or_default();
        let reply = self.system.get(&token, "/v1/sessions?limit=100");
        let list = reply.json();
        let mut current = list["items"].as_array().into_iter().flatten().filter(|item| item["current"] == true);
        let id = current.next().and_then(|item| item["id"].as_str()).unwrap_or_default().to_owned();
        let is_known = self.model.door.sessions.values().any(|session| session.id == id);
        if id.is_empty() || is_known || current.next().is_some() {
            return Err(format!("expected one new session to ask, got {} {}", reply.status, reply.text()));
        }
        if let Some(session) = self.model.door.sessions.get_mut(&number) {
            session.id = id;
        }
        Ok(())
    }

    /// The ids of sessions that were opened just now.
    pub fn learn_all(&mut self) -> Result<(), String> {
        let now = self.system.now();
        let is_new = |(number, session): (&usize, &super::sessions::Session)| {
            (session.id.is_empty() && session.is_live(now)).then_some(*number)
        };
        let unknown: Vec<usize> = self.model.door.sessions.iter().filter_map(is_new).collect();
        unknown.into_iter().try_for_each(|number| self.learn(number))
    }

    /// Every token that somebody ever had is taken or refused, and those that are taken list the same sessions.
    pub fn look_at_the_door(&mut self, who: usize) -> Result<(), String> {
        // Nothing is under way now: what ended has ended.
        self.model.door.turn += 1;
        let now = self.system.now();
        let theirs = self.model.door.sessions.iter().filter(|(_, session)| session.who == who);
        let tokens = theirs.flat_map(|(number, session)| session.access.iter().map(|token| (*number, token.clone())));
        let tokens: Vec<_> = tokens.collect();
        for (number, token) in tokens {
            let taken = self.model.door.takes(&self.model.door.sessions[&number], &token, now);
            let reply = self.system.get(&token.text, "/v1/sessions?limit=100");
            let is_told = (reply.status, reply.json()["code"].as_str()) == (401, Some("UNAUTHENTICATED"));
            let is_right = match taken {
                Taken::Yes => reply.status == 200,
                Taken::No => is_told,
                Taken::Either => reply.status == 200 || is_told,
            };
            if !is_right {
                let got = format!("{} {}", reply.status, reply.text());
                return Err(format!("person {who}, a token of session {number}: expected {taken:?}, got {got}"));
            }
            if reply.status == 200 {
                let expected = self.model.listed_sessions(who, number, now);
                let got = in_order(reply.json()["items"].as_array().cloned().unwrap_or_default());
                compare(&format!("person {who}: sessions"), got.into(), &in_order(expected).into())?;
            }
        }
        let got = self.found(who, "/v1/me/settings")?;
        compare(&format!("person {who}: settings"), got, &self.model.settings(who))
    }
}

/// What was opened at the same time stands in any order.
fn in_order(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(|item| (std::cmp::Reverse(item["opened_at"].to_string()), item["id"].to_string()));
    items
}
