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
    close_friends: HashMap<AccountId, HashSet<AccountId>>,
}

impl Places {
    /// The members of a conversation.
    pub fn members(&self, conversation: ConversationId) -> impl Iterator<Item = AccountId> {
        self.members.get(&conversation).into_iter().flatten().copied()
    }

    /// Everybody whom some story of an author may reach, each once; the author, too.
    pub fn circle(&self, author: AccountId) -> HashSet<AccountId> {
        let (followers, friends) = (self.followers.get(&author), self.close_friends.get(&author));
        followers.into_iter().chain(friends).flatten().copied().chain([author]).collect()
    }

    /// Lets an account in that was not.
    pub fn enter(&mut self, place: Place, account: AccountId) {
        match place {
            Place::Conversation(conversation) => self.members.entry(conversation).or_default().push(account),
            Place::Followers(author) => {
                self.followers.entry(author).or_default().insert(account);
            }
            Place::CloseFriends(author) => {
                self.close_friends.entry(author).or_default().insert(account);
            }
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
            Place::Followers(author) => take_out(&mut self.followers, author, account),
            Place::CloseFriends(author) => take_out(&mut self.close_friends, author, account),
        }
    }
}

fn take_out(circles: &mut HashMap<AccountId, HashSet<AccountId>>, author: AccountId, account: AccountId) {
    if let Some(circle) = circles.get_mut(&author) {
        circle.remove(&account);
        if circle.is_empty() {
            circles.remove(&author);
        }
    }
}
