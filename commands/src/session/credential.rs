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

/// What belongs to a user name.
#[derive(Clone)]
pub struct Credential {
    /// Whose it is.
    pub account: AccountId,
    /// In PHC form; none when no password was ever set or it is erased.
    pub password_hash: Option<String>,
}

/// The credential of a user name, as of the log's current state; none when nobody has the name.
///
/// # Errors
/// When the log or the keys store does not answer.
pub async fn credential(executor: &Executor, username: &Username) -> Result<Option<Credential>, Failure> {
    let hash = username_hash(&Names::new(None, executor.words()), username);
    let holder = match &*executor.current(&StreamName::username(hash)).await? {
        State::Username(name) => name.holder,
        _ => None,
    };
    let Some(account) = holder else { return Ok(None) };
    let state = executor.current(&StreamName::account(account)).await?;
    let State::Account(state) = &*state else { return Ok(None) };
    let Account::Active { credential, .. } = &**state else { return Ok(None) };
    let password_hash = match credential {
        None => None,
        Some(field) => match open_one(executor.words(), field).await? {
            Content::Present(words) => Some(words.password_hash),
            Content::Erased => None,
        },
    };
    Ok(Some(Credential { account, password_hash }))
}
