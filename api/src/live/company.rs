//! Who of the connected accounts is in whose company: the members of their conversations, but for those from whom they are
//! apart.

use crate::live::router::Routes;
use domain::ids::{AccountId, ConversationId};
use std::collections::HashSet;

impl Routes {
    /// Whether an account has a socket here.
    pub fn is_connected(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    /// The connected members of some conversations but one account and those who block it or whom it blocks, each once, so
    /// many at most. Whom it blocks while it is not connected is for the caller to say; otherwise it is known here.
    pub fn company(
        &self,
        of: AccountId,
        blocks_elsewhere: &HashSet<AccountId>,
        conversations: impl IntoIterator<Item = ConversationId>,
        at_most: usize,
    ) -> HashSet<AccountId> {
        let blocks = self.accounts.get(&of).map_or(blocks_elsewhere, |connected| &connected.sight.blocks);
        let is_near = |account: &AccountId| *account != of && !blocks.contains(account) && !self.blocks(*account, of);
        let members = conversations.into_iter().flat_map(|conversation| self.places.members(conversation));
        let mut accounts = HashSet::new();
        for account in members.filter(is_near) {
            if accounts.len() == at_most {
                break;
            }
            accounts.insert(account);
        }
        accounts
    }

    /// The conversations that two connected accounts are both in.
    pub fn shared(&self, one: AccountId, other: AccountId) -> HashSet<ConversationId> {
        let of = |account| self.accounts.get(&account).map(|connected| &connected.sight.conversations);
        match (of(one), of(other)) {
            (Some(one), Some(other)) => one.intersection(other).copied().collect(),
            _ => HashSet::new(),
        }
    }

    /// Whether one of two connected accounts blocks the other.
    pub fn are_apart(&self, one: AccountId, other: AccountId) -> bool {
        self.blocks(one, other) || self.blocks(other, one)
    }

    fn blocks(&self, owner: AccountId, account: AccountId) -> bool {
        self.accounts.get(&owner).is_some_and(|connected| connected.sight.blocks.contains(&account))
    }
}
