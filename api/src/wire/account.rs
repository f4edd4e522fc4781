//! Accounts and sessions.

use domain::clock::Time;
use domain::ids::AccountId;
use domain::words::Content;
use projections::account::accounts::AccountView;
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
    /// What it may do.
    #[schema(value_type = String, example = "user")]
    pub role: domain::account::values::Role,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
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
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Self {
        let role = view.role;
        let Profile { id, username, display_name, created_at } = view.into();
        Self { id, username, display_name, role, created_at }
    }
}

impl From<AccountView> for Profile {
    fn from(view: AccountView) -> Self {
        let (username, display_name) = match view.names {
            Content::Present(names) => (Some(names.username), Some(names.display_name)),
            Content::Erased => (None, None),
        };
        Self { id: view.id, username, display_name, created_at: view.created_at }
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
