//! `OpenSession`: somebody signed in.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::clock::Time;
use domain::ids::{AccountId, Hash16, SessionId};
use domain::proto::session::v1::DeviceWords;
use domain::session::event::SessionOpened;
use domain::session::state::Session;
use domain::stream::StreamName;
use domain::values::DeviceName;
use domain::words::Field;

/// Opens a session. The password was compared before, off the async threads; see [`super::credential`].
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// A fresh id.
    pub session: SessionId,
    /// Whose user name was given.
    pub account: AccountId,
    /// Keyed hash of the refresh token.
    pub refresh_hash: Hash16,
    /// When the refresh token ends.
    pub refresh_expires_at: Time,
    /// What the device calls itself.
    pub device_name: Option<DeviceName>,
    /// Whether the password is the account's.
    pub password_matches: bool,
}

impl Command for OpenSession {
    fn name(&self) -> &'static str {
        "OpenSession"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::session(self.session)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        if !self.password_matches || !states.account(self.account).exists() {
            return Err(Refusal::InvalidCredentials);
        }
        if *states.session() != Session::Unknown {
            return Ok(vec![]);
        }
        let opened = SessionOpened {
            account: self.account,
            refresh_hash: self.refresh_hash,
            refresh_expires_at: self.refresh_expires_at,
            device: self
                .device_name
                .as_ref()
                .map(|name| Field::Clear(DeviceWords { device_name: name.as_str().to_owned() })),
        };
        Ok(vec![(states.primary(), opened.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, LONG_AGO, given, registered};
    use uuid::Uuid;

    const SESSION: SessionId = SessionId::new(Uuid::from_u128(5));

    fn open(password_matches: bool) -> OpenSession {
        OpenSession {
            session: SESSION,
            account: ALICE,
            refresh_hash: Hash16([3; 16]),
            refresh_expires_at: LONG_AGO,
            device_name: None,
            password_matches,
        }
    }

    #[test]
    fn the_right_password_opens_a_session() {
        let opened =
            SessionOpened { account: ALICE, refresh_hash: Hash16([3; 16]), refresh_expires_at: LONG_AGO, device: None };
        given([registered(ALICE)]).when(open(true)).then([(StreamName::session(SESSION), opened.into())]);
    }

    #[test]
    fn a_wrong_password_and_an_unknown_account_are_refused_alike() {
        given([registered(ALICE)]).when(open(false)).refused(Refusal::InvalidCredentials);
        given([]).when(open(true)).refused(Refusal::InvalidCredentials);
    }
}
