//! Lists of people.

use crate::http::cursor::Cursors;
use domain::clock::Time;
use domain::ids::AccountId;
use projections::relationship::circles;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RelatedAccount)]
pub struct Person {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Time,
}

/// A page of a list that says how many there are in all.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct People {
    /// The newest first.
    pub items: Vec<Person>,
    /// How many there are on all pages.
    pub count: u64,
    /// Where the next page starts; null on the last one. Opaque.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl People {
    /// A page, with the cursor of the next one.
    pub fn page(page: circles::People, cursors: &Cursors<'_>) -> Self {
        let last = page.people.last().filter(|_| page.has_more);
        let next_cursor = last.map(|last| cursors.make(&last.position.0.to_be_bytes()));
        let items = page.people.iter().map(|person| Person { account_id: person.account, since: person.since });
        Self { items: items.collect(), count: page.count, has_more: next_cursor.is_some(), next_cursor }
    }
}
