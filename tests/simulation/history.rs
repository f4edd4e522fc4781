//! One history: people of its own, steps, and after each of them the question whether the model agrees.

use super::act::{Act, Step, What};
use super::chance::{Chooser, Manner};
use super::model::{Model, Person};
use super::sessions::Known;
use super::system::{Ask, System};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tests::person::PASSWORD;
use tests::reply::Reply;

/// The most time between two steps, in microseconds.
const STEP_MAX_MICROS: i64 = 3_000_000;
/// The device that everybody has.
const DEVICE: &str = "00000000-0000-4000-8000-0000000000d1";

/// Where steps come from.
pub enum Script {
    Chosen,
    /// The same as in an earlier run.
    Given(Vec<Step>),
}

/// A history in progress.
pub struct Run<'a> {
    pub system: &'a mut System,
    pub model: Model,
    /// Picks what is looked at.
    pub looking: StdRng,
    /// Whether every list is looked at every time.
    pub is_thorough: bool,
    /// Whether there are stories.
    pub is_social: bool,
    /// Whether there are sessions beside those that everybody needs.
    pub has_entries: bool,
    /// Whether the clock stands where a wait has brought it.
    is_on_time: bool,
    /// What was done, for whoever has to find a fault.
    pub story: Vec<String>,
    pub steps: Vec<Step>,
}

/// What went wrong.
pub struct Fault {
    pub message: String,
    pub story: Vec<String>,
    pub steps: Vec<Step>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub histories: u64,
    pub acts: u64,
    pub refused: u64,
    pub replays: u64,
    pub messages: u64,
    pub stories: u64,
    pub views: u64,
    pub sessions: u64,
    pub restarts: u64,
    pub crashes: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.acts += other.acts;
        self.refused += other.refused;
        self.replays += other.replays;
        self.messages += other.messages;
        self.stories += other.stories;
        self.views += other.views;
        self.sessions += other.sessions;
        self.restarts += other.restarts;
        self.crashes += other.crashes;
    }
}

/// Plays the history of this seed.
pub fn play(system: &mut System, seed: u64, script: Script) -> Result<Counts, Box<Fault>> {
    let mut chance = StdRng::seed_from_u64(seed);
    let manner = Manner::choose(&mut chance);
    let looking = StdRng::seed_from_u64(seed ^ 0x1001);
    let is_thorough = matches!(script, Script::Given(_));
    let (model, story, steps) = (Model::default(), Vec::new(), Vec::new());
    let (is_social, has_entries, is_on_time) = (manner.deeds > 0.0, manner.entries > 0.0, false);
    let mut run = Run { system, model, looking, is_thorough, is_social, has_entries, is_on_time, story, steps };
    run.assemble(manner);
    let mut counts = Counts { histories: 1, ..Counts::default() };
    let played = run.play(manner, chance, script, &mut counts);
    counts.messages = run.model.messages_said();
    counts.stories = run.model.circle.stories.len() as u64;
    counts.sessions = run.model.door.sessions.len() as u64;
    counts.views = run.model.circle.stories.values().map(|story| story.views.len() as u64).sum();
    match played {
        Ok(()) => Ok(counts),
        Err(message) => Err(Box::new(Fault { message, story: run.story, steps: run.steps })),
    }
}

impl Run<'_> {
    fn assemble(&mut self, manner: Manner) {
        for _ in 0..manner.people {
            let (id, username) = self.system.register();
            let who = self.model.people.len();
            self.model.people.push(Person { id, username, key_id: None });
            self.model.door.known.push(Known { passwords: vec![PASSWORD.to_owned()], ..Known::default() });
            let token = self.token(who);
            if manner.has_strict {
                let body = json!({"algorithm": "x25519", "public_key": "AAAA"});
                let ask = Ask::of("PUT", format!("/v1/me/devices/{DEVICE}/key")).json(&body);
                let key = self.system.ask(ask.signed(&token)).ok(200);
                self.model.people[who].key_id = key["key_id"].as_str().map(str::to_owned);
            }
        }
    }

    fn play(&mut self, manner: Manner, chance: StdRng, script: Script, counts: &mut Counts) -> Result<(), String> {
        match script {
            Script::Given(steps) => {
                for step in steps {
                    self.step(step, counts)?;
                }
            }
            Script::Chosen => {
                let mut chooser = Chooser::new(chance, manner);
                for _ in 0..manner.steps {
                    let step = chooser.next(&self.model, self.system.now());
                    self.step(step, counts)?;
                }
            }
        }
        self.story.push("everybody looks".into());
        (0..manner.people).try_for_each(|who| self.look(who))
    }

    fn step(&mut self, step: Step, counts: &mut Counts) -> Result<(), String> {
        self.steps.push(step.clone());
        let between = self.looking.random_range(1_000..STEP_MAX_MICROS);
        // A wait ends when it was meant to, and what follows is done then.
        let is_wait = matches!(step, Step::Wait(_));
        if !is_wait && !self.is_on_time {
            self.system.advance(between);
        }
        self.is_on_time = is_wait;
        match step {
            Step::Acts(acts) => self.acts(&acts, counts),
            Step::Wait(micros) => {
                self.story.push(format!("{} s go by", micros / 1_000_000));
                self.system.advance(micros);
                Ok(())
            }
            Step::Look(who) => {
                self.story.push(format!("{who} looks"));
                self.look(who)
            }
            Step::Restart => {
                self.story.push("restart".into());
                counts.restarts += 1;
                self.system.restart();
                self.model.settle();
                Ok(())
            }
            Step::Crash => {
                self.story.push("crash".into());
                counts.crashes += 1;
                self.system.crash();
                self.model.doubt();
                Ok(())
            }
        }
    }

    fn acts(&mut self, acts: &[Act], counts: &mut Counts) -> Result<(), String> {
        self.model.is_crowded = acts.len() > 1;
        self.model.door.turn += 1;
        let asks: Vec<Ask> = acts.iter().map(|act| act.ask(&self.model)).collect();
        let mut signed = Vec::new();
        for (act, ask) in acts.iter().zip(&asks) {
            let is_signed = matches!(act.what, What::Entry(_));
            signed.push(if is_signed { ask.clone() } else { ask.clone().signed(&self.token(act.who)) });
        }
        let now = self.system.now();
        let replies = self.system.ask_together(signed);
        for (index, (act, reply)) in acts.iter().zip(&replies).enumerate() {
            let together =
                if acts.len() > 1 { format!(" [{} of {} at once]", index + 1, acts.len()) } else { String::new() };
            let key = act.key.map_or_else(String::new, |key| format!(" key {key}"));
            let at = reply.position().map_or_else(String::new, |position| format!(" @{position}"));
            let answer: String = reply.text().chars().take(160).collect();
            let (who, what, status) = (act.who, &act.what, reply.status);
            self.story.push(format!("{who}: {what:?}{key}{together} -> {status}{at} {answer}"));
            counts.acts += 1;
            counts.refused += u64::from(reply.status >= 400);
            counts.replays += u64::from(reply.is_replay());
        }
        let pairs: Vec<Pair<'_>> = acts.iter().zip(&asks).zip(&replies).collect();
        if let [((act, ask), reply)] = pairs.as_slice() {
            self.model.accept(act, ask, reply, now)?;
            return self.look_after(acts);
        }
        match explained(&self.model, &pairs, now) {
            Ok(model) => {
                self.model = model;
                self.look_after(acts)
            }
            Err(fault) => Err(format!("no order explains what was done at once; of the order tried first: {fault}")),
        }
    }
}

/// At the door it is tried at once who still comes in.
impl Run<'_> {
    fn look_after(&mut self, acts: &[Act]) -> Result<(), String> {
        if !acts.iter().any(|act| matches!(act.what, What::Entry(_))) {
            return Ok(());
        }
        self.learn_all()?;
        acts.iter().try_for_each(|act| if self.now_and_then() { self.look_at_the_door(act.who) } else { Ok(()) })
    }
}

type Pair<'a> = ((&'a Act, &'a Ask), &'a Reply);

/// The model after requests that were under way at the same time, if there is an order that explains every answer: those
/// that succeeded in the order of their positions, refusals anywhere.
fn explained(model: &Model, pairs: &[Pair<'_>], now: i64) -> Result<Model, String> {
    if pairs.is_empty() {
        return Ok(model.clone());
    }
    let succeeded = |reply: &Reply| reply.status < 400 && !reply.is_replay();
    let first = pairs.iter().filter(|(_, reply)| succeeded(reply)).filter_map(|(_, reply)| reply.position()).min();
    let mut faults = Vec::new();
    for (index, ((act, ask), reply)) in pairs.iter().enumerate() {
        if succeeded(reply) && reply.position() != first {
            continue;
        }
        let mut next = model.clone();
        let rest: Vec<Pair<'_>> =
            pairs.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, pair)| *pair).collect();
        match next.accept(act, ask, reply, now).and_then(|()| explained(&next, &rest, now)) {
            Ok(model) => return Ok(model),
            Err(fault) => faults.push(format!("{}: {fault}", act.who)),
        }
    }
    Err(faults.into_iter().next().unwrap_or_default())
}
