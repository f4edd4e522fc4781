//! The model of who is signed in where, of passwords and of settings, as plain lists.

use super::entry_act::{Entry, Password};
use super::model::{Model, time};
use super::system::{Ask, REFRESH_SECONDS, TOKEN_SECONDS};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Wrong passwords after which the next attempt may be put off: ten, and the contract counts by address too.
const FAILURES_BEFORE_LIMIT: u64 = 10;

/// A statement of who somebody is.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    pub issued_at: i64,
}

/// Somebody, signed in somewhere.
#[derive(Clone, Debug)]
pub struct Session {
    /// Empty until a list told it.
    pub id: String,
    pub who: usize,
    pub device: Option<&'static str>,
    pub opened_at: i64,
    pub refreshed_at: Option<i64>,
    pub expires_at: i64,
    /// In which turn it was ended.
    pub over: Option<u64>,
    /// The oldest first.
    pub access: Vec<Token>,
    /// The oldest first; only the last one works.
    pub refresh: Vec<String>,
}

impl Session {
    /// Whether it goes on, as far as time tells and nobody ended it.
    pub fn is_live(&self, now: i64) -> bool {
        self.over.is_none() && now < self.expires_at
    }
}

/// What somebody chose.
#[derive(Clone, Debug)]
pub struct Settings {
    pub read_receipts: bool,
    pub presence: bool,
    pub time_zone: Option<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { read_receipts: true, presence: true, time_zone: None }
    }
}

/// What is known of somebody at the door.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Every password that was ever set; the last one works.
    pub passwords: Vec<String>,
    pub settings: Settings,
    pub failures: u64,
}

/// Sessions by the number of their opening, and people by theirs.
#[derive(Clone, Debug, Default)]
pub struct Door {
    pub sessions: BTreeMap<usize, Session>,
    pub known: Vec<Known>,
    /// Counts what is asked, one or several requests at once.
    pub turn: u64,
}

/// Whether a token is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    No,
    /// It ends within this second, or its session ended while the request was under way.
    Either,
}

impl Door {
    pub fn password(&self, who: usize) -> &str {
        self.known[who].passwords.last().map_or("", String::as_str)
    }

    /// What an attempt gives for the password.
    pub fn attempt(&self, who: usize, password: &Password) -> String {
        match password {
            Password::Right => self.password(who).to_owned(),
            Password::Earlier => self.known[who].passwords[0].clone(),
            Password::Wrong => "never set".to_owned(),
        }
    }

    /// Whether the password that was sent is the one that works.
    pub fn is_right(&self, who: usize, entry: &Entry, ask: &Ask) -> bool {
        let name = if matches!(entry, Entry::SignIn { .. }) { "password" } else { "current_password" };
        ask.sent(name) == self.password(who)
    }

    /// Whether an attempt may be put off because too many went wrong.
    pub fn may_be_limited(&self, who: usize) -> bool {
        self.known[who].failures >= FAILURES_BEFORE_LIMIT
    }

    pub fn takes(&self, session: &Session, token: &Token, now: i64) -> Taken {
        if now >= token.issued_at + TOKEN_SECONDS * 1_000_000 {
            return Taken::No;
        }
        match session.over {
            Some(turn) if turn == self.turn => Taken::Either,
            Some(_) => Taken::No,
            None if now >= token.issued_at + (TOKEN_SECONDS - 1) * 1_000_000 => Taken::Either,
            None => Taken::Yes,
        }
    }

    /// The newest token of a session of somebody that certainly works; of the oldest such session.
    pub fn token(&self, who: usize, now: i64) -> Option<&Token> {
        let theirs = self.sessions.values().filter(|session| session.who == who && session.is_live(now));
        theirs
            .filter_map(|session| session.access.last().map(|token| (session, token)))
            .find(|(session, token)| self.takes(session, token, now) == Taken::Yes)
            .map(|(_, token)| token)
    }

    fn end(&mut self, number: usize) {
        let turn = self.turn;
        if let Some(session) = self.sessions.get_mut(&number) {
            session.over.get_or_insert(turn);
        }
    }

    fn end_others(&mut self, who: usize, kept: usize) {
        let others: Vec<usize> = self
            .sessions
            .iter()
            .filter(|(number, session)| session.who == who && **number != kept)
            .map(|(n, _)| *n)
            .collect();
        others.into_iter().for_each(|number| self.end(number));
    }

    /// Somebody signed in.
    pub fn open(&mut self, number: usize, who: usize, device: Option<&'static str>, body: &Value, now: i64) {
        let mut session = Session {
            id: String::new(),
            who,
            device,
            opened_at: now,
            refreshed_at: None,
            expires_at: 0,
            over: None,
            access: Vec::new(),
            refresh: Vec::new(),
        };
        session.take(body, now);
        self.sessions.insert(number, session);
    }

    /// It was refused, which is not always without an effect: a token that was used before ends its session.
    pub fn refused(&mut self, who: usize, entry: &Entry, ask: &Ask, now: i64) {
        match entry {
            Entry::Refresh { session, .. } => {
                let is_used = |it: &Session| it.is_live(now) && it.is_used(&ask.sent("refresh_token"));
                if self.sessions.get(session).is_some_and(is_used) {
                    self.end(*session);
                }
            }
            Entry::SignIn { .. } | Entry::ChangePassword { .. } => {
                if !self.is_right(who, entry, ask) {
                    self.known[who].failures += 1;
                }
            }
            Entry::SignOut { .. } | Entry::Revoke { .. } | Entry::Choose { .. } | Entry::Wrong { .. } => (),
        }
    }

    /// It has happened.
    pub fn apply(&mut self, who: usize, entry: &Entry, body: &Value, now: i64) {
        match entry {
            Entry::SignIn { session, device, .. } => self.open(*session, who, *device, body, now),
            Entry::Refresh { session, .. } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.refreshed_at = Some(now);
                    session.take(body, now);
                }
            }
            Entry::SignOut { session } | Entry::Revoke { session, .. } => self.end(*session),
            Entry::ChangePassword { session, to, .. } => {
                self.known[who].passwords.push(to.clone());
                self.end_others(who, *session);
            }
            Entry::Choose { read_receipts, presence, time_zone, .. } => {
                let settings = &mut self.known[who].settings;
                settings.read_receipts = read_receipts.unwrap_or(settings.read_receipts);
                settings.presence = presence.unwrap_or(settings.presence);
                settings.time_zone = time_zone.unwrap_or(settings.time_zone);
            }
            Entry::Wrong { .. } => (),
        }
    }
}

impl Session {
    /// A refresh token that was used before: the newest of them first.
    pub fn used(&self, index: usize) -> Option<&String> {
        self.refresh.iter().rev().skip(1).nth(index)
    }

    fn is_used(&self, token: &str) -> bool {
        self.refresh.split_last().is_some_and(|(_, used)| used.iter().any(|used| used == token))
    }

    fn take(&mut self, body: &Value, now: i64) {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        self.access.push(Token { text: text("access_token"), issued_at: now });
        self.refresh.push(text("refresh_token"));
        self.expires_at = now + REFRESH_SECONDS * 1_000_000;
    }
}

impl Model {
    /// Where somebody is signed in, the newest first; asked for with a token of this session.
    pub fn listed_sessions(&self, who: usize, asking: usize, now: i64) -> Vec<Value> {
        let theirs = self.door.sessions.iter().filter(|(_, session)| session.who == who && session.is_live(now));
        let mut theirs: Vec<_> = theirs.collect();
        theirs.sort_by_key(|(number, session)| std::cmp::Reverse((session.opened_at, **number)));
        let shown = |(number, session): (&usize, &Session)| {
            json!({
                "id": session.id, "device_name": session.device, "opened_at": time(session.opened_at),
                "refreshed_at": session.refreshed_at.map(time), "expires_at": time(session.expires_at),
                "current": *number == asking,
            })
        };
        theirs.into_iter().map(shown).collect()
    }

    pub fn settings(&self, who: usize) -> Value {
        let Settings { read_receipts, presence, time_zone } = &self.door.known[who].settings;
        json!({"read_receipts": read_receipts, "presence": presence, "time_zone": time_zone})
    }
}
