//! Accounts: public profile, role, and who has a user name.

use crate::account::device_keys::{self, DeviceKeys, KEYS_TABLE, REVISIONS_TABLE};
use crate::account::erasures;
use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::row::{DatabaseFault, Row};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step, sealed};
use crate::reader::{Access, At, Opening, ReadFault};
use crate::session::sessions::Sessions;
use crate::state_hash::{Kind, Table};
use domain::account::values::Role;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, Position};
use domain::proto::account::v1::{AccountWords, ProfileWords};
use domain::recorded::Recorded;
use domain::stream::Category;
use domain::words::{Content, Purpose};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct Accounts;

/// One row for each account.
static INSERT: Bulk =
    Bulk::new("INSERT INTO accounts (account, username_hash, words, role, has_password, created_at)", 6, "");
static SET_ROLE: Bulk = Bulk::new(
    "WITH v (account, role) AS (",
    2,
    ") UPDATE accounts SET role = v.role FROM v WHERE accounts.account = v.account",
);
static SET_PASSWORD: Bulk = Bulk::new(
    "WITH v (account) AS (",
    1,
    ") UPDATE accounts SET has_password = TRUE FROM v WHERE accounts.account = v.account",
);
static SET_PROFILE: Bulk = Bulk::new(
    "WITH v (account, profile) AS (",
    2,
    ") UPDATE accounts SET profile = v.profile FROM v WHERE accounts.account = v.account",
);
static SET_SETTINGS: Bulk = Bulk::new(
    "WITH v (account, read_receipts, presence, time_zone) AS (",
    4,
    ") UPDATE accounts SET read_receipts = v.read_receipts, presence = v.presence, time_zone = v.time_zone FROM v \
     WHERE accounts.account = v.account",
);
static SET_REVISION: Bulk = Bulk::new(
    "WITH v (account, revision) AS (",
    2,
    ") UPDATE accounts SET revision = v.revision FROM v WHERE accounts.account = v.account",
);
static EXISTING: Bulk = Bulk::new(
    "WITH v (account) AS (",
    1,
    ") SELECT accounts.account FROM v JOIN accounts ON accounts.account = v.account",
);

const ACCOUNTS_TABLE: Table = Table {
    name: "accounts",
    select: "SELECT account, username_hash, words, role, has_password, created_at, read_receipts, presence, \
             time_zone, revision, profile, erases_at, erased_at FROM accounts ORDER BY account",
    columns: &[
        Kind::Uuid,
        Kind::Bytes,
        Kind::Bytes,
        Kind::Text,
        Kind::Bool,
        Kind::Time,
        Kind::Bool,
        Kind::Bool,
        Kind::Bytes,
        Kind::Int,
        Kind::Bytes,
        Kind::Time,
        Kind::Time,
    ],
};

impl Projection for Accounts {
    const NAME: &'static str = projection::ACCOUNTS;
    const VERSION: u32 = 4;
    const CHANGES: &'static [Change] = &[
        migrations::ACCOUNTS,
        migrations::ACCOUNT_SETTINGS,
        migrations::DEVICE_KEYS,
        migrations::SESSIONS,
        migrations::ACCOUNT_ERASURE,
    ];
    const TABLES: &'static [Table] = &[ACCOUNTS_TABLE, KEYS_TABLE, REVISIONS_TABLE];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut changes = Changes::default();
        batch.iter().try_for_each(|recorded| changes.take(recorded))?;
        if changes.new.is_empty() && changes.revisions.is_empty() && changes.sessions.is_empty() {
            return Ok(());
        }
        changes.write(step.tx().await?).await
    }
}

/// What a batch does to accounts: the newest of each kind.
#[derive(Default)]
struct Changes {
    new: Vec<Value>,
    roles: BTreeMap<AccountId, Role>,
    passwords: BTreeSet<AccountId>,
    profiles: BTreeMap<AccountId, Value>,
    settings: BTreeMap<AccountId, [Value; 3]>,
    device_keys: device_keys::Changes,
    /// Which are open; never part of a state hash, because their events vanish.
    sessions: Sessions,
    erasures: erasures::Changes,
    /// Of every account that has an event in the batch after its registration.
    revisions: BTreeMap<AccountId, u64>,
    last: Position,
}

impl Changes {
    fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        self.sessions.take(recorded)?;
        let at = recorded.position;
        let account = || recorded.stream.account_id().ok_or(ApplyFault::Unfit(at, "its stream is no account's"));
        if recorded.stream.category() == Category::Account {
            if recorded.revision > 0 {
                self.revisions.insert(account()?, recorded.revision);
            }
            self.last = at;
        }
        match &recorded.event {
            Event::AccountRegistered(e) => self.new.extend([
                e.account.into(),
                e.username_hash.into(),
                sealed(&e.words, at)?.into(),
                Role::User.as_str().into(),
                e.credential.is_some().into(),
                recorded.occurred_at.into(),
            ]),
            Event::RoleGranted(e) => {
                self.roles.insert(account()?, e.role);
            }
            Event::PasswordChanged(_) => {
                self.passwords.insert(account()?);
            }
            Event::ProfileChanged(e) => {
                self.profiles.insert(account()?, sealed(&e.words, at)?.into());
            }
            Event::SettingsChanged(e) => {
                let time_zone = e.time_zone.as_ref().map(|words| sealed(words, at)).transpose()?;
                let settings = [e.read_receipts.into(), e.presence.into(), time_zone.into()];
                self.settings.insert(account()?, settings);
            }
            Event::DeviceKeyPublished(_) | Event::DeviceKeyRemoved(_) => self.device_keys.take(recorded)?,
            Event::AccountErased(_)
            | Event::ErasureBegun(_)
            | Event::ErasureCancelled(_)
            | Event::ErasureRequested(_) => self.erasures.take(recorded)?,
            Event::AccountFollowed(_)
            | Event::AccountUnfollowed(_)
            | Event::AdminsChanged(_)
            | Event::CloseFriendAdded(_)
            | Event::CloseFriendRemoved(_)
            | Event::AccountBlocked(_)
            | Event::AccountUnblocked(_)
            | Event::StoriesHidden(_)
            | Event::StoriesMuted(_)
            | Event::StoriesShown(_)
            | Event::StoriesUnmuted(_)
            | Event::ContentAccessed(_)
            | Event::ConversationChanged(_)
            | Event::ConversationClosed(_)
            | Event::ConversationCreated(_)
            | Event::ImportAdvanced(_)
            | Event::JobEnded(_)
            | Event::JobStarted(_)
            | Event::KeyDestroyed(_)
            | Event::MemberJoined(_)
            | Event::MemberLeft(_)
            | Event::MemberRoleChanged(_)
            | Event::MembershipChanged(_)
            | Event::NotificationsRead(_)
            | Event::MessageDeleted(_)
            | Event::MessageEdited(_)
            | Event::MessagePinned(_)
            | Event::MessageSent(_)
            | Event::MessageUnpinned(_)
            | Event::MessagesPurged(_)
            | Event::ReactionAdded(_)
            | Event::ReactionRemoved(_)
            | Event::ReadMoved(_)
            | Event::RetentionChanged(_)
            | Event::SessionOpened(_)
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked(_)
            | Event::StoryDeleted(_)
            | Event::StoryExpired(_)
            | Event::StoryPosted(_)
            | Event::StoryPrivacyChanged(_)
            | Event::StoryViewed(_)
            | Event::UsernameReserved(_) => {}
        }
        Ok(())
    }

    async fn write(self, tx: &mut Tx) -> Result<(), ApplyFault> {
        INSERT.execute(tx, self.new).await?;
        self.device_keys.write(tx).await?;
        let expected =
            self.roles.len() + self.passwords.len() + self.profiles.len() + self.settings.len() + self.revisions.len();
        let roles = self.roles.into_iter().flat_map(|(account, role)| [account.into(), role.as_str().into()]);
        let passwords = self.passwords.into_iter().map(Value::from);
        let settings = self
            .settings
            .into_iter()
            .flat_map(|(account, [receipts, presence, zone])| [account.into(), receipts, presence, zone]);
        let revisions = self.revisions.into_iter().flat_map(|(account, revision)| [account.into(), revision.into()]);
        let profiles = self.profiles.into_iter().flat_map(|(account, profile)| [account.into(), profile]);
        let mut touched = SET_ROLE.execute(tx, roles.collect()).await?;
        touched += SET_PASSWORD.execute(tx, passwords.collect()).await?;
        touched += SET_PROFILE.execute(tx, profiles.collect()).await?;
        touched += SET_SETTINGS.execute(tx, settings.collect()).await?;
        touched += SET_REVISION.execute(tx, revisions.collect()).await?;
        self.sessions.write(tx).await?;
        self.erasures.write(tx).await?;
        let is_complete = touched == expected as u64;
        if is_complete { Ok(()) } else { Err(ApplyFault::Unfit(self.last, "its account was never registered")) }
    }
}

/// What is known about an account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountView {
    /// Which.
    pub id: AccountId,
    /// What it is called; erased with its key.
    pub names: Content<Names>,
    /// What it may do.
    pub role: Role,
    /// Whether it can sign in.
    pub has_password: bool,
    /// Since when it exists.
    pub created_at: Time,
    /// Its stream's revision: that of its entity tag.
    pub revision: u64,
    /// When it is to be erased, if it is.
    pub erases_at: Option<Time>,
    /// When it was erased.
    pub erased_at: Option<Time>,
}

/// What an account is called.
#[derive(Clone, PartialEq, Eq)]
pub struct Names {
    /// As its person wrote it.
    pub username: String,
    /// How the person wants to be called.
    pub display_name: String,
    /// What the person says of themselves.
    pub bio: Option<String>,
}

/// Names are never shown by accident.
impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names(…)")
    }
}

const SELECT_BY_ID: &str = "SELECT account, words, role, has_password, created_at, profile, revision, erases_at, \
     erased_at FROM accounts WHERE account = $1";
const SELECT_BY_HASH: &str = "SELECT account, words, role, has_password, created_at, profile, revision, erases_at, \
     erased_at FROM accounts WHERE username_hash = $1 AND erased_at IS NULL";

/// Answers questions about accounts.
#[derive(Clone)]
pub struct Reader(pub(crate) Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// The account with this id.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn get(&self, account: AccountId) -> Result<At<Option<AccountView>>, ReadFault> {
        self.one(SELECT_BY_ID, account.into()).await
    }

    /// The account with this user name, in any case of its letters.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn by_username(&self, username: &str) -> Result<At<Option<AccountView>>, ReadFault> {
        let folded = username.to_ascii_lowercase();
        let hash = self.0.words.hash(Purpose::Username, &[folded.as_bytes()]);
        self.one(SELECT_BY_HASH, hash.into()).await
    }

    /// What the account may do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn role(&self, account: AccountId) -> Result<At<Option<Role>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let row = tx.fetch_optional("SELECT role FROM accounts WHERE account = $1", [account.into()]).await?;
        tx.commit().await?;
        let role = row.map(|row| row.columns().parsed(Role::parse)).transpose()?;
        Ok(At { position, value: role })
    }

    /// The keys of the account's devices.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn device_keys(&self, account: AccountId) -> Result<At<Option<DeviceKeys>>, ReadFault> {
        device_keys::of(&self.0, account).await
    }

    /// Up to `limit` accounts that are to be erased by `now` and are not, the longest due first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_erasures(&self, now: Time, limit: usize) -> Result<At<Vec<AccountId>>, ReadFault> {
        erasures::due(&self.0, now, limit).await
    }

    /// Which of these accounts exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn existing(&self, accounts: &[AccountId]) -> Result<At<BTreeSet<AccountId>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = EXISTING.fetch(&mut tx, accounts.iter().copied().map(Value::from).collect()).await?;
        tx.commit().await?;
        let value = rows.iter().map(|row| row.columns().account()).collect::<Result<_, _>>()?;
        Ok(At { position, value })
    }

    async fn one(&self, sql: &'static str, key: Value) -> Result<At<Option<AccountView>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let row = tx.fetch_optional(sql, [key]).await?;
        tx.commit().await?;
        let value = match row {
            Some(row) => Some(self.view(&row).await?),
            None => None,
        };
        Ok(At { position, value })
    }

    async fn view(&self, row: &Row) -> Result<AccountView, ReadFault> {
        let mut columns = row.columns();
        let mut opening = Opening::default();
        let id = columns.account()?;
        let words = opening.add(columns.sealed()?);
        let (role, has_password, created_at) = role_and_rest(&mut columns)?;
        let profile = columns.maybe_sealed()?.map(|field| opening.add(field));
        let revision = columns.number()?;
        let (erases_at, erased_at) = (columns.maybe_time()?, columns.maybe_time()?);
        let opened = opening.open(&*self.0.words).await?;
        let profile = match profile {
            Some(slot) => opened.words::<ProfileWords>(slot)?.present(),
            None => None,
        };
        let names = opened.words::<AccountWords>(words)?.map(|words| {
            let AccountWords { username, display_name } = words;
            let profile = profile.unwrap_or(ProfileWords { display_name, bio: None });
            Names { username, display_name: profile.display_name, bio: profile.bio }
        });
        Ok(AccountView { id, names, role, has_password, created_at, revision, erases_at, erased_at })
    }
}

fn role_and_rest(columns: &mut crate::database::row::Columns<'_>) -> Result<(Role, bool, Time), DatabaseFault> {
    Ok((columns.parsed(Role::parse)?, columns.take()?, columns.time()?))
}
