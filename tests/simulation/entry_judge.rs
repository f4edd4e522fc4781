//! What the model expects at the door.

use super::entry_act::Entry;
use super::judge::Verdict::{self, Done, Refused};
use super::judge::{NOT_FOUND, same_or};
use super::model::Model;
use super::sessions::{Session, Taken};
use super::system::{Ask, TOKEN_SECONDS};
use serde_json::{Value, json};

const UNAUTHENTICATED: Verdict = Refused(401, "UNAUTHENTICATED");
const INVALID_CREDENTIALS: Verdict = Refused(401, "INVALID_CREDENTIALS");
const INVALID_REFRESH_TOKEN: Verdict = Refused(401, "INVALID_REFRESH_TOKEN");
const WRONG_PASSWORD: Verdict = Refused(403, "WRONG_PASSWORD");
const RATE_LIMITED: Verdict = Refused(429, "RATE_LIMITED");

impl Model {
    /// Every outcome that the contract admits now.
    pub fn judge_entry(&self, who: usize, entry: &Entry, ask: &Ask, now: i64) -> Vec<Verdict> {
        let bearer = entry.bearer().map(|number| self.door.sessions.get(&number));
        let taken = match bearer {
            None => Taken::Yes,
            Some(session) => session.map_or(Taken::No, |session| {
                let token = session.access.iter().find(|token| Some(token.text.as_str()) == ask.token());
                token.map_or(Taken::No, |token| self.door.takes(session, token, now))
            }),
        };
        match taken {
            Taken::No => vec![UNAUTHENTICATED],
            Taken::Yes => self.judge_known(who, entry, ask, now),
            Taken::Either => {
                let mut verdicts = self.judge_known(who, entry, ask, now);
                verdicts.push(UNAUTHENTICATED);
                verdicts
            }
        }
    }

    fn judge_known(&self, who: usize, entry: &Entry, ask: &Ask, now: i64) -> Vec<Verdict> {
        let door = &self.door;
        match entry {
            Entry::SignIn { .. } => {
                self.or_limited(who, if door.is_right(who, entry, ask) { Done } else { INVALID_CREDENTIALS })
            }
            Entry::Refresh { session, .. } => {
                let token = ask.sent("refresh_token");
                let works = |session: &&Session| session.is_live(now) && session.refresh.last() == Some(&token);
                vec![if door.sessions.get(session).filter(works).is_some() { Done } else { INVALID_REFRESH_TOKEN }]
            }
            Entry::SignOut { session } => {
                vec![same_or(door.sessions.get(session).is_none_or(|session| session.over.is_some()))]
            }
            Entry::Revoke { session, .. } => match door.sessions.get(session) {
                Some(session) if session.who == who && !session.id.is_empty() => {
                    let mut verdicts = vec![same_or(!session.is_live(now))];
                    // What ended by itself may be forgotten.
                    if now >= session.expires_at {
                        verdicts.push(NOT_FOUND);
                    }
                    verdicts
                }
                _ => vec![NOT_FOUND],
            },
            Entry::ChangePassword { .. } => {
                self.or_limited(who, if door.is_right(who, entry, ask) { Done } else { WRONG_PASSWORD })
            }
            Entry::Choose { read_receipts, presence, time_zone, .. } => {
                let settings = &door.known[who].settings;
                let is_same = read_receipts.is_none_or(|it| it == settings.read_receipts)
                    && presence.is_none_or(|it| it == settings.presence)
                    && time_zone.is_none_or(|it| it == settings.time_zone);
                vec![same_or(is_same)]
            }
            Entry::Wrong { wrong, .. } => {
                let (status, code, _) = wrong.answer();
                vec![Refused(status, code)]
            }
        }
    }

    fn or_limited(&self, who: usize, verdict: Verdict) -> Vec<Verdict> {
        if self.door.may_be_limited(who) { vec![verdict, RATE_LIMITED] } else { vec![verdict] }
    }

    /// Status and the fields that matter of the answer, after it has happened.
    pub fn answer_entry(&self, who: usize, entry: &Entry) -> (u16, Value) {
        match entry {
            Entry::SignIn { .. } | Entry::Refresh { .. } => {
                (201, json!({"token_type": "Bearer", "expires_in": TOKEN_SECONDS}))
            }
            Entry::Choose { .. } => (200, self.settings(who)),
            Entry::SignOut { .. } | Entry::Revoke { .. } | Entry::ChangePassword { .. } | Entry::Wrong { .. } => {
                (204, Value::Null)
            }
        }
    }

    /// Tokens are told to whom they are for, and each is a new one.
    pub fn check_tokens(&self, who: usize, entry: &Entry, body: &Value) -> Result<(), String> {
        let (Entry::SignIn { session, .. } | Entry::Refresh { session, .. }) = entry else { return Ok(()) };
        let (account, person) = (&body["account"], &self.people[who]);
        if (account["id"].as_str(), account["username"].as_str()) != (Some(&person.id), Some(&person.username)) {
            return Err(format!("expected the account {} called {}, got {account}", person.id, person.username));
        }
        let refresh = self.door.sessions.get(session).map_or(&[][..], |session| &session.refresh);
        match refresh.split_last() {
            Some((newest, before)) if !newest.is_empty() && !before.contains(newest) => Ok(()),
            _ => Err(format!("expected a new refresh token, got {body}")),
        }
    }
}
