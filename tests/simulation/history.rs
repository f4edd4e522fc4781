//! One history: people of its own, steps, and after each of them the question whether the model agrees.

use super::act::{Act, Step};
use super::chance::{Chooser, Manner};
use super::model::{Model, Person};
use super::system::{Ask, Login, System};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
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
    pub logins: Vec<Login>,
    /// Picks what is looked at.
    pub looking: StdRng,
    /// Whether every list is looked at every time.
    pub is_thorough: bool,
    /// Whether there are stories.
    pub is_social: bool,
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
    let (model, logins, story, steps) = (Model::default(), Vec::new(), Vec::new(), Vec::new());
    let (is_social, is_on_time) = (manner.deeds > 0.0, false);
    let mut run = Run { system, model, logins, looking, is_thorough, is_social, is_on_time, story, steps };
    run.assemble(manner);
    let mut counts = Counts { histories: 1, ..Counts::default() };
    let played = run.play(manner, chance, script, &mut counts);
    counts.messages = run.model.messages_said();
    counts.stories = run.model.circle.stories.len() as u64;
    counts.views = run.model.circle.stories.values().map(|story| story.views.len() as u64).sum();
    match played {
        Ok(()) => Ok(counts),
        Err(message) => Err(Box::new(Fault { message, story: run.story, steps: run.steps })),
    }
}

impl Run<'_> {
    fn assemble(&mut self, manner: Manner) {
        for _ in 0..manner.people {
            let mut login = self.system.register();
            let mut person = Person { id: login.id.clone(), key_id: None };
            if manner.has_strict {
                let body = json!({"algorithm": "x25519", "public_key": "AAAA"});
                let ask = Ask::of("PUT", format!("/v1/me/devices/{DEVICE}/key")).json(&body);
                let ask = self.system.signed(ask, &mut login);
                person.key_id = self.system.ask(ask).ok(200)["key_id"].as_str().map(str::to_owned);
            }
            self.logins.push(login);
            self.model.people.push(person);
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
                Ok(())
            }
        }
    }

    fn acts(&mut self, acts: &[Act], counts: &mut Counts) -> Result<(), String> {
        self.model.is_crowded = acts.len() > 1;
        let asks: Vec<Ask> = acts.iter().map(|act| act.ask(&self.model)).collect();
        let mut signed = Vec::new();
        for (act, ask) in acts.iter().zip(&asks) {
            signed.push(self.system.signed(ask.clone(), &mut self.logins[act.who]));
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
            return self.model.accept(act, ask, reply, now);
        }
        match explained(&self.model, &pairs, now) {
            Ok(model) => {
                self.model = model;
                Ok(())
            }
            Err(fault) => Err(format!("no order explains what was done at once; of the order tried first: {fault}")),
        }
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
