//! What deciding needs to know of a session.

use crate::clock::Time;
use crate::event::Event;
use crate::ids::{AccountId, Hash16};
use crate::proto::session::v1::DeviceWords;
use crate::words::Field;

/// The state of `session-<id>`. Its newest event alone tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Session {
    /// Never opened, or so long ago that nothing of it is kept.
    #[default]
    Unknown,
    /// Open, unless its refresh token has ended or the account's password was changed.
    Open(Box<Open>),
    /// Over.
    Revoked {
        /// Whose it was.
        account: AccountId,
    },
}

/// An open session.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Whose.
    pub account: AccountId,
    /// Keyed hash of the one refresh token that works.
    pub refresh_hash: Hash16,
    /// When that token ends.
    pub refresh_expires_at: Time,
    /// Revision of the event that set the password that it rests on.
    pub credential_revision: u64,
    /// When somebody signed in.
    pub opened_at: Time,
    /// What the device calls itself.
    pub device: Option<Field<DeviceWords>>,
}

impl Session {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::SessionOpened(e) => {
                *self = Session::Open(Box::new(Open {
                    account: e.account,
                    refresh_hash: e.refresh_hash,
                    refresh_expires_at: e.refresh_expires_at,
                    credential_revision: e.credential_revision.unwrap_or(0),
                    opened_at: e.opened_at.unwrap_or_default(),
                    device: e.device.clone(),
                }));
            }
            Event::SessionRefreshed(e) => {
                *self = Session::Open(Box::new(Open {
                    account: e.account,
                    refresh_hash: e.refresh_hash,
                    refresh_expires_at: e.refresh_expires_at,
                    credential_revision: e.credential_revision,
                    opened_at: e.opened_at,
                    device: e.device.clone(),
                }));
            }
            Event::SessionRevoked(e) => *self = Session::Revoked { account: e.account },
            _ => {}
        }
    }

    /// Whose session it is or was.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Session::Unknown => None,
            Session::Open(open) => Some(open.account),
            Session::Revoked { account } => Some(*account),
        }
    }
}
