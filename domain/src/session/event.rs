//! What happens to a session.

use crate::clock::Time;
use crate::ids::{AccountId, Hash16};
use crate::proto::session::v1::DeviceWords;
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
}
