//! What deciding needs to know of an account and of a user name.

use crate::account::values::Role;
use crate::event::Event;
use crate::ids::AccountId;
use crate::proto::account::v1::{AccountWords, CredentialWords};
use crate::words::Field;

/// The state of `account-<id>`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every account that is loaded is active, and states are shared")]
pub enum Account {
    /// Never registered.
    #[default]
    Unknown,
    /// Registered.
    Active {
        /// Whose.
        account: AccountId,
        /// What it may do.
        role: Role,
        /// User name and display name.
        words: Field<AccountWords>,
        /// The password's hash, once there is a password.
        credential: Option<Field<CredentialWords>>,
    },
}

impl Account {
    /// Whether it was registered.
    pub fn exists(&self) -> bool {
        matches!(self, Account::Active { .. })
    }

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Account::Unknown, Event::AccountRegistered(e)) => {
                *self = Account::Active {
                    account: e.account,
                    role: Role::User,
                    words: e.words.clone(),
                    credential: e.credential.clone(),
                };
            }
            (Account::Active { credential, .. }, Event::PasswordChanged(e)) => {
                *credential = Some(e.credential.clone());
            }
            (Account::Active { role, .. }, Event::RoleGranted(e)) => *role = e.role,
            _ => {}
        }
    }
}

/// The state of `username-<hash>`: who has the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Username {
    /// Its holder.
    pub holder: Option<AccountId>,
}

impl Username {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::UsernameReserved(e) = event {
            self.holder = Some(e.account);
        }
    }
}
