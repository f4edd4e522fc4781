//! Who of the connected accounts is let in where.

use crate::live::membership::Place;
use domain::ids::{AccountId, ConversationId};
use std::collections::{HashMap, HashSet};

/// Connected accounts by place.
#[derive(Debug, Default)]
pub struct Places {
    members: HashMap<ConversationId, Vec<AccountId>>,
    /// By author. Sets, because some authors have very many.
    followers: HashMap<AccountId, HashSet<AccountId>>,
}

impl Places {
    /// The members of a conversation.
    pub fn members(&self, conversation: ConversationId) -> impl Iterator<Item = AccountId> {
        self.members.get(&conversation).into_iter().flatten().copied()
    }

    /// The followers of an author.
    pub fn followers(&self, author: AccountId) -> impl Iterator<Item = AccountId> {
        self.followers.get(&author).into_iter().flatten().copied()
    }

    /// Lets an account in that was not.
    pub fn enter(&mut self, place: Place, account: AccountId) {
        match place {
            Place::Conversation(conversation) => self.members.entry(conversation).or_default().push(account),
            Place::Followers(author) => {
                self.followers.entry(author).or_default().insert(account);
            }
            // Nothing is looked up by who is blocked.
            Place::Blockers(_) => {}
        }
    }

    /// Lets an account in no longer.
    pub fn exit(&mut self, place: Place, account: AccountId) {
        match place {
            Place::Conversation(conversation) => {
                if let Some(members) = self.members.get_mut(&conversation) {
                    members.retain(|member| *member != account);
                    if members.is_empty() {
                        self.members.remove(&conversation);
                    }
                }
            }
            Place::Followers(author) => {
                if let Some(circle) = self.followers.get_mut(&author) {
                    circle.remove(&account);
                    if circle.is_empty() {
                        self.followers.remove(&author);
                    }
                }
            }
            Place::Blockers(_) => {}
        }
    }
}
