//! Roles of callers, as the log's current state of their accounts tells them: a change counts at once.

use crate::auth::caller::Caller;
use crate::problem::{Code, Problem};
use commands::execute::Executor;
use domain::account::values::Role;
use domain::ids::AccountId;
use domain::state::State;
use domain::stream::StreamName;
use std::sync::Arc;

/// The roles of callers.
pub struct Roles {
    executor: Arc<Executor>,
}

impl Roles {
    /// Roles as this executor's log tells them.
    pub fn new(executor: Arc<Executor>) -> Self {
        Self { executor }
    }

    /// What the account may do.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn of(&self, account: AccountId) -> Result<Role, Problem> {
        let state = self.executor.current(&StreamName::account(account)).await?;
        Ok(match &*state {
            State::Account(account) => account.role(),
            _ => Role::User,
        })
    }

    /// Which of the roles the caller has.
    ///
    /// # Errors
    /// [`Code::RoleRequired`] when it is none of them.
    pub async fn require(&self, caller: &Caller, roles: &[Role]) -> Result<Role, Problem> {
        let role = self.of(caller.account).await?;
        if roles.contains(&role) { Ok(role) } else { Err(Problem::new(Code::RoleRequired)) }
    }
}
