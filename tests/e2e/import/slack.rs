//! The real Slack export, in both modes: `../shared/data/slack-export.zip`, or a message where it is absent.

use api::cli::import::report::Count;
use api::cli::import::run::run;
use commands::account::change_password::ChangePassword;
use commands::command::Envelope;
use domain::clock::Time;
use domain::values::Password;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tests::both_modes;
use tests::matchers::{assert_gapless, texts};
use tests::person::{PASSWORD, Person};
use tests::reducer::Screen;
use tests::room::Room;
use tests::wait::eventually;
use tests::world::World;

pub(super) fn export() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = here.join("../../shared/data/slack-export.zip");
    if !file.is_file() {
        println!("skipped: {} is absent", file.display());
        return None;
    }
    Some(file)
}

/// Sets the password of somebody who was imported, and signs in.
pub(super) async fn imported(world: &World, username: &str) -> Person {
    let seeker = world.registers("seeker").await;
    let found = || async {
        let reply = seeker.get(&format!("/v1/accounts?username={username}")).await;
        // So soon after the import, projections may still be at work.
        (reply.status == 200).then(|| reply.json()["items"][0]["id"].clone())
    };
    let id = eventually("the projections have caught up", found).await;
    let password = Password::parse(PASSWORD).expect("a password");
    let account = id.as_str().expect("the person was imported").parse().expect("an id");
    let password_hash = world.app().passwords.hash(password).await.expect("a hash");
    let command = ChangePassword { account, password_hash, compared_revision: None, kept_session: None };
    world.app().executor.execute(command, Envelope::default()).await.expect("a password");
    Person { username: username.to_owned(), ..seeker }.signs_in().await
}

both_modes! {
    async fn everything_is_brought_in_once_and_people_see_what_was_theirs(world: &mut World) {
        let Some(file) = export() else { return };
        let report = run(world.app(), &file, None).await.expect("imported");
        let counts = report.counts;
        let all = |count: u64| Count { found: count, added: count };
        assert_eq!((counts.accounts, counts.conversations), (all(525), all(139)));
        assert_eq!((counts.messages, counts.edits, counts.reactions), (all(5_476), all(375), all(1_918)));
        assert_eq!((counts.joins, counts.leaves), (Count { found: 864, added: 770 }, all(76)));
        let topics = report.notices.iter().filter(|notice| notice.what.contains("channel_topic")).count();
        assert_eq!(topics, 1);

        let head = world.head();
        let again = run(world.app(), &file, None).await.expect("imported again");
        assert_eq!(world.head(), head, "a second run adds nothing");
        assert_eq!((again.counts.messages.added, again.counts.accounts.added, again.counts.joins.added), (0, 0, 0));

        let source = Source::read(&file);
        let (user, username) = source.busiest();
        let person = imported(world, &username).await;
        source.check(&person, &user).await;
    }
}

/// What the export says, read in the simplest way: a second model that predicts the answers.
pub(super) struct Source {
    pub(super) users: BTreeMap<String, String>,
    channels: Vec<Value>,
    pub(super) entries: BTreeMap<String, Vec<Value>>,
}

impl Source {
    pub(super) fn read(file: &Path) -> Self {
        let mut archive = zip::ZipArchive::new(std::fs::File::open(file).expect("the export")).expect("a zip");
        let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
        let mut parse = |name: &str| -> Vec<Value> {
            serde_json::from_reader(archive.by_name(name).expect("a file")).expect("a list")
        };
        let users = parse("users.json");
        let channels = parse("channels.json");
        let mut entries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for name in &names {
            if let Some((folder, _)) = name.split_once('/').filter(|(_, day)| day.ends_with(".json")) {
                entries.entry(folder.to_owned()).or_default().extend(parse(name));
            }
        }
        for list in entries.values_mut() {
            list.sort_by(|a, b| a["ts"].as_str().cmp(&b["ts"].as_str()));
        }
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let users = users.iter().map(|user| (text(&user["id"]), text(&user["name"]))).collect();
        Self { users, channels, entries }
    }

    pub(super) fn is_message(entry: &Value) -> bool {
        [None, Some("me_message")].contains(&entry["subtype"].as_str())
    }

    /// Who wrote the most: (id, user name).
    pub(super) fn busiest(&self) -> (String, String) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in self.entries.values().flatten().filter(|entry| Self::is_message(entry)) {
            *counts.entry(entry["user"].as_str().expect("a user")).or_default() += 1;
        }
        let (user, _) = counts.into_iter().max_by_key(|(_, count)| *count).expect("somebody");
        (user.to_owned(), self.users[user].clone())
    }

    fn is_member_in_the_end(&self, channel: &Value, user: &str) -> bool {
        let own = self.entries[channel["name"].as_str().expect("a name")].iter().filter(|entry| entry["user"] == user);
        let moves: Vec<&str> = own
            .clone()
            .filter_map(|e| e["subtype"].as_str())
            .filter(|s| *s != "me_message" && *s != "channel_topic")
            .collect();
        let first_is_join = own.clone().next().is_some_and(|entry| entry["subtype"] == "channel_join");
        let listed = channel["members"].as_array().expect("members").iter().any(|member| member == user);
        let begins = channel["creator"] == user || (listed && !first_is_join);
        moves.last().map_or(begins, |last| *last == "channel_join")
    }

    /// The inbox, every timeline with threads and reactions, and the feed from position 0.
    async fn check(&self, person: &Person, user: &str) {
        let inbox = person.inbox().await;
        let mine: Vec<&Value> =
            self.channels.iter().filter(|channel| self.is_member_in_the_end(channel, user)).collect();
        assert_eq!(inbox.len(), mine.len(), "the right inbox");
        for channel in mine {
            let name = channel["name"].as_str().expect("a name");
            let shown = inbox.iter().find(|conversation| conversation["name"] == name).expect("the channel");
            assert_eq!(shown["unread_count"], 0, "{name}");
            let room = Room::from_json(shown.clone());
            let timeline = person.timeline(&room).await;
            assert_gapless(&timeline);
            let said: Vec<&Value> = self.entries[name].iter().filter(|entry| Self::is_message(entry)).collect();
            let expected: Vec<Option<&str>> = said.iter().map(|entry| entry["text"].as_str()).collect();
            assert_eq!(texts(&timeline), expected, "{name}");
            for (message, entry) in timeline.iter().zip(&said) {
                self.check_message(message, entry, &said);
            }
            self.check_figures(person, &room, &timeline, &said).await;
        }
        let before = Screen::fetched(person).await;
        let mut feed = person.resumes("0").await;
        let mut rebuilt = Screen::empty(person);
        for frame in feed.catches_up().await {
            rebuilt.apply_recorded(&frame);
        }
        feed.closes().await;
        rebuilt.assert_same_messages(&before);
    }

    /// Metadata and analytics of a channel, counted straight from the export.
    async fn check_figures(&self, person: &Person, room: &Room, timeline: &[Value], said: &[&Value]) {
        let metadata = person.get(&room.path("/metadata")).await.ok(200);
        assert_eq!(metadata["message_count"], said.len());
        assert_eq!(metadata["last_message_at"], timeline.last().map_or(Value::Null, |last| last["sent_at"].clone()));
        let (Some(first), Some(last)) = (said.first(), said.last()) else { return };
        let mut days: BTreeMap<String, (u64, BTreeSet<&str>)> = BTreeMap::new();
        let mut members: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
        for entry in said {
            let user = entry["user"].as_str().expect("a user");
            let (count, active) = days.entry(day_of(entry)).or_default();
            *count += 1;
            active.insert(user);
            let (count, newest) = members.entry(user).or_default();
            *count += 1;
            *newest = seconds_of(entry).max(*newest);
        }
        let range = format!("from={}&to={}", day_of(first), day_of(last));
        let analytics = person.get(&room.path(&format!("/analytics?{range}"))).await.ok(200);
        let series = |count: fn(&(u64, BTreeSet<&str>)) -> u64| {
            Value::from_iter(days.iter().map(|(day, of)| json!({"day": day, "count": count(of)})))
        };
        assert_eq!(analytics["messages_per_day"], series(|(count, _)| *count));
        assert_eq!(analytics["active_members"], series(|(_, active)| active.len() as u64));

        let counted = person.get(&room.path(&format!("/analytics/members?{range}"))).await.ok(200);
        let mut counted: Vec<(u64, i64)> = counted
            .as_array()
            .expect("members")
            .iter()
            .map(|of| (of["message_count"].as_u64().expect("a count"), micros_of(&of["last_message_at"]) / 1_000_000))
            .collect();
        assert!(counted.is_sorted_by_key(|(count, _)| std::cmp::Reverse(*count)), "who sent most first");
        let mut expected: Vec<(u64, i64)> = members.into_values().collect();
        counted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(counted, expected);
    }

    fn check_message(&self, message: &Value, entry: &Value, said: &[&Value]) {
        let root = entry["thread_ts"].as_str().filter(|root| entry["ts"] != *root);
        let root =
            root.and_then(|root| said.iter().position(|entry| entry["ts"] == root)).map(|index| index as u64 + 1);
        assert_eq!(message["reply_to"].as_u64(), root, "{entry}");
        assert_eq!(message["edited_at"].is_null(), entry["edited"].is_null(), "{entry}");
        assert_eq!(micros_of(&message["sent_at"]) / 1_000_000, seconds_of(entry));
        let given: u64 = entry["reactions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| r["users"].as_array().map_or(0, Vec::len) as u64)
            .sum();
        let counted: u64 =
            message["reactions"].as_array().into_iter().flatten().filter_map(|r| r["count"].as_u64()).sum();
        assert_eq!(counted, given, "{entry}");
    }
}

pub(super) fn seconds_of(entry: &Value) -> i64 {
    let seconds = entry["ts"].as_str().and_then(|ts| ts.split('.').next()).and_then(|s| s.parse().ok());
    seconds.expect("a time")
}

/// In UTC.
fn day_of(entry: &Value) -> String {
    Time::from_micros(seconds_of(entry) * 1_000_000).to_utc().date_naive().to_string()
}

fn micros_of(time: &Value) -> i64 {
    Time::parse(time.as_str().expect("a time")).expect("a time").micros()
}
