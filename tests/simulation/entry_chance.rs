//! What happens next at the door.

use super::act::{Act, What};
use super::chance::{Chooser, MILLISECOND, SECOND, pick};
use super::entry_act::{Entry, Password, Shown, WrongEntry};
use super::model::Model;
use super::system::TOKEN_SECONDS;
use rand::RngExt;

const DEVICES: [Option<&str>; 3] = [None, Some("phone"), Some("Küche 🍳")];
const ZONES: [Option<&str>; 3] = [None, Some("Europe/Vienna"), Some("Asia/Tokyo")];

impl Chooser {
    /// What somebody does with a session, around one where there is one in view.
    pub fn entry_act(&mut self, model: &Model, session: Option<usize>, now: i64) -> Act {
        let session = session.unwrap_or_else(|| self.session(model, None, now));
        let owner = model.door.sessions.get(&session).map(|session| session.who);
        let who = owner.unwrap_or_else(|| self.chance.random_range(0..self.manner.people));
        let entry = match self.chance.random_range(0..100) {
            0..=17 => self.sign_in(Password::Right),
            18..=21 => self.sign_in(Password::Earlier),
            22..=23 => self.sign_in(Password::Wrong),
            24..=46 => Entry::Refresh { session, shown: Shown::Newest },
            47..=57 => Entry::Refresh { session, shown: Shown::Used(self.chance.random_range(0..3)) },
            58 => Entry::Refresh { session, shown: Shown::MadeUp },
            59..=65 => Entry::SignOut { session },
            66..=76 => {
                Entry::Revoke { by: self.session(model, Some(who), now), session: self.other(model, session, now) }
            }
            77..=83 => self.change_password(session, Password::Right),
            84..=85 => self.change_password(session, Password::Earlier),
            86 => self.change_password(session, Password::Wrong),
            87..=95 => self.choose_settings(session),
            _ => Entry::Wrong { session, wrong: self.wrong_entry() },
        };
        Act { who, what: What::Entry(entry), key: None }
    }

    /// Rather one that goes on, and now and then one that there is not.
    pub fn session(&mut self, model: &Model, who: Option<usize>, now: i64) -> usize {
        let theirs = model.door.sessions.iter().filter(|(_, session)| who.is_none_or(|who| session.who == who));
        let all: Vec<(usize, bool)> = theirs.map(|(number, session)| (*number, session.is_live(now))).collect();
        let live: Vec<usize> = all.iter().filter(|(_, is_live)| *is_live).map(|(number, _)| *number).collect();
        match self.chance.random_range(0..20) {
            _ if all.is_empty() => usize::MAX,
            0 if who.is_none() => usize::MAX,
            1..=5 => pick(&mut self.chance, &all).0,
            _ if live.is_empty() => pick(&mut self.chance, &all).0,
            _ => pick(&mut self.chance, &live),
        }
    }

    /// The same, or now and then anybody's.
    fn other(&mut self, model: &Model, session: usize, now: i64) -> usize {
        if self.chance.random_bool(0.8) { session } else { self.session(model, None, now) }
    }

    fn sign_in(&mut self, password: Password) -> Entry {
        self.sessions_begun += 1;
        Entry::SignIn { session: self.sessions_begun - 1, device: pick(&mut self.chance, &DEVICES), password }
    }

    fn change_password(&mut self, session: usize, password: Password) -> Entry {
        let to = format!("another password {}", self.chance.random_range(0..1_000));
        Entry::ChangePassword { session, password, to }
    }

    fn choose_settings(&mut self, session: usize) -> Entry {
        let mut some = || self.chance.random_bool(0.5).then(|| self.chance.random_bool(0.5));
        let (read_receipts, presence) = (some(), some());
        let time_zone = self.chance.random_bool(0.5).then(|| pick(&mut self.chance, &ZONES));
        Entry::Choose { session, read_receipts, presence, time_zone }
    }

    /// How long until right before, at, or right after the end of a session or of a token of it, and which session; if
    /// there is one ahead.
    pub fn wait_for_a_session(&mut self, model: &Model, now: i64) -> Option<(i64, usize)> {
        let aside = pick(&mut self.chance, &[-SECOND, -MILLISECOND, 0, 0, MILLISECOND, SECOND]);
        let is_of_token = self.chance.random_bool(0.5);
        let end = |session: &super::sessions::Session| match session.access.last() {
            Some(token) if is_of_token => token.issued_at + TOKEN_SECONDS * SECOND,
            _ => session.expires_at,
        };
        let live = model.door.sessions.iter().filter(|(_, session)| session.is_live(now));
        let ahead = live.map(|(number, session)| (end(session) + aside - now, *number)).filter(|(wait, _)| *wait > 0);
        let ahead: Vec<(i64, usize)> = ahead.collect();
        if ahead.is_empty() { None } else { Some(pick(&mut self.chance, &ahead)) }
    }

    fn wrong_entry(&mut self) -> WrongEntry {
        let all = [
            WrongEntry::LongDevice,
            WrongEntry::NoPassword,
            WrongEntry::UnknownField,
            WrongEntry::NoJson,
            WrongEntry::NoRefreshToken,
            WrongEntry::ShortPassword,
            WrongEntry::LongPassword,
            WrongEntry::OddZone,
            WrongEntry::OddChoice,
        ];
        pick(&mut self.chance, &all)
    }
}
