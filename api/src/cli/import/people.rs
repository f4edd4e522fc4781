//! The people of an export: who they are, and under which user name they can be found.

use crate::cli::import::export::{Export, User};
use crate::cli::import::report::Notices;
use domain::limits::{USERNAME_MAX_CHARACTERS, USERNAME_MIN_CHARACTERS};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A person's place in the list of people.
pub type PersonIndex = usize;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The source's team; empty when it is not known.
    pub team: String,
    /// The source's id.
    pub id: String,
    /// A well-formed user name, which may be taken or reserved.
    pub username: String,
    /// How they are called.
    pub display_name: String,
}

/// Everybody, and what was asked for in vain.
pub struct People {
    list: Vec<Person>,
    by_id: HashMap<String, PersonIndex>,
    unknown: BTreeMap<String, u64>,
}

impl People {
    /// From `users.json`, or, when there is none, from the ids that occur.
    pub fn of(export: &Export, notices: &mut Notices) -> Self {
        let list: Vec<Person> = match &export.users {
            Some(users) => users.iter().map(person).collect(),
            None => {
                notices.add("users.json", "cannot be used: people are made from the ids that occur, without names");
                ids_that_occur(export).into_iter().map(nameless).collect()
            }
        };
        let mut people = Self { list: Vec::new(), by_id: HashMap::new(), unknown: BTreeMap::new() };
        for person in list {
            if people.by_id.contains_key(&person.id) {
                notices.add("users.json", format!("{} stands there twice; the first counts", person.id));
                continue;
            }
            people.by_id.insert(person.id.clone(), people.list.len());
            people.list.push(person);
        }
        people
    }

    /// The person with this id; somebody unknown is remembered for the report.
    pub fn find(&mut self, id: &str) -> Option<PersonIndex> {
        let found = self.by_id.get(id).copied();
        if found.is_none() {
            *self.unknown.entry(id.to_owned()).or_default() += 1;
        }
        found
    }

    /// Reports everybody who was asked for in vain, and gives the others.
    pub fn finish(self, notices: &mut Notices) -> Vec<Person> {
        for (id, count) in self.unknown {
            notices.add("users.json", format!("{id} is not there: {count} things that name this person are left out"));
        }
        self.list
    }
}

fn person(user: &User) -> Person {
    let names = [&user.profile.display_name, &user.real_name, &user.profile.real_name];
    let display_name = names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or(&user.name);
    Person {
        team: user.team_id.clone(),
        id: user.id.clone(),
        username: username(&user.name),
        display_name: display_name.clone(),
    }
}

fn nameless(id: String) -> Person {
    Person { team: String::new(), username: username(&id.to_ascii_lowercase()), display_name: id.clone(), id }
}

/// Everybody who did something or is a member somewhere.
fn ids_that_occur(export: &Export) -> BTreeSet<String> {
    let of_channels = export.channels.iter().flat_map(|channel| channel.members.iter().chain([&channel.creator]));
    let of_entries = export.entries.values().flatten().flat_map(|placed| {
        let entry = &placed.entry;
        let editor = entry.edited.iter().filter_map(|edited| edited.user.as_ref());
        entry.user.iter().chain(editor).chain(entry.reactions.iter().flat_map(|reaction| &reaction.users))
    });
    of_channels.chain(of_entries).filter(|id| !id.is_empty()).cloned().collect()
}

/// A well-formed user name that is as near to `name` as can be.
pub fn username(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' });
    let mut username: String = plain.take(USERNAME_MAX_CHARACTERS).collect();
    while username.len() < USERNAME_MIN_CHARACTERS {
        username.push('_');
    }
    username
}

/// The name to try when `attempt` others were taken: `name`, `name_1`, `name_2`, …, never too long.
pub fn alternative(username: &str, attempt: u32) -> String {
    if attempt == 0 {
        return username.to_owned();
    }
    let suffix = format!("_{attempt}");
    let kept: String = username.chars().take(USERNAME_MAX_CHARACTERS - suffix.len()).collect();
    kept + &suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_made_to_fit() {
        assert_eq!(username("jane.doe"), "jane_doe");
        assert_eq!(username("ÿx"), "_x_");
        assert_eq!(username(""), "___");
        assert_eq!(username(&"n".repeat(31)), "n".repeat(30));
    }

    #[test]
    fn a_taken_name_gets_a_number_and_stays_within_the_limit() {
        assert_eq!([0, 1, 12].map(|attempt| alternative("jane", attempt)), ["jane", "jane_1", "jane_12"]);
        assert_eq!(alternative(&"n".repeat(30), 1), "n".repeat(28) + "_1");
    }
}
