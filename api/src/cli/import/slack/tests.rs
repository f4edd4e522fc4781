//! Whole imports over the in-memory twin of the log.

use super::*;
use crate::cli::import::export::{Entry, Export, Placed};
use crate::cli::import::plan::plan;
use crate::clock::SystemClock;
use commands::log::clear_words::ClearWords;
use commands::log::memory::MemoryLog;
use domain::conversation::values::MemberRole;
use domain::ids::{LogId, Position};
use domain::source::Filter;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

fn tools() -> Tools {
    let clock = Arc::new(SystemClock);
    let log = MemoryLog::new(LogId::new(Uuid::from_u128(1)), clock.clone());
    let words = Arc::new(ClearWords);
    let executor = Executor::new(log.clone(), words.clone(), clock, TaskTracker::new());
    Tools { executor, log, words, correlation_id: Uuid::from_u128(2) }
}

fn general(entries: Value) -> Plan {
    let people = ["ada", "bo", "cy"].iter().enumerate();
    let users: Vec<Value> =
        people.map(|(n, name)| json!({"id": format!("U{n}"), "team_id": "T", "name": name})).collect();
    let channels = json!([{"id": "C", "name": "general", "created": 100, "creator": "U0", "members": ["U0", "U1"]}]);
    let entries: Vec<Entry> = serde_json::from_value(entries).unwrap();
    let placed = entries.into_iter().map(|entry| Placed { file: "general/1.json".into(), entry }).collect();
    let export = Export {
        users: Some(serde_json::from_value(json!(users)).unwrap()),
        channels: serde_json::from_value(channels).unwrap(),
        entries: [("general".to_owned(), placed)].into(),
    };
    plan(export, &mut Notices::default())
}

async fn imported(tools: &Tools, plan: &Plan) -> Counts {
    let mut notices = Notices::default();
    let counts = import(tools, plan, &mut notices, &mut Progress::silent()).await.unwrap();
    assert_eq!(notices.into_vec(), vec![]);
    counts
}

async fn events(tools: &Tools) -> Vec<Arc<Recorded>> {
    tools.log.read_all(Position::START, Direction::Forward, 10_000, &Filter::default()).await.unwrap().events
}

fn day() -> Value {
    json!([
        {"user": "U0", "text": "root", "ts": "200.000001", "thread_ts": "200.000001",
            "edited": {"user": "U0", "ts": "900.000000"}, "reactions": [{"name": "tada", "users": ["U1", "U2"]}]},
        {"user": "U1", "text": "", "ts": "201.000000", "thread_ts": "200.000001"},
        {"user": "U2", "subtype": "channel_join", "text": "x", "ts": "202.000000"},
        {"user": "U2", "subtype": "channel_join", "text": "x", "ts": "203.000000"},
        {"user": "U0", "subtype": "channel_leave", "text": "x", "ts": "204.000000"},
        {"user": "U0", "text": "from outside", "ts": "205.000000"},
    ])
}

#[tokio::test]
async fn everything_keeps_its_own_time_and_order() {
    let tools = tools();
    let counts = imported(&tools, &general(day())).await;
    let added = [counts.accounts, counts.messages, counts.edits, counts.reactions, counts.joins, counts.leaves];
    assert_eq!(added.map(|count| count.added), [3, 3, 1, 2, 1, 1]);
    assert_eq!(counts.joins.found, 2, "one of them is of a member");

    let events = events(&tools).await;
    let sent: Vec<_> = events.iter().filter(|e| matches!(e.event, Event::MessageSent(_))).collect();
    assert_eq!(sent[0].occurred_at, Time::from_micros(200_000_001));
    assert!(matches!(&sent[1].event, Event::MessageSent(e) if e.reply_to == Some(1)));
    let edited = events.iter().find(|e| matches!(e.event, Event::MessageEdited(_))).unwrap();
    assert_eq!(edited.occurred_at, Time::from_micros(900_000_000));
    let owner = events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::MemberRoleChanged(e) => Some(e.clone()),
        _ => None,
    });
    assert_eq!(owner.map(|e| e.role), Some(MemberRole::Owner), "the last owner's leave hands over");
    let reads = events.iter().filter(|e| matches!(&e.event, Event::ReadMoved(e) if e.seq == 3)).count();
    assert_eq!(reads, 2, "everybody who is in it has read everything");
}

#[tokio::test]
async fn a_second_run_adds_nothing_and_a_longer_export_adds_the_rest() {
    let tools = tools();
    imported(&tools, &general(day())).await;
    let before = events(&tools).await.len();
    let again = imported(&tools, &general(day())).await;
    assert_eq!((events(&tools).await.len(), again.messages.added, again.accounts.added), (before, 0, 0));

    let mut longer = day();
    let next = json!({"user": "U1", "text": "next week", "ts": "1000.000000", "thread_ts": "200.000001"});
    longer.as_array_mut().unwrap().push(next);
    let counts = imported(&tools, &general(longer)).await;
    assert_eq!((counts.messages.added, counts.edits.added), (1, 0));
    let events = events(&tools).await;
    let last = events.iter().rfind(|e| matches!(e.event, Event::MessageSent(_))).unwrap();
    assert!(matches!(&last.event, Event::MessageSent(e) if e.reply_to == Some(1)), "its thread is found in the log");
}
