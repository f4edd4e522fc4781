//! What happens to a session. Each of these events alone tells what the session is, because older ones vanish.

use crate::clock::Time;
use crate::ids::{AccountId, Hash16};
use crate::proto::session::v1::DeviceWords;
use crate::session::values::RevocationReason;
use crate::words::Field;
use serde::Serialize;

/// Somebody signed in. First event of `session-<id>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionOpened {
    /// Who.
    pub account: AccountId,
    /// Keyed hash of the refresh token.
    pub refresh_hash: Hash16,
    /// When the refresh token ends.
    pub refresh_expires_at: Time,
    /// What the device calls itself; the account's key.
    pub device: Option<Field<DeviceWords>>,
    /// Revision, in the account's stream, of the event that set the password that was compared. None in the first
    /// shape: that of the registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_revision: Option<u64>,
    /// When; none in the first shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Time>,
}

/// A refresh token was used; another one takes its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionRefreshed {
    /// Whose session it is.
    pub account: AccountId,
    /// Keyed hash of the new refresh token.
    pub refresh_hash: Hash16,
    /// When the new refresh token ends.
    pub refresh_expires_at: Time,
    /// What the device calls itself; the account's key.
    pub device: Option<Field<DeviceWords>>,
    /// As in [`SessionOpened`].
    pub credential_revision: u64,
    /// When somebody signed in.
    pub opened_at: Time,
}

/// A session is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionRevoked {
    /// Whose session it was.
    pub account: AccountId,
    /// Why.
    pub reason: RevocationReason,
}
