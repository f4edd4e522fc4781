//! Whose user name it is and what its password must match: what signing in asks before it commands.

use crate::account::register_account::username_hash;
use crate::context::Names;
use crate::execute::{Executor, Failure};
use domain::account::state::Account;
use domain::account::values::Username;
use domain::ids::AccountId;
use domain::state::State;
use domain::stream::StreamName;
use domain::words::{Content, open_one};

/// What an account signs in with.
#[derive(Clone)]
pub struct Credential {
    /// Whose it is.
    pub account: AccountId,
    /// In PHC form; none when no password was ever set or it is erased.
    pub password_hash: Option<String>,
    /// The revision of the event that set it, in the account's stream: what is compared with it holds for no other.
    pub revision: u64,
}

/// The credential of a user name, as of the log's current state; none when nobody has the name.
///
/// A name that nobody has, or whose account ends, takes as long as any other: an administrator's account stands in for the
/// one that is missing, is loaded and opened, and is not told. So how long a failed sign-in takes does not say whether
/// there is such a name.
///
/// # Errors
/// When the log or the keys store does not answer.
pub async fn credential(executor: &Executor, username: &Username) -> Result<Option<Credential>, Failure> {
    let hash = username_hash(&Names::new(None, executor.words()), username);
    let holder = match &*executor.current(&StreamName::username(hash)).await? {
        State::Username(name) => name.holder,
        _ => None,
    };
    let stand_in = match &*executor.current(&StreamName::admins()).await? {
        State::Admins(admins) => admins.accounts.first().copied(),
        _ => None,
    };
    let found = match holder {
        Some(account) => credential_of(executor, account).await?,
        None => None,
    };
    if let (None, Some(account)) = (&found, stand_in) {
        credential_of(executor, account).await?;
    }
    Ok(found.map(|(_, credential)| credential))
}

/// An account's user name (none once erased) and its credential, as of the log's current state; none when there is no
/// such account.
///
/// # Errors
/// When the log or the keys store does not answer.
pub async fn credential_of(
    executor: &Executor,
    account: AccountId,
) -> Result<Option<(Option<String>, Credential)>, Failure> {
    let state = executor.current(&StreamName::account(account)).await?;
    let State::Account(state) = &*state else { return Ok(None) };
    let Account::Active { words, credential, credential_revision, .. } = &**state else { return Ok(None) };
    let username = open_one(executor.words(), words).await?.present().map(|words| words.username);
    let password_hash = match credential {
        None => {
            // For nothing, but as long as the words of a password would take.
            open_one(executor.words(), words).await?;
            None
        }
        Some(field) => match open_one(executor.words(), field).await? {
            Content::Present(words) => Some(words.password_hash),
            Content::Erased => None,
        },
    };
    Ok(Some((username, Credential { account, password_hash, revision: *credential_revision })))
}
