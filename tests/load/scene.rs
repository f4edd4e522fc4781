//! People, their groups, and what they wrote in a year: written into the log once, and kept for other runs where asked.

use crate::Args;
use crate::connection::Connection;
use crate::measure::print;
use crate::populate::{self, Person};
use crate::server::Server;
use crate::texts::Texts;
use crate::writing::{append, unit_at};
use anyhow::{Context, Result, ensure};
use api::app::opening::open;
use api::clock::SystemClock;
use api::config::Config;
use commands::log::Unit;
use domain::clock::{Clock, Time};
use domain::ids::{AccountId, ConversationId, MessageId};
use domain::message::event::{MessageSent, ReactionAdded};
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::words::Field;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub const PEOPLE: usize = 120;
pub const ROOMS: usize = 60;
const MEMBERS: usize = 30;
const UNITS_AT_ONCE: usize = 4_000;
/// One message in so many is reacted to, and one in so many mentions somebody.
const REACTED: u32 = 30;
const MENTIONING: u32 = 50;
/// Seconds over which the messages are spread.
const YEAR_SECONDS: i64 = 365 * 86_400;

/// Everybody is in a quarter of the rooms.
pub struct Scene {
    pub address: SocketAddr,
    pub people: Vec<Person>,
    pub rooms: Vec<String>,
}

/// Who is in a room.
pub fn member_of(room: usize, member: usize) -> usize {
    (room * 7 + member) % PEOPLE
}

impl Scene {
    /// The scene of a log that was made before, with everybody signed in.
    pub async fn open(address: SocketAddr, data: &Path) -> Result<Self> {
        let kept: Value = serde_json::from_slice(&std::fs::read(data.with_extension("scene"))?)?;
        let texts = |list: &Value| -> Option<Vec<String>> {
            list.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let (ids, rooms) = (texts(&kept["people"]).context("no people")?, texts(&kept["rooms"]).context("no rooms")?);
        Ok(Self { address, people: populate::signed_in(address, ids).await?, rooms })
    }

    /// A message that somebody of its room sends.
    pub async fn send(&self, connection: &mut Connection, number: usize, text: &str) -> Result<()> {
        let room = number % ROOMS;
        let sender = &self.people[member_of(room, number / ROOMS % MEMBERS)];
        let path = format!("/v1/conversations/{}/messages", self.rooms[room]);
        let answer = connection.call("POST", &path, Some(&sender.token), &json!({"text": text}).to_string()).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }
}

/// Makes people and rooms with a server, and then `args.messages` in its log without one; nothing where it is done.
pub async fn make(args: &Args, data: &Path, texts: &Texts) -> Result<()> {
    let scene = data.with_extension("scene");
    if scene.is_file() {
        return Ok(());
    }
    let server = Server::tidings(&args.binaries, data).await?;
    let people = populate::people(server.address, PEOPLE).await?;
    let (mut connection, mut rooms) = (Connection::open(server.address).await?, Vec::new());
    for room in 0..ROOMS {
        let members: Vec<&Person> = (1..MEMBERS).map(|member| &people[member_of(room, member)]).collect();
        rooms.push(populate::group(&mut connection, &people[member_of(room, 0)], &members).await?);
    }
    server.stop().await?;
    let began = Instant::now();
    write(args.messages, data, texts, &people, &rooms).await?;
    print(json!({"scenario": "search", "phase": "writing", "messages": args.messages,
                 "seconds": began.elapsed().as_secs_f64().round()}));
    let ids: Vec<&String> = people.iter().map(|person| &person.id).collect();
    std::fs::write(scene, json!({"people": ids, "rooms": rooms}).to_string())?;
    Ok(())
}

async fn write(messages: usize, data: &Path, texts: &Texts, people: &[Person], rooms: &[String]) -> Result<()> {
    let opened = open(Config::for_directory(data), Arc::new(SystemClock)).await?;
    let people = people.iter().map(|person| person.id.parse()).collect::<Result<_, _>>()?;
    let rooms = rooms.iter().map(|room| room.parse()).collect::<Result<Vec<_>, _>>()?;
    let written = vec![0; rooms.len()];
    let mut script = Script { texts, chance: StdRng::seed_from_u64(11), people, rooms, written };
    let start = SystemClock.now().plus_seconds(-YEAR_SECONDS);
    let (mut number, mut units) = (0, Vec::new());
    while number < messages {
        let seconds = (number as f64 / messages as f64 * YEAR_SECONDS as f64) as i64;
        script.next(start.plus_seconds(seconds), &mut units);
        number += 1;
        if units.len() >= UNITS_AT_ONCE || number == messages {
            append(&opened, std::mem::take(&mut units)).await?;
        }
    }
    opened.close().await;
    Ok(())
}

struct Script<'a> {
    texts: &'a Texts,
    chance: StdRng,
    people: Vec<AccountId>,
    rooms: Vec<ConversationId>,
    /// Messages of each room so far.
    written: Vec<u64>,
}

impl Script<'_> {
    /// A message, and perhaps a reaction to it.
    fn next(&mut self, at: Time, units: &mut Vec<Unit>) {
        let room = self.chance.random_range(0..ROOMS);
        let (sender, other) = (self.member(room), self.member(room));
        let text = self.texts.text(&mut self.chance);
        let words = Field::Clear(MessageWords { text, client_ref: None, ciphertext: None });
        let mentions = if self.chance.random_range(0..MENTIONING) == 0 { vec![other] } else { vec![] };
        let conversation = self.rooms[room];
        let sent = MessageSent { sender, reply_to: None, words, mentions, period: None };
        units.push(unit_at(Some(at), sender, [(StreamName::timeline(conversation), vec![sent.into()])]));
        self.written[room] += 1;
        if self.chance.random_range(0..REACTED) == 0 {
            let stream = StreamName::message(MessageId { conversation, seq: self.written[room] });
            let added = ReactionAdded { account: other, emoji: "👍".into() };
            units.push(unit_at(Some(at), other, [(stream, vec![added.into()])]));
        }
    }

    fn member(&mut self, room: usize) -> AccountId {
        self.people[member_of(room, self.chance.random_range(0..MEMBERS))]
    }
}
