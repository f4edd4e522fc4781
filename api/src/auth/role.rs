//! Roles of callers, from the projection of accounts, remembered for at most two seconds.

use crate::auth::caller::Caller;
use crate::problem::{Code, Problem};
use domain::account::values::Role;
use domain::clock::Time;
use domain::ids::AccountId;
use lru::LruCache;
use parking_lot::Mutex;
use projections::account::accounts::Reader;
use std::num::NonZeroUsize;

/// Microseconds for which a role is remembered.
const REMEMBERED_MICROSECONDS: i64 = 1_500_000;
/// Remembered roles, at most.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// The roles of callers.
pub struct Roles {
    accounts: Reader,
    remembered: Mutex<LruCache<AccountId, (Role, Time)>>,
}

impl Roles {
    /// Roles as the projection of accounts tells them.
    pub fn new(accounts: Reader) -> Self {
        Self { accounts, remembered: Mutex::new(LruCache::new(REMEMBERED_MAX)) }
    }

    /// What the account may do, as it was at most two seconds ago.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub async fn of(&self, account: AccountId, now: Time) -> Result<Role, Problem> {
        let remembered = self.remembered.lock().get(&account).copied();
        if let Some((role, at)) = remembered
            && (0..REMEMBERED_MICROSECONDS).contains(&(now.micros() - at.micros()))
        {
            return Ok(role);
        }
        // An account that the projection does not know yet is a fresh one.
        let role = self.accounts.role(account).await?.value.unwrap_or_default();
        self.remembered.lock().put(account, (role, now));
        Ok(role)
    }

    /// Which of the roles the caller has.
    ///
    /// # Errors
    /// [`Code::RoleRequired`] when it is none of them.
    pub async fn require(&self, caller: &Caller, roles: &[Role], now: Time) -> Result<Role, Problem> {
        let role = self.of(caller.account, now).await?;
        if roles.contains(&role) { Ok(role) } else { Err(Problem::new(Code::RoleRequired)) }
    }
}
