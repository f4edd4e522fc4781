//! What an import will do, decided from the export alone: nothing here reads or writes the log.

use crate::cli::import::emoji::{self, Meaning};
use crate::cli::import::export::{Channel, Edited, Entry, Export, Placed, Reaction, time};
use crate::cli::import::people::{People, Person, PersonIndex};
use crate::cli::import::report::{Counts, Notices};
use domain::clock::Time;
use domain::limits::GROUP_MAX_MEMBERS;
use domain::values::Emoji;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Everything that is to be done.
pub struct Plan {
    /// Everybody.
    pub people: Vec<Person>,
    /// The time of the earliest thing in the export: nobody is younger than what they said.
    pub began: Time,
    /// Every conversation.
    pub places: Vec<Place>,
    /// What happens in them, in time order.
    pub items: Vec<Item>,
    /// What stands in the export.
    pub found: Counts,
}

/// A channel that becomes a group.
pub struct Place {
    /// The source's team.
    pub team: String,
    /// The source's id.
    pub id: String,
    /// Who is in it in the end.
    pub members: BTreeSet<PersonIndex>,
}

/// One thing that happens in one conversation.
pub struct Item {
    /// Where, as an index into the plan's places.
    pub place: usize,
    /// When.
    pub at: Time,
    /// Its number among the items of that time in that conversation.
    pub step: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// What.
    pub what: What,
}

/// What happens. A message is named by its time, which is its id in its channel.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields' names say what they are")]
pub enum What {
    /// The conversation begins, with these members beside its creator.
    Create { creator: PersonIndex, name: String, description: String, members: Vec<PersonIndex> },
    /// Somebody more is in it from the beginning.
    Enter { who: PersonIndex },
    /// Somebody joins.
    Join { who: PersonIndex },
    /// Somebody leaves.
    Leave { who: PersonIndex },
    /// Somebody writes.
    Send { who: PersonIndex, text: String, reply_to: Option<Time> },
    /// Somebody changes a message to the text that is known of it.
    Edit { who: PersonIndex, message: Time, text: String },
    /// Somebody reacts.
    React { who: PersonIndex, message: Time, emoji: Emoji },
}

/// Plans an import.
pub fn plan(export: Export, notices: &mut Notices) -> Plan {
    let mut planner = Planner {
        people: People::of(&export, notices),
        team: team_of(&export),
        found: Counts::default(),
        short_codes: BTreeMap::new(),
        notices,
    };
    let mut entries = export.entries;
    let (mut places, mut items) = (Vec::new(), Vec::new());
    for channel in &export.channels {
        let placed = entries.remove(&channel.name).unwrap_or_default();
        if let Some((place, what)) = planner.channel(channel, placed) {
            items.extend(numbered(places.len(), what));
            places.push(place);
        }
    }
    for folder in entries.into_keys() {
        planner.notices.add(format!("{folder}/"), "belongs to no channel of channels.json; it is left out");
    }
    items.sort_by_key(|item| (item.at, item.place, item.step));
    let found = planner.found;
    let people = planner.finish();
    Plan { people, began: items.first().map_or(Time::default(), |item| item.at), places, items, found }
}

/// The team that most people belong to: channels do not say theirs.
fn team_of(export: &Export) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for user in export.users.iter().flatten() {
        *counts.entry(&user.team_id).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(team, _)| team.to_owned()).unwrap_or_default()
}

/// An item before it has its number: when, its rank among things of the same time, where it stands, what it is.
type Unnumbered = (Time, u64, Arc<str>, What);

fn numbered(place: usize, mut items: Vec<Unnumbered>) -> Vec<Item> {
    items.sort_by_key(|(at, rank, ..)| (*at, *rank));
    let mut last = None;
    let mut step = 0;
    let number = |(at, _, file, what)| {
        step = if last == Some(at) { step + 1 } else { 0 };
        last = Some(at);
        Item { place, at, step, file, what }
    };
    items.into_iter().map(number).collect()
}

const CREATION: u64 = 0;
const ENTERING: u64 = 1;
const ENTRY: u64 = 2;
const EDIT: u64 = u64::MAX;

/// Members that a conversation is created with; the others enter one by one, so that no unit grows without bound.
const CREATED_WITH_MAX_MEMBERS: usize = GROUP_MAX_MEMBERS;

struct Planner<'a> {
    people: People,
    team: String,
    found: Counts,
    /// How many reactions use a short code that is no known emoji.
    short_codes: BTreeMap<String, (u64, bool)>,
    notices: &'a mut Notices,
}

/// What became of a channel's entries so far.
#[derive(Default)]
struct Channels {
    items: Vec<Unnumbered>,
    seen: HashSet<Time>,
    messages: HashSet<Time>,
}

impl Planner<'_> {
    fn channel(&mut self, channel: &Channel, mut placed: Vec<Placed>) -> Option<(Place, Vec<Unnumbered>)> {
        self.found.conversations.found += 1;
        placed.sort_by_cached_key(|placed| time(&placed.entry.ts));
        let initial = self.initial_members(channel, &placed);
        let creator = self.people.find(&channel.creator).or_else(|| initial.first().copied());
        let Some(creator) = creator else {
            let what = format!("{} has no creator and no members that are known; it is left out", channel.id);
            self.notices.add("channels.json", what);
            self.count_only(&placed);
            return None;
        };
        let mut planned = Channels::default();
        for placed in placed {
            self.entry(placed, &mut planned);
        }
        let created = Time::from_micros(channel.created.saturating_mul(1_000_000));
        let first = planned.items.iter().map(|(at, ..)| *at).min().map_or(created, |first| first.min(created));
        let members: BTreeSet<PersonIndex> = initial.into_iter().chain([creator]).collect();
        let in_the_end = members_in_the_end(members.clone(), &planned.items);
        let description = if channel.purpose.value.is_empty() { &channel.topic.value } else { &channel.purpose.value };
        let mut others: Vec<PersonIndex> = members.into_iter().filter(|member| *member != creator).collect();
        let beyond = others.split_off(others.len().min(CREATED_WITH_MAX_MEMBERS));
        let file: Arc<str> = "channels.json".into();
        planned.items.extend(beyond.into_iter().map(|who| (first, ENTERING, file.clone(), What::Enter { who })));
        let (name, description) = (channel.name.clone(), description.clone());
        planned.items.push((first, CREATION, file, What::Create { creator, name, description, members: others }));
        Some((Place { team: self.team.clone(), id: channel.id.clone(), members: in_the_end }, planned.items))
    }

    /// `members` without those whose first entry is a join: they are members from there on.
    fn initial_members(&mut self, channel: &Channel, sorted: &[Placed]) -> Vec<PersonIndex> {
        let mut met = HashSet::new();
        let mut joined = HashSet::new();
        for Placed { entry, .. } in sorted {
            let Some(user) = &entry.user else { continue };
            if met.insert(user.as_str()) && is_join(entry) {
                joined.insert(user.as_str());
            }
        }
        let initial = channel.members.iter().filter(|member| !joined.contains(member.as_str()));
        initial.filter_map(|member| self.people.find(member)).collect()
    }

    fn entry(&mut self, placed: Placed, planned: &mut Channels) {
        let Placed { file, entry } = placed;
        let Some(at) = time(&entry.ts) else {
            self.notices.add(file, "an entry has a bad time stamp; it is left out");
            return;
        };
        self.count(&entry);
        if !planned.seen.insert(at) {
            self.notices.add(file, format!("{}: a second entry has the same time; it is left out", entry.ts));
            return;
        }
        let file: Arc<str> = file.into();
        match entry.subtype.as_deref() {
            Some("channel_join" | "group_join") => {
                if let Some(who) = self.person(&entry, &file) {
                    planned.items.push((at, ENTRY, file, What::Join { who }));
                }
            }
            Some("channel_leave" | "group_leave") => {
                if let Some(who) = self.person(&entry, &file) {
                    planned.items.push((at, ENTRY, file, What::Leave { who }));
                }
            }
            None | Some("me_message" | "thread_broadcast") => self.message(at, entry, &file, planned),
            Some(other) => {
                self.notices.add(&*file, format!("{}: {other} has no counterpart; it is left out", entry.ts));
            }
        }
    }

    fn message(&mut self, at: Time, entry: Entry, file: &Arc<str>, planned: &mut Channels) {
        let Some(text) = entry.text.clone() else {
            self.notices.add(&**file, format!("{}: a message without a text; it is left out", entry.ts));
            return;
        };
        let Some(who) = self.person(&entry, file) else { return };
        if text.is_empty() {
            self.notices.add(&**file, format!("{}: a message has an empty text; it is imported so", entry.ts));
        }
        let reply_to = self.root(at, &entry, file, planned);
        planned.messages.insert(at);
        planned.items.push((at, ENTRY, file.clone(), What::Send { who, text: text.clone(), reply_to }));
        self.reactions(at, entry.reactions, file, planned);
        if let Some(edited) = entry.edited {
            self.edit(at, who, text, &edited, file, planned);
        }
    }

    /// The first message of the thread, when the message is a reply and that one is there.
    fn root(&mut self, at: Time, entry: &Entry, file: &str, planned: &Channels) -> Option<Time> {
        let thread = entry.thread_ts.as_deref()?;
        let root = time(thread);
        if root == Some(at) {
            return None;
        }
        let known = root.filter(|root| planned.messages.contains(root));
        if known.is_none() {
            let what = format!("{}: the thread's first message {thread} is not there; imported as no reply", entry.ts);
            self.notices.add(file, what);
        }
        known
    }

    /// Ordered by emoji, then person, as one person can react to a message with the same emoji only once.
    fn reactions(&mut self, message: Time, reactions: Vec<Reaction>, file: &Arc<str>, planned: &mut Channels) {
        let mut ordered = BTreeSet::new();
        for reaction in reactions {
            let count = reaction.users.len() as u64;
            let emoji = match emoji::meaning(&reaction.name) {
                Meaning::Known(emoji) => emoji,
                Meaning::ShortCode(emoji) => {
                    self.short_codes.entry(reaction.name).or_insert((0, true)).0 += count;
                    emoji
                }
                Meaning::Nothing => {
                    self.short_codes.entry(reaction.name).or_insert((0, false)).0 += count;
                    continue;
                }
            };
            ordered.extend(reaction.users.into_iter().map(|user| (emoji.clone(), user)));
        }
        for (rank, (emoji, user)) in (ENTRY + 1..).zip(ordered) {
            if let Some(who) = self.people.find(&user) {
                planned.items.push((message, rank, file.clone(), What::React { who, message, emoji }));
            }
        }
    }

    fn edit(
        &mut self,
        message: Time,
        author: PersonIndex,
        text: String,
        edited: &Edited,
        file: &Arc<str>,
        planned: &mut Channels,
    ) {
        let Some(at) = time(&edited.ts) else {
            self.notices.add(&**file, format!("{message}: an edit has a bad time stamp; it is left out"));
            return;
        };
        let who = edited.user.as_deref().map_or(Some(author), |user| self.people.find(user));
        if let Some(who) = who {
            planned.items.push((at.max(message), EDIT, file.clone(), What::Edit { who, message, text }));
        }
    }

    fn person(&mut self, entry: &Entry, file: &str) -> Option<PersonIndex> {
        match &entry.user {
            Some(user) => self.people.find(user),
            None => {
                self.notices.add(file, format!("{}: an entry of nobody; it is left out", entry.ts));
                None
            }
        }
    }

    fn count(&mut self, entry: &Entry) {
        match entry.subtype.as_deref() {
            Some("channel_join" | "group_join") => self.found.joins.found += 1,
            Some("channel_leave" | "group_leave") => self.found.leaves.found += 1,
            None | Some("me_message" | "thread_broadcast") => {
                self.found.messages.found += 1;
                self.found.edits.found += u64::from(entry.edited.is_some());
                self.found.reactions.found += entry.reactions.iter().map(|r| r.users.len() as u64).sum::<u64>();
            }
            Some(_) => {}
        }
    }

    fn count_only(&mut self, placed: &[Placed]) {
        for placed in placed {
            self.count(&placed.entry);
        }
    }

    fn finish(mut self) -> Vec<Person> {
        for (name, (count, is_kept)) in std::mem::take(&mut self.short_codes) {
            let what = if is_kept {
                format!("{name} is no known emoji: {count} reactions are kept as :{name}:")
            } else {
                format!("{name} is no name of an emoji: {count} reactions are left out")
            };
            self.notices.add("reactions", what);
        }
        self.people.finish(self.notices)
    }
}

fn is_join(entry: &Entry) -> bool {
    matches!(entry.subtype.as_deref(), Some("channel_join" | "group_join"))
}

/// Who is left when all joins and leaves have happened.
fn members_in_the_end(mut members: BTreeSet<PersonIndex>, items: &[Unnumbered]) -> BTreeSet<PersonIndex> {
    let mut changes: Vec<&Unnumbered> = items.iter().collect();
    changes.sort_by_key(|(at, rank, ..)| (*at, *rank));
    for (.., what) in changes {
        match what {
            What::Enter { who } | What::Join { who } => drop(members.insert(*who)),
            What::Leave { who } => drop(members.remove(who)),
            What::Create { .. } | What::Send { .. } | What::Edit { .. } | What::React { .. } => {}
        }
    }
    members
}

#[cfg(test)]
#[path = "plan/tests.rs"]
mod tests;
