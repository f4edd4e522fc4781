//! Accounts and sessions.

use crate::wire::opaque::encode;
use domain::clock::Time;
use domain::ids::{AccountId, DeviceId, DeviceKeyId, SessionId};
use domain::words::Content;
use projections::account::accounts::AccountView;
use projections::account::device_keys::DeviceKeyView;
use projections::account::settings::SettingsView;
use serde::Serialize;
use utoipa::ToSchema;

/// One's own account.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// Unique, ignoring case; null once erased.
    pub username: Option<String>,
    /// How the person wants to be called; null once erased.
    pub display_name: Option<String>,
    /// What the person says of themselves.
    pub bio: Option<String>,
    /// What it may do.
    #[schema(value_type = String, example = "user")]
    pub role: domain::account::values::Role,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// When it is to be erased; there only when that was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erases_at: Option<Time>,
}

/// What everybody may see of an account.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Profile {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// Unique, ignoring case; null once erased.
    pub username: Option<String>,
    /// How the person wants to be called; null once erased.
    pub display_name: Option<String>,
    /// What the person says of themselves.
    pub bio: Option<String>,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// When it was erased; there only once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erased_at: Option<Time>,
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Self {
        let (role, erases_at) = (view.role, view.erases_at);
        let Profile { id, username, display_name, bio, created_at, erased_at: _ } = view.into();
        Self { id, username, display_name, bio, role, created_at, erases_at }
    }
}

impl From<AccountView> for Profile {
    fn from(view: AccountView) -> Self {
        let (username, display_name, bio) = match view.names {
            Content::Present(names) => (Some(names.username), Some(names.display_name), names.bio),
            Content::Erased => (None, None, None),
        };
        let (created_at, erased_at) = (view.created_at, view.erased_at);
        Self { id: view.id, username, display_name, bio, created_at, erased_at }
    }
}

/// What a person chose for themselves.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AccountSettings)]
pub struct Settings {
    /// Whether others see how far the person has read.
    pub read_receipts: bool,
    /// Whether others see that the person is there.
    pub presence: bool,
    /// Where the person's day begins, by an IANA name; null while it is not set.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: Option<String>,
}

impl From<SettingsView> for Settings {
    fn from(view: SettingsView) -> Self {
        let time_zone = view.time_zone.and_then(Content::present);
        Self { read_receipts: view.signals.read_receipts, presence: view.signals.presence, time_zone }
    }
}

/// When an account is to be erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountErasure)]
pub struct Erasure {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub erases_at: Time,
}

/// The key of one of an account's devices.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeviceKey {
    /// Which device.
    #[schema(value_type = uuid::Uuid)]
    pub device_id: DeviceId,
    /// What messages name the key by: another one for each key.
    #[schema(value_type = uuid::Uuid)]
    pub key_id: DeviceKeyId,
    /// What kind of key.
    pub algorithm: String,
    /// The key, in base64.
    pub public_key: String,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Time,
}

impl From<DeviceKeyView> for DeviceKey {
    fn from(view: DeviceKeyView) -> Self {
        let DeviceKeyView { device, key, algorithm, public_key, published_at } = view;
        Self { device_id: device, key_id: key, algorithm, public_key: encode(&public_key), published_at }
    }
}

/// A session that was opened.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Sent with every request as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// Works once, for another access token.
    pub refresh_token: String,
    /// Whose session it is.
    pub account: Profile,
}

/// One of the caller's open sessions.
#[derive(Serialize, ToSchema)]
pub struct OpenSession {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: SessionId,
    /// What the device calls itself; null when it does not.
    pub device_name: Option<String>,
    /// When somebody signed in.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Time,
    /// When its tokens were refreshed last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub refreshed_at: Option<Time>,
    /// When it ends unless it is refreshed before.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Time,
    /// Whether it is the one that asks.
    pub current: bool,
}
