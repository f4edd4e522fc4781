//! What happens next: chosen by chance with regard to what there is, so that much happens in few places.

use super::act::{Act, Content, Mute, Step, What, Wrong};
use super::model::{EDIT_WINDOW, KEY_LIFE, Model, Role};
use rand::RngExt;
use rand::rngs::StdRng;

const EMOJI: [&str; 4] = ["👍", "❤️", "🎉", ":parrot:"];
const WORDS: [&str; 6] = ["yes", "no", "grüß dich 👋", "two\nlines", "later", "now"];
pub const MILLISECOND: i64 = 1_000;
pub const SECOND: i64 = 1_000_000;

/// What kind of history it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub people: usize,
    pub steps: usize,
    /// Whether anything is strictly encrypted.
    pub has_strict: bool,
    /// Chance of a step that several take at once.
    pub together: f64,
    pub restarts: bool,
    pub crashes: bool,
    /// Chance that a step is about stories and ties.
    pub deeds: f64,
    /// Chance that a step is about sessions, passwords and settings.
    pub entries: f64,
    /// Chance that a step is about who manages whom, among many admins.
    pub contests: f64,
}

/// Something whose time is over, or nearly so.
#[derive(Clone, Copy)]
enum Ending {
    Story(usize),
    Message(usize, u64),
    Session(usize),
}

/// Chooses.
pub struct Chooser {
    pub chance: StdRng,
    pub manner: Manner,
    rooms_begun: usize,
    pub stories_begun: usize,
    pub sessions_begun: usize,
    /// What the wait just before was about.
    ending: Option<Ending>,
    keyed: Vec<Act>,
}

impl Manner {
    pub fn choose(chance: &mut StdRng) -> Self {
        Self {
            people: chance.random_range(3..=6),
            steps: chance.random_range(20..=60),
            has_strict: chance.random_bool(0.25),
            together: if chance.random_bool(0.4) { 0.25 } else { 0.0 },
            restarts: chance.random_bool(0.12),
            crashes: chance.random_bool(0.08),
            deeds: if chance.random_bool(0.4) { 0.7 } else { 0.0 },
            entries: if chance.random_bool(0.25) { 0.5 } else { 0.0 },
            contests: if chance.random_bool(0.25) { 0.3 } else { 0.0 },
        }
    }
}

pub fn pick<T: Copy>(chance: &mut StdRng, items: &[T]) -> T {
    items[chance.random_range(0..items.len())]
}

impl Chooser {
    pub fn new(chance: StdRng, manner: Manner) -> Self {
        let (rooms_begun, stories_begun, sessions_begun) = (0, 0, 0);
        Self { chance, manner, rooms_begun, stories_begun, sessions_begun, ending: None, keyed: Vec::new() }
    }

    /// The next step.
    pub fn next(&mut self, model: &Model, now: i64) -> Step {
        if model.rooms.is_empty() {
            let what = self.founding(0);
            return Step::Acts(vec![Act { who: 0, what, key: None }]);
        }
        if let Some(ending) = self.ending.take()
            && self.chance.random_bool(0.6)
        {
            return Step::Acts(vec![self.at_the_end(model, ending, now)]);
        }
        match self.chance.random_range(0..100) {
            0..=3 => self.wait(model, now),
            4..=6 => Step::Look(self.chance.random_range(0..self.manner.people)),
            7 if self.manner.restarts => Step::Restart,
            8 if self.manner.crashes => Step::Crash,
            _ if self.chance.random_bool(self.manner.together) => {
                let count = self.chance.random_range(2..=4);
                if self.chance.random_bool(self.manner.entries) {
                    let session = self.session(model, None, now);
                    return Step::Acts((0..count).map(|_| self.entry_act(model, Some(session), now)).collect());
                }
                if self.chance.random_bool(self.manner.deeds) {
                    let story = self.story(model, now);
                    return Step::Acts((0..count).map(|_| self.deed_act(model, Some(story), now)).collect());
                }
                let room = self.room(model, None);
                Step::Acts((0..count).map(|_| self.act(model, Some(room))).collect())
            }
            _ if self.chance.random_bool(self.manner.entries) => Step::Acts(vec![self.entry_act(model, None, now)]),
            _ if self.chance.random_bool(self.manner.deeds) => Step::Acts(vec![self.deed_act(model, None, now)]),
            _ if self.chance.random_bool(self.manner.contests) => Step::Acts(vec![self.contest(model)]),
            _ => Step::Acts(vec![self.act(model, None)]),
        }
    }

    /// Often right before or after something ends.
    fn wait(&mut self, model: &Model, now: i64) -> Step {
        if self.chance.random_bool(self.manner.deeds * 0.7)
            && let Some((wait, story)) = self.wait_for_an_end(model, now)
        {
            self.ending = Some(Ending::Story(story));
            return Step::Wait(wait);
        }
        if self.chance.random_bool(self.manner.entries)
            && let Some((wait, session)) = self.wait_for_a_session(model, now)
        {
            self.ending = Some(Ending::Session(session));
            return Step::Wait(wait);
        }
        let chance = &mut self.chance;
        let aside = pick(chance, &[-SECOND, -MILLISECOND, 0, MILLISECOND, SECOND]);
        let room = pick(chance, &model.rooms.keys().copied().collect::<Vec<_>>());
        let messages = &model.rooms[&room].messages;
        let mutes = model.rooms[&room].kept.values().filter_map(|kept| match kept.mute {
            Mute::Until(end) => Some(end),
            Mute::Off | Mute::Always => None,
        });
        let until = match chance.random_range(0..10) {
            0..=4 => {
                let index = chance.random_range(0..=messages.len());
                self.ending = messages.get(index).map(|_| Ending::Message(room, index as u64 + 1));
                messages.get(index).map(|message| message.sent_at + EDIT_WINDOW)
            }
            5 => mutes.max(),
            6 => model.keys.values().map(|key| key.at + KEY_LIFE).min(),
            _ => None,
        };
        let around = until.map(|until| until + aside - now).filter(|wait| *wait > 0);
        Step::Wait(around.unwrap_or_else(|| chance.random_range(SECOND..20 * 60 * SECOND)))
    }

    /// What the end forbids, or no longer does.
    fn at_the_end(&mut self, model: &Model, ending: Ending, now: i64) -> Act {
        let (room, seq) = match ending {
            Ending::Story(story) => return self.deed_act(model, Some(story), now),
            Ending::Session(session) => return self.entry_act(model, Some(session), now),
            Ending::Message(room, seq) => (room, seq),
        };
        let is_strict = model.rooms.get(&room).is_some_and(|room| room.is_strict);
        let what = if self.chance.random_bool(0.6) {
            What::Edit { room, seq, content: self.content(is_strict) }
        } else {
            What::Delete { room, seq }
        };
        Act { who: self.entitled(model, &what).unwrap_or_default(), what, key: None }
    }

    pub fn somebody(&mut self) -> usize {
        // Now and then somebody whom there is not.
        let people = self.manner.people;
        if self.chance.random_bool(0.02) { people } else { self.chance.random_range(0..people) }
    }

    /// Now and then somebody of whom it matters what one is oneself.
    fn whom_to_remove(&mut self, model: &Model, room: usize) -> usize {
        let members = model.rooms.get(&room).into_iter().flat_map(|room| &room.members);
        let managing: Vec<usize> =
            members.filter(|member| member.role > Role::Member).map(|member| member.who).collect();
        if managing.is_empty() || self.chance.random_bool(0.5) {
            self.somebody()
        } else {
            pick(&mut self.chance, &managing)
        }
    }

    /// Those who manage a group raise others to their own rank, and try to remove and to lower each other.
    fn contest(&mut self, model: &Model) -> Act {
        let room = self.room(model, None);
        let members = model.rooms.get(&room).map_or(&[][..], |room| &room.members);
        let at = |role: Role| members.iter().filter(move |member| member.role == role).map(|member| member.who);
        let (owners, admins): (Vec<usize>, Vec<usize>) = (at(Role::Owner).collect(), at(Role::Admin).collect());
        let lower: Vec<usize> = at(Role::Member).collect();
        if admins.len() < 2 && !owners.is_empty() && !lower.is_empty() && self.chance.random_bool(0.8) {
            let (who, whom) = (pick(&mut self.chance, &owners), pick(&mut self.chance, &lower));
            return Act { who, what: What::SetRole { room, whom, role: Role::Admin }, key: None };
        }
        let managing: Vec<usize> = owners.into_iter().chain(admins).collect();
        if managing.is_empty() {
            return self.act(model, Some(room));
        }
        let (who, whom) = (pick(&mut self.chance, &managing), pick(&mut self.chance, &managing));
        let what = match self.chance.random_range(0..5) {
            0..=2 => What::Remove { room, whom },
            3 => What::SetRole { room, whom, role: Role::Member },
            _ => What::Add {
                room,
                whom: self.somebody(),
                role: Some(pick(&mut self.chance, &[Role::Admin, Role::Owner])),
            },
        };
        Act { who, what, key: None }
    }

    /// A room, rather one where somebody is a member.
    fn room(&mut self, model: &Model, who: Option<usize>) -> usize {
        let all: Vec<usize> = model.rooms.keys().copied().collect();
        let is_theirs = |number: &usize| who.is_none_or(|who| model.rooms[number].member(who).is_some());
        let theirs: Vec<usize> = all.iter().copied().filter(is_theirs).collect();
        if self.chance.random_bool(0.01) {
            return usize::MAX;
        }
        if theirs.is_empty() || self.chance.random_bool(0.08) {
            pick(&mut self.chance, &all)
        } else {
            pick(&mut self.chance, &theirs)
        }
    }

    fn seq(&mut self, model: &Model, room: usize) -> u64 {
        let last = model.rooms.get(&room).map_or(0, super::model::Room::last_seq);
        // Rather one of the newest, and now and then one that is not there.
        let newest = last.saturating_sub(4).max(1);
        match self.chance.random_range(0..30) {
            0 => last + 1,
            1..=9 => self.chance.random_range(1..=last.max(1)),
            _ => self.chance.random_range(newest..=last.max(1)),
        }
    }

    fn content(&mut self, is_strict: bool) -> Content {
        let word = pick(&mut self.chance, &WORDS).to_owned();
        let is_mistaken = self.manner.has_strict && self.chance.random_bool(0.05);
        if is_strict == is_mistaken {
            Content::Text(word)
        } else {
            Content::Ciphertext(pick(&mut self.chance, &["AQID", "BAUG", "Cg=="]).to_owned())
        }
    }

    fn begin_room(&mut self) -> usize {
        self.rooms_begun += 1;
        self.rooms_begun - 1
    }

    fn is_strict(&mut self) -> bool {
        self.manner.has_strict && self.chance.random_bool(0.4)
    }

    fn founding(&mut self, who: usize) -> What {
        let mut members: Vec<usize> = (0..self.manner.people).filter(|other| *other != who).collect();
        let left_out = self.chance.random_range(0..members.len());
        if self.chance.random_bool(0.7) && members.len() > 2 {
            members.remove(left_out);
        }
        match self.chance.random_range(0..20) {
            0 => members.truncate(1),
            1 => members.push(usize::MAX),
            2..=4 => members.push(who),
            5..=7 => members.push(members[0]),
            _ => (),
        }
        let name = pick(&mut self.chance, &["Garden", "Shed"]).to_owned();
        What::Found { room: self.begin_room(), members, name, is_strict: self.is_strict() }
    }

    fn act(&mut self, model: &Model, room: Option<usize>) -> Act {
        if let Some(act) = self.once_more() {
            return act;
        }
        let who = self.chance.random_range(0..self.manner.people);
        let room = room.unwrap_or_else(|| self.room(model, Some(who)));
        let what = self.what(model, who, room);
        let who = self.entitled(model, &what).filter(|_| self.chance.random_bool(0.6)).unwrap_or(who);
        self.keyed(who, what)
    }

    fn deed_act(&mut self, model: &Model, story: Option<usize>, now: i64) -> Act {
        if let Some(act) = self.once_more() {
            return act;
        }
        let who = self.chance.random_range(0..self.manner.people);
        let (who, deed) = self.deed(model, who, story, now);
        self.keyed(who, What::Deed(deed))
    }

    /// The same as before, with the same key.
    fn once_more(&mut self) -> Option<Act> {
        let is_so = !self.keyed.is_empty() && self.chance.random_bool(0.06);
        is_so.then(|| self.keyed[self.chance.random_range(0..self.keyed.len())].clone())
    }

    /// Now and then with a key.
    fn keyed(&mut self, who: usize, what: What) -> Act {
        let is_post = !what.command().is_empty();
        let key = (is_post && self.chance.random_bool(0.3)).then(|| self.chance.random_range(0..12));
        let act = Act { who, what, key };
        if key.is_some() {
            self.keyed.push(act.clone());
        }
        act
    }

    /// Somebody who may do this, where not everybody may.
    fn entitled(&mut self, model: &Model, what: &What) -> Option<usize> {
        match what {
            What::Edit { room, seq, .. } | What::Delete { room, seq } => {
                model.rooms.get(room)?.message(*seq).map(|message| message.sender)
            }
            What::Add { room, .. }
            | What::Remove { room, .. }
            | What::SetRole { room, .. }
            | What::Rename { room, .. }
            | What::Pin { room, .. }
            | What::Unpin { room, .. } => {
                let members = model.rooms.get(room)?.members.iter();
                let managing: Vec<usize> =
                    members.filter(|member| member.role > Role::Member).map(|member| member.who).collect();
                if managing.is_empty() { None } else { Some(pick(&mut self.chance, &managing)) }
            }
            What::OpenDirect { .. }
            | What::Found { .. }
            | What::Close { .. }
            | What::Keep { .. }
            | What::Read { .. }
            | What::Send { .. }
            | What::React { .. }
            | What::Unreact { .. }
            | What::Deed(_)
            | What::Entry(_)
            | What::Wrong { .. } => None,
        }
    }

    fn what(&mut self, model: &Model, who: usize, room: usize) -> What {
        let is_strict = model.rooms.get(&room).is_some_and(|room| room.is_strict);
        let seq = self.seq(model, room);
        let roles = [Role::Member, Role::Admin, Role::Admin, Role::Owner];
        match self.chance.random_range(0..100) {
            0..=1 => self.founding(who),
            2..=5 => {
                let with = self.somebody();
                What::OpenDirect { room: self.begin_room(), with, is_strict: self.is_strict() }
            }
            6..=31 => {
                let reply_to = self.chance.random_bool(0.25).then_some(seq);
                let client_ref = self.chance.random_bool(0.1).then(|| "draft".to_owned());
                What::Send { room, content: self.content(is_strict), reply_to, client_ref }
            }
            32..=41 => What::Edit { room, seq, content: self.content(is_strict) },
            42..=47 => What::Delete { room, seq },
            48..=56 => What::React { room, seq, emoji: pick(&mut self.chance, &EMOJI) },
            57..=61 => What::Unreact { room, seq, emoji: pick(&mut self.chance, &EMOJI) },
            62..=68 => What::Read { room, seq },
            69..=72 => What::Pin { room, seq },
            73..=74 => What::Unpin { room, seq },
            75..=79 => {
                let role = self.chance.random_bool(0.4).then(|| pick(&mut self.chance, &roles));
                What::Add { room, whom: self.somebody(), role }
            }
            80..=83 => What::Remove { room, whom: self.whom_to_remove(model, room) },
            84..=85 => What::Remove { room, whom: who },
            86..=90 => What::SetRole { room, whom: self.somebody(), role: pick(&mut self.chance, &roles) },
            91..=92 => self.rename(room),
            93..=96 => self.keep(model, room),
            97 if self.chance.random_bool(0.3) => What::Close { room },
            _ => What::Wrong { room: self.room(model, Some(who)), wrong: self.wrong() },
        }
    }

    fn rename(&mut self, room: usize) -> What {
        let name = self.chance.random_bool(0.6).then(|| pick(&mut self.chance, &["Garden", "Shed", "Barn"]).to_owned());
        let description = match self.chance.random_range(0..4) {
            0 => Some(None),
            1 => Some(Some("for tools".to_owned())),
            _ => None,
        };
        What::Rename { room, name, description }
    }

    fn keep(&mut self, model: &Model, room: usize) -> What {
        let newest = model.rooms.get(&room).and_then(|room| room.messages.last()).map_or(0, |message| message.sent_at);
        let mute = match self.chance.random_range(0..5) {
            0 => Some(Mute::Off),
            1 => Some(Mute::Always),
            // Far enough ahead of everything that was done to lie in the future whenever it is sent.
            2 if newest > 0 => Some(Mute::Until((newest + 100 * 60 * 60 * SECOND) / MILLISECOND * MILLISECOND)),
            _ => None,
        };
        let mut some = |p: f64| self.chance.random_bool(p).then(|| self.chance.random_bool(0.6));
        let (pinned, archived) = (some(0.3), some(0.3));
        let notify = self.chance.random_bool(0.3).then(|| pick(&mut self.chance, &["all", "mentions", "none"]));
        What::Keep { room, mute, pinned, archived, notify }
    }

    fn wrong(&mut self) -> Wrong {
        let all = [
            Wrong::EmptyText,
            Wrong::LongText,
            Wrong::UnknownField,
            Wrong::NoEmoji,
            Wrong::SeqAsText,
            Wrong::OddNotify,
            Wrong::UnmutedUntil,
            Wrong::MutedUntilBefore,
            Wrong::King,
            Wrong::EmptyName,
            Wrong::NamelessGroup,
            Wrong::NoJson,
            Wrong::NoMediaType,
            Wrong::BadKey,
        ];
        pick(&mut self.chance, &all)
    }
}
