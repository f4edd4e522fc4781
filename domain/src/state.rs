//! The state of any stream that decisions are made from, by its category.

use crate::account::state::{Account, Admins, Username};
use crate::conversation::state::{Conversation, Membership, Read};
use crate::event::Event;
use crate::import::state::Import;
use crate::job::state::Job;
use crate::message::state::{Message, Timeline};
use crate::notification::state::Notifications;
use crate::relationship::state::Relationship;
use crate::session::state::Session;
use crate::story::state::{Story, View};
use crate::stream::Category;

/// The state of one stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is documented at its own type")]
pub enum State {
    /// Nothing is decided from what was read.
    Access,
    // By far the largest: the others should not each take its room.
    Account(Box<Account>),
    Admins(Admins),
    Conversation(Conversation),
    Import(Import),
    Job(Job),
    /// Destructions are applied by the keys store; nothing is decided from them.
    Keys,
    Membership(Membership),
    Message(Message),
    Notifications(Notifications),
    Read(Read),
    Relationship(Relationship),
    Session(Session),
    Story(Story),
    Timeline(Timeline),
    Username(Username),
    View(View),
}

impl State {
    /// The state of a stream without events.
    pub fn empty(category: Category) -> Self {
        match category {
            Category::Access => State::Access,
            Category::Account => State::Account(Box::default()),
            Category::Admins => State::Admins(Admins::default()),
            Category::Conversation => State::Conversation(Conversation::default()),
            Category::Import => State::Import(Import::default()),
            Category::Job => State::Job(Job::default()),
            Category::Keys => State::Keys,
            Category::Membership => State::Membership(Membership::default()),
            Category::Message => State::Message(Message::default()),
            Category::Notifications => State::Notifications(Notifications::default()),
            Category::Read => State::Read(Read::default()),
            Category::Relationship => State::Relationship(Relationship::default()),
            Category::Session => State::Session(Session::default()),
            Category::Story => State::Story(Story::default()),
            Category::Timeline => State::Timeline(Timeline::default()),
            Category::Username => State::Username(Username::default()),
            Category::View => State::View(View::default()),
        }
    }

    /// Whether the newest event alone gives the state, so that loading need not read the whole stream.
    pub const fn is_in_newest_event(category: Category) -> bool {
        matches!(
            category,
            Category::Timeline
                | Category::Membership
                | Category::Notifications
                | Category::Read
                | Category::Import
                | Category::Access
                | Category::Session
                | Category::Keys
        )
    }

    /// Takes over what happened. `revision` is the event's. Cannot fail and asks nobody.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        match self {
            State::Account(state) => state.evolve(revision, event),
            State::Admins(state) => state.evolve(event),
            State::Conversation(state) => state.evolve(revision, event),
            State::Import(state) => state.evolve(event),
            State::Job(state) => state.evolve(event),
            State::Access | State::Keys => {}
            State::Membership(state) => state.evolve(event),
            State::Message(state) => state.evolve(event),
            State::Notifications(state) => state.evolve(event),
            State::Read(state) => state.evolve(event),
            State::Relationship(state) => state.evolve(event),
            State::Session(state) => state.evolve(event),
            State::Story(state) => state.evolve(event),
            State::Timeline(state) => state.evolve(revision, event),
            State::Username(state) => state.evolve(event),
            State::View(state) => state.evolve(event),
        }
    }
}
