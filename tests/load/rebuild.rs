//! `rebuild`: read models of 1,000,000 events, built from nothing and then again beside those that are served; at least
//! 30,000 events/s on SQLite and 20,000 on PostgreSQL (where `tests/run` or `TIDINGS_TEST_POSTGRES` says where it is).

use crate::Args;
use crate::connection::Connection;
use crate::measure::print;
use crate::populate::TEXT;
use crate::server::Server;
use crate::writing::{append, unit};
use anyhow::{Context, Result, ensure};
use api::app::opening::{Opened, open};
use api::clock::SystemClock;
use api::config::Config;
use commands::log::Unit;
use domain::account::event::{AccountRegistered, UsernameReserved};
use domain::conversation::event::{ConversationCreated, MemberJoined, ReadMoved};
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::ids::{AccountId, ConversationId, MessageId};
use domain::message::event::{MessageEdited, MessageSent, ReactionAdded};
use domain::proto::account::v1::AccountWords;
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::source::EventSource;
use domain::stream::StreamName;
use domain::words::{Field, Purpose, Words};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::databases::Databases;
use tokio::process::Command;
use uuid::Uuid;

const UNITS_AT_ONCE: usize = 4_000;
const MEMBERS: usize = 12;
/// One account for so many events, and one conversation for so many.
const EVENTS_AN_ACCOUNT: u64 = 250;
const EVENTS_A_CONVERSATION: u64 = 400;
/// How long all read models may take.
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = scratch.path().join("data");
    let events = make(&data, args.events).await?;
    measure(args, &data, events, "sqlite", &[]).await?;
    let Some(databases) = Databases::make().await else {
        println!("skipped on PostgreSQL: TIDINGS_TEST_POSTGRES and TIDINGS_TEST_NATS do not say where it is");
        return Ok(());
    };
    let environment = [("TIDINGS_DATABASE__URL", databases.read_models.as_str())];
    let measured = measure(args, &data, events, "postgres", &environment).await;
    databases.drop_all().await;
    measured
}

/// From nothing to ready, then all of them again while they are served.
async fn measure(args: &Args, data: &Path, events: u64, engine: &str, environment: &[(&str, &str)]) -> Result<()> {
    let began = Instant::now();
    let server = Server::tidings_with(&args.binaries, data, environment).await?;
    let mut connection = Connection::open(server.address).await?;
    while connection.call("GET", "/readyz", None, "").await?.status != 200 {
        ensure!(began.elapsed() < PATIENCE, "the read models are not built in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    report(&server, engine, "from_nothing", events, began.elapsed(), 0.0)?;
    let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
    let rebuilt = Command::new(args.binaries.join("tidings"))
        .args(["rebuild", "--all", "--json", "--data"])
        .arg(data)
        .envs(environment.iter().copied())
        .output()
        .await?;
    ensure!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let rebuilt: Value = serde_json::from_slice(&rebuilt.stdout)?;
    let all = rebuilt["projections"].as_array().context("what was rebuilt")?;
    ensure!(
        !all.is_empty() && all.iter().all(|one| one["comparison"] == "equal" || one["projection"] == "search"),
        "{rebuilt}"
    );
    report(&server, engine, "beside", events, began.elapsed(), cpu)?;
    server.stop().await
}

/// `before`: seconds of CPU that the server had used when it began.
fn report(server: &Server, engine: &str, phase: &str, events: u64, took: Duration, before: f64) -> Result<()> {
    print(json!({
        "scenario": "rebuild", "engine": engine, "phase": phase, "events": events,
        "seconds": (took.as_secs_f64() * 100.0).round() / 100.0,
        "events_per_second": (events as f64 / took.as_secs_f64()).round(),
        "cpu_seconds": ((server.cpu_seconds()? - before) * 10.0).round() / 10.0, "resident_mib": server.resident_kib()? / 1024,
    }));
    Ok(())
}

/// Writes a log; gives its length.
async fn make(data: &Path, events: u64) -> Result<u64> {
    let opened = open(Config::for_directory(data), Arc::new(SystemClock)).await?;
    let mut script = Script::new(&opened, events);
    let began = Instant::now();
    while opened.log.head().0 < events {
        let units: Vec<Unit> = (0..UNITS_AT_ONCE).map(|_| script.next()).collect();
        append(&opened, units).await?;
    }
    let head = opened.log.head().0;
    print(json!({"scenario": "rebuild", "phase": "writing", "events": head,
                 "seconds": began.elapsed().as_secs_f64().round()}));
    drop(script);
    opened.close().await;
    Ok(head)
}

struct Room {
    id: ConversationId,
    members: Vec<AccountId>,
    /// Messages so far.
    head: u64,
}

/// What people do: all register, then groups are made, then they mostly write, read and react.
struct Script {
    words: Arc<dyn Words>,
    chance: StdRng,
    accounts: Vec<AccountId>,
    rooms: Vec<Room>,
    accounts_wanted: usize,
    rooms_wanted: usize,
}

impl Script {
    fn new(opened: &Opened, events: u64) -> Self {
        Self {
            words: opened.app.words.clone(),
            chance: StdRng::seed_from_u64(7),
            accounts: Vec::new(),
            rooms: Vec::new(),
            accounts_wanted: (events / EVENTS_AN_ACCOUNT) as usize + MEMBERS,
            rooms_wanted: (events / EVENTS_A_CONVERSATION) as usize + 1,
        }
    }

    fn next(&mut self) -> Unit {
        if self.accounts.len() < self.accounts_wanted {
            return self.registers();
        }
        if self.rooms.len() < self.rooms_wanted {
            return self.creates();
        }
        // Some rooms are livelier than others.
        let most = self.chance.random_range(0..self.rooms.len());
        let index = self.chance.random_range(0..=most);
        let (dice, who) = (self.chance.random_range(0..100), self.chance.random_range(0..MEMBERS));
        let room = &mut self.rooms[index];
        let who = room.members[who];
        let seq = self.chance.random_range(0..room.head.max(1)) + 1;
        let message = StreamName::message(MessageId { conversation: room.id, seq });
        match dice {
            0..15 if room.head > 0 => {
                let moved = ReadMoved { seq: room.head };
                unit(who, [(StreamName::read(who, room.id), vec![moved.into()])])
            }
            15..25 if room.head > 0 => {
                let added = ReactionAdded { account: who, emoji: "👍".into() };
                unit(who, [(message, vec![added.into()])])
            }
            25..27 if room.head > 0 => {
                let edited = MessageEdited { author: who, words: text(), mentions: vec![], period: None };
                unit(who, [(message, vec![edited.into()])])
            }
            _ => {
                room.head += 1;
                let sent = MessageSent { sender: who, reply_to: None, words: text(), mentions: vec![], period: None };
                unit(who, [(StreamName::timeline(room.id), vec![sent.into()])])
            }
        }
    }

    fn registers(&mut self) -> Unit {
        let account = AccountId::new(Uuid::now_v7());
        let username = format!("load_{}", self.accounts.len());
        let username_hash = self.words.hash(Purpose::Username, &[username.as_bytes()]);
        self.accounts.push(account);
        let display_name = format!("Load {}", self.accounts.len());
        let words = Field::Clear(AccountWords { username, display_name });
        let registered = AccountRegistered { account, username_hash, words, credential: None };
        let reserved = UsernameReserved { account };
        unit(
            account,
            [
                (StreamName::account(account), vec![registered.into()]),
                (StreamName::username(username_hash), vec![reserved.into()]),
            ],
        )
    }

    fn creates(&mut self) -> Unit {
        let id = ConversationId::new(Uuid::now_v7());
        let first = self.chance.random_range(0..self.accounts.len());
        // Neighbours know each other, so that people have several rooms and rooms have different people.
        let members: Vec<_> = (0..MEMBERS).map(|n| self.accounts[(first + n) % self.accounts.len()]).collect();
        let name = ConversationWords { name: format!("Room {}", self.rooms.len()), description: None };
        let created = ConversationCreated {
            conversation: id,
            kind: ConversationKind::Group,
            privacy_mode: PrivacyMode::Searchable,
            created_by: members[0],
            words: Some(Field::Clear(name)),
        };
        let role = |index| if index == 0 { MemberRole::Owner } else { MemberRole::Member };
        let joined =
            |(index, account): (usize, &AccountId)| MemberJoined { account: *account, role: role(index) }.into();
        let events = std::iter::once(created.into()).chain(members.iter().enumerate().map(joined)).collect();
        let creator = members[0];
        self.rooms.push(Room { id, members, head: 0 });
        unit(creator, [(StreamName::conversation(id), events)])
    }
}

/// About 100 bytes, shorter than the senders' of other scenarios: most messages are.
fn text() -> Field<MessageWords> {
    Field::Clear(MessageWords { text: TEXT[..100].to_owned(), client_ref: None, ciphertext: None })
}
