//! What happens to an account.

use crate::account::values::Role;
use crate::clock::Time;
use crate::ids::{AccountId, DeviceId, DeviceKeyId, Hash16, SessionId};
use crate::proto::account::v1::{
    AccountWords, CredentialWords, DeviceKeyWords, ProfileWords, ReasonWords, SettingsWords,
};
use crate::words::Field;
use serde::Serialize;

/// An account exists. First event of `account-<id>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountRegistered {
    /// Whose.
    pub account: AccountId,
    /// Keyed hash of the lower-cased user name.
    pub username_hash: Hash16,
    /// User name and display name; the account's key.
    pub words: Field<AccountWords>,
    /// The password's hash; none until a password is set (imported people). The account's key.
    pub credential: Option<Field<CredentialWords>>,
}

/// A user name is taken. First event of `username-<hash>`, in the same unit as the registration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsernameReserved {
    /// By whom.
    pub account: AccountId,
}

/// A password was set or changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PasswordChanged {
    /// The new password's hash; the account's key.
    pub credential: Field<CredentialWords>,
    /// The one session that goes on; every other that was opened before ends with this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_session: Option<SessionId>,
}

/// A person calls themselves otherwise, or says something else of themselves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileChanged {
    /// Display name and bio, whichever changed; the account's key.
    pub words: Field<ProfileWords>,
}

/// The account has another role.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoleGranted {
    /// The new role.
    pub role: Role,
    /// Why; the deployment's key.
    pub reason: Option<Field<ReasonWords>>,
}

/// The account has these settings from now on: all of them, whichever changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingsChanged {
    /// Whether others see how far the person has read.
    pub read_receipts: bool,
    /// Whether others see that the person is there.
    pub presence: bool,
    /// Where the person's day begins, if they said so; the account's key.
    pub time_zone: Option<Field<SettingsWords>>,
}

/// A device of the account has this key from now on, and no other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceKeyPublished {
    /// Which device.
    pub device: DeviceId,
    /// What messages name the key by.
    pub key: DeviceKeyId,
    /// Algorithm and public key; the account's key.
    pub words: Field<DeviceKeyWords>,
}

/// A device of the account has no key any more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceKeyRemoved {
    /// Which device.
    pub device: DeviceId,
}

/// An account is an administrator from now on, or no more. Stands in `admins-deployment`, in the unit of the grant, so
/// that those who take this role from each other do so one after the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdminsChanged {
    /// Who.
    pub account: AccountId,
    /// Whether it is one.
    pub is_admin: bool,
}

/// The account is to be erased, unless the request is cancelled before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErasureRequested {
    /// When.
    pub erases_at: Time,
    /// Why, when an administrator wants it; the deployment's key. None when the person themselves does.
    pub reason: Option<Field<ReasonWords>>,
}

/// The account is not to be erased after all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErasureCancelled {}

/// The account is over: nobody signs in to it or adds it to anything any more. What it wrote is still there until it
/// has left everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErasureBegun {
    /// When its key may be destroyed: nothing that it had begun before can go on then.
    pub erases_at: Time,
}

/// The account is erased: its key is destroyed in the same unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountErased {
    /// Which.
    pub account: AccountId,
}
