//! What people do at the door, in names that hold for any run: sessions by the number of their opening.

use super::model::Model;
use super::system::Ask;
use serde_json::{Value, json};

/// A session that does not exist.
const NO_SESSION: &str = "00000000-0000-7000-8000-00000000d00d";

/// Which password somebody gives.
#[derive(Clone, Copy, Debug)]
pub enum Password {
    Right,
    /// The first one that was ever set: right as long as it was never changed.
    Earlier,
    Wrong,
}

/// Which refresh token is shown.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    Newest,
    /// One that was used before, counted from the newest of these.
    Used(usize),
    MadeUp,
}

/// A wrong request at the door.
#[derive(Clone, Copy, Debug)]
pub enum WrongEntry {
    LongDevice,
    NoPassword,
    UnknownField,
    NoJson,
    NoRefreshToken,
    /// These bear a token.
    ShortPassword,
    LongPassword,
    OddZone,
    OddChoice,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub enum Entry {
    SignIn {
        session: usize,
        device: Option<&'static str>,
        password: Password,
    },
    Refresh {
        session: usize,
        shown: Shown,
    },
    /// With a token of the session itself.
    SignOut {
        session: usize,
    },
    /// With a token of `by`.
    Revoke {
        by: usize,
        session: usize,
    },
    ChangePassword {
        session: usize,
        password: Password,
        to: String,
    },
    Choose {
        session: usize,
        read_receipts: Option<bool>,
        presence: Option<bool>,
        time_zone: Option<Option<&'static str>>,
    },
    Wrong {
        session: usize,
        wrong: WrongEntry,
    },
}

impl Entry {
    /// The session whose token the request bears.
    pub fn bearer(&self) -> Option<usize> {
        match self {
            Self::SignIn { .. } | Self::Refresh { .. } => None,
            Self::SignOut { session }
            | Self::Revoke { by: session, .. }
            | Self::ChangePassword { session, .. }
            | Self::Choose { session, .. } => Some(*session),
            Self::Wrong { session, wrong } => wrong.is_signed().then_some(*session),
        }
    }

    /// The request, with the token that it bears.
    pub fn ask(&self, model: &Model, who: usize) -> Ask {
        let token = self.bearer().and_then(|session| model.door.sessions.get(&session)?.access.last());
        let ask = self.unsigned(model, who);
        match token {
            Some(token) => ask.header("authorization", format!("Bearer {}", token.text)),
            None => ask,
        }
    }

    fn unsigned(&self, model: &Model, who: usize) -> Ask {
        let door = &model.door;
        match self {
            Self::SignIn { device, password, .. } => {
                let mut body = json!({"username": model.people[who].username, "password": door.attempt(who, password)});
                if let Some(device) = device {
                    body["device_name"] = json!(device);
                }
                Ask::of("POST", "/v1/sessions").json(&body)
            }
            Self::Refresh { session, shown } => {
                let session = door.sessions.get(session);
                let token = match shown {
                    Shown::Newest => session.and_then(|session| session.refresh.last()).cloned(),
                    Shown::Used(index) => session.and_then(|session| session.used(*index)).cloned(),
                    Shown::MadeUp => None,
                };
                let body = json!({"refresh_token": token.unwrap_or_else(|| "made.up".to_owned())});
                Ask::of("POST", "/v1/sessions/refresh").json(&body)
            }
            Self::SignOut { .. } => Ask::of("DELETE", "/v1/sessions/current"),
            Self::Revoke { session, .. } => {
                let id = door.sessions.get(session).map_or("", |session| &session.id);
                Ask::of("DELETE", format!("/v1/sessions/{}", if id.is_empty() { NO_SESSION } else { id }))
            }
            Self::ChangePassword { password, to, .. } => {
                let body = json!({"current_password": door.attempt(who, password), "new_password": to});
                Ask::of("PUT", "/v1/me/password").json(&body)
            }
            Self::Choose { read_receipts, presence, time_zone, .. } => {
                let mut body = json!({});
                let choices =
                    [("read_receipts", read_receipts.map(Value::from)), ("presence", presence.map(Value::from))];
                for (name, value) in choices.into_iter().chain([("time_zone", time_zone.map(|zone| json!(zone)))]) {
                    if let Some(value) = value {
                        body[name] = value;
                    }
                }
                Ask::of("PUT", "/v1/me/settings").json(&body)
            }
            Self::Wrong { wrong, .. } => wrong.ask(&model.people[who].username, door.password(who)),
        }
    }
}

impl WrongEntry {
    /// Whether the request bears a token, so that it matters whether that is taken.
    fn is_signed(self) -> bool {
        match self {
            Self::ShortPassword | Self::LongPassword | Self::OddZone | Self::OddChoice => true,
            Self::LongDevice | Self::NoPassword | Self::UnknownField | Self::NoJson | Self::NoRefreshToken => false,
        }
    }

    fn ask(self, username: &str, password: &str) -> Ask {
        let right = json!({"username": username, "password": password});
        let with = |name: &str, value: Value| {
            let mut body = right.clone();
            body[name] = value;
            Ask::of("POST", "/v1/sessions").json(&body)
        };
        let change = |new: String| {
            Ask::of("PUT", "/v1/me/password").json(&json!({"current_password": password, "new_password": new}))
        };
        let choose = |body: Value| Ask::of("PUT", "/v1/me/settings").json(&body);
        match self {
            Self::LongDevice => with("device_name", json!("ö".repeat(101))),
            Self::NoPassword => Ask::of("POST", "/v1/sessions").json(&json!({"username": username})),
            Self::UnknownField => with("colour", json!("red")),
            Self::NoJson => Ask { body: Some(b"{\"username\": ".to_vec()), ..with("device_name", json!("a")) },
            Self::NoRefreshToken => Ask::of("POST", "/v1/sessions/refresh").json(&json!({})),
            Self::ShortPassword => change("7 signs".into()),
            Self::LongPassword => change("ö".repeat(129)),
            Self::OddZone => choose(json!({"time_zone": "Middle/Earth"})),
            Self::OddChoice => choose(json!({"presence": "maybe"})),
        }
    }

    /// Status, code and, for a validation, the pointer.
    pub fn answer(self) -> (u16, &'static str, Option<&'static str>) {
        let invalid = |pointer| (422, "VALIDATION_FAILED", Some(pointer));
        match self {
            Self::LongDevice => invalid("/device_name"),
            Self::NoPassword => invalid("/password"),
            Self::UnknownField => invalid("/colour"),
            Self::NoRefreshToken => invalid("/refresh_token"),
            Self::ShortPassword | Self::LongPassword => invalid("/new_password"),
            Self::OddZone => invalid("/time_zone"),
            Self::OddChoice => invalid("/presence"),
            Self::NoJson => (400, "MALFORMED_JSON", None),
        }
    }
}
