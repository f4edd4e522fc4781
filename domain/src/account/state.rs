//! What deciding needs to know of an account and of a user name.

use crate::account::event::SettingsChanged;
use crate::account::values::Role;
use crate::clock::Time;
use crate::event::Event;
use crate::ids::{AccountId, DeviceId, DeviceKeyId, SessionId};
use crate::proto::account::v1::{AccountWords, CredentialWords, DeviceKeyWords, ProfileWords, SettingsWords};
use crate::words::Field;
use std::collections::{BTreeMap, BTreeSet};

/// The key of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceKey {
    /// What messages name it by.
    pub key: DeviceKeyId,
    /// Algorithm and public key.
    pub words: Field<DeviceKeyWords>,
}

/// What a person chose for themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether others see how far the person has read.
    pub read_receipts: bool,
    /// Whether others see that the person is there.
    pub presence: bool,
    /// Where the person's day begins, if they said so.
    pub time_zone: Option<Field<SettingsWords>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { read_receipts: true, presence: true, time_zone: None }
    }
}

/// That an account is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub erases_at: Time,
    /// Whether an administrator wants it, whom the person cannot overrule.
    pub by_admin: bool,
}

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
        /// User name, and display name as it was at first.
        words: Field<AccountWords>,
        /// Display name and bio, once they were changed.
        profile: Option<Field<ProfileWords>>,
        /// The password's hash, once there is a password.
        credential: Option<Field<CredentialWords>>,
        /// The revision of the event that set it.
        credential_revision: u64,
        /// The one session that went on when it was set.
        kept_session: Option<SessionId>,
        /// What the person chose.
        settings: Settings,
        /// The keys of its devices.
        device_keys: BTreeMap<DeviceId, DeviceKey>,
        /// Whether it is to be erased.
        erasure: Option<Erasure>,
    },
    /// Over, and not erased yet.
    Ending {
        /// When its key may be destroyed.
        erases_at: Time,
        /// The generation of its key.
        generation: u32,
    },
    /// Erased.
    Erased,
}

impl Account {
    /// Whether it was registered and is not over.
    pub fn exists(&self) -> bool {
        matches!(self, Account::Active { .. })
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        match self {
            Account::Unknown | Account::Ending { .. } | Account::Erased => Role::User,
            Account::Active { role, .. } => *role,
        }
    }

    /// The keys of its devices; none of an account that does not exist.
    pub fn device_keys(&self) -> &BTreeMap<DeviceId, DeviceKey> {
        static NONE: BTreeMap<DeviceId, DeviceKey> = BTreeMap::new();
        match self {
            Account::Unknown | Account::Ending { .. } | Account::Erased => &NONE,
            Account::Active { device_keys, .. } => device_keys,
        }
    }

    /// Whether a session that rests on the password which was set at `credential_revision` goes on.
    pub fn accepts(&self, session: SessionId, credential_revision: u64) -> bool {
        match self {
            Account::Unknown | Account::Ending { .. } | Account::Erased => false,
            Account::Active { credential_revision: newest, kept_session, .. } => {
                credential_revision == *newest || *kept_session == Some(session)
            }
        }
    }

    /// Takes over what happened. `revision` is the event's.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        match (&mut *self, event) {
            (Account::Unknown, Event::AccountRegistered(e)) => {
                *self = Account::Active {
                    account: e.account,
                    role: Role::User,
                    words: e.words.clone(),
                    profile: None,
                    credential: e.credential.clone(),
                    credential_revision: revision,
                    kept_session: None,
                    settings: Settings::default(),
                    device_keys: BTreeMap::new(),
                    erasure: None,
                };
            }
            (Account::Active { credential, credential_revision, kept_session, .. }, Event::PasswordChanged(e)) => {
                *credential = Some(e.credential.clone());
                *credential_revision = revision;
                *kept_session = e.kept_session;
            }
            (Account::Active { profile, .. }, Event::ProfileChanged(e)) => *profile = Some(e.words.clone()),
            (Account::Active { role, .. }, Event::RoleGranted(e)) => *role = e.role,
            (Account::Active { settings, .. }, Event::SettingsChanged(e)) => {
                let SettingsChanged { read_receipts, presence, time_zone } = e.clone();
                *settings = Settings { read_receipts, presence, time_zone };
            }
            (Account::Active { device_keys, .. }, Event::DeviceKeyPublished(e)) => {
                device_keys.insert(e.device, DeviceKey { key: e.key, words: e.words.clone() });
            }
            (Account::Active { erasure, .. }, Event::ErasureRequested(e)) => {
                *erasure = Some(Erasure { erases_at: e.erases_at, by_admin: e.reason.is_some() });
            }
            (Account::Active { erasure, .. }, Event::ErasureCancelled(_)) => *erasure = None,
            (Account::Active { words, .. }, Event::ErasureBegun(e)) => {
                let generation = words.sealed().map_or(1, |sealed| sealed.scope.generation);
                *self = Account::Ending { erases_at: e.erases_at, generation };
            }
            (Account::Ending { .. }, Event::AccountErased(_)) => *self = Account::Erased,
            (Account::Active { device_keys, .. }, Event::DeviceKeyRemoved(e)) => {
                device_keys.remove(&e.device);
            }
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

/// The state of `admins-deployment`: who is an administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admins {
    /// All of them.
    pub accounts: BTreeSet<AccountId>,
}

impl Admins {
    /// Whether somebody beside this account is one.
    pub fn has_others_than(&self, account: AccountId) -> bool {
        self.accounts.iter().any(|other| *other != account)
    }

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::AdminsChanged(e) if e.is_admin => {
                self.accounts.insert(e.account);
            }
            Event::AdminsChanged(e) => {
                self.accounts.remove(&e.account);
            }
            _ => {}
        }
    }
}
