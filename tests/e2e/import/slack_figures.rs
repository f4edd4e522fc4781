//! The analysts' views after the import of the real Slack export, against a recount of the zip, in both modes.

use super::slack::{Source, export, seconds_of};
use api::cli::import::run::run;
use domain::clock::Time;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tests::both_modes;
use tests::wait::eventually;
use tests::world::World;

/// Asks the views as an analyst does; each row is one text.
async fn rows(world: &World, view: &str, columns: &[&str]) -> Vec<String> {
    let line = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect::<Vec<_>>().join(" || ' ' || ");
    match world.config().database.url {
        Some(url) => {
            let mut connection = PgConnection::connect(&url).await.expect("the database");
            let sql = format!("SELECT {line} FROM analytics.{view}");
            let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("rows");
            connection.close().await.expect("closed");
            rows
        }
        None => {
            let files = std::fs::read_dir(world.directory().join("projections")).expect("the projections");
            let is_it = |path: &PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.starts_with("message_counts") && name.ends_with(".db")
            };
            let file = files.map(|file| file.expect("a file").path()).find(is_it).expect("the counts");
            let url = format!("sqlite:{}?mode=ro", file.display());
            let mut connection = SqliteConnection::connect(&url).await.expect("the database");
            let rows = sqlx::query_scalar(AssertSqlSafe(format!("SELECT {line} FROM {view}")))
                .fetch_all(&mut connection)
                .await
                .expect("rows");
            connection.close().await.expect("closed");
            rows
        }
    }
}

/// Rows of each conversation beside those of the others; which is which the ids do not say.
fn by_conversation(rows: Vec<String>) -> Vec<Vec<String>> {
    let mut series: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (conversation, rest) = row.split_once(' ').expect("two columns");
        series.entry(conversation.to_owned()).or_default().push(rest.to_owned());
    }
    sorted(series.into_values())
}

fn sorted(series: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut series: Vec<Vec<String>> = series.filter(|rows| !rows.is_empty()).collect();
    series.iter_mut().for_each(|rows| rows.sort_unstable());
    series.sort_unstable();
    series
}

fn hour_of(seconds: i64) -> String {
    Time::from_micros(seconds * 1_000_000).to_utc().format("%Y-%m-%dT%H").to_string()
}

fn reactions_of(entry: &Value) -> u64 {
    let reactions = entry["reactions"].as_array().into_iter().flatten();
    reactions.map(|reaction| reaction["users"].as_array().map_or(0, Vec::len) as u64).sum()
}

both_modes! {
    async fn the_views_show_what_a_recount_of_the_zip_comes_to(world: &mut World) {
        let Some(file) = export() else { return };
        let report = run(world.app(), &file, None).await.expect("imported");
        let total = report.counts.messages.found;
        let is_sqlite = world.config().database.url.is_none();
        let counted = || async {
            let rows = rows(world, "messages_per_day", &["messages"]).await;
            (rows.iter().map(|row| row.parse::<u64>().expect("a count")).sum::<u64>() == total).then_some(())
        };
        eventually("everything is counted", counted).await;
        let source = Source::read(&file);
        let said: Vec<Vec<&Value>> =
            source.entries.values().map(|list| list.iter().filter(|entry| Source::is_message(entry)).collect()).collect();
        let hour = if is_sqlite { "substr(hour, 1, 13)" } else { "to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24')" };
        let last = if is_sqlite { "strftime('%s', last_message_at)" } else { "floor(extract(epoch FROM last_message_at))::bigint" };

        for (view, column, length) in [("messages_per_day", "day", 10), ("messages_per_hour", hour, 13)] {
            let expected = said.iter().map(|said| {
                let mut spans: BTreeMap<String, (u64, BTreeSet<&str>)> = BTreeMap::new();
                for entry in said {
                    let (count, active) = spans.entry(hour_of(seconds_of(entry))[..length].to_owned()).or_default();
                    *count += 1;
                    active.insert(entry["user"].as_str().expect("a user"));
                }
                spans.into_iter().map(|(span, (count, active))| format!("{span} {count} {}", active.len())).collect()
            });
            let shown = rows(world, view, &["conversation", column, "messages", "active_members"]).await;
            assert_eq!(by_conversation(shown), sorted(expected), "{view}");
        }
        let expected = said.iter().map(|said| {
            let mut members: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
            for entry in said {
                let (count, newest) = members.entry(entry["user"].as_str().expect("a user")).or_default();
                (*count, *newest) = (*count + 1, seconds_of(entry).max(*newest));
            }
            members.into_values().map(|(count, newest)| format!("{count} {newest}")).collect()
        });
        let shown = rows(world, "members", &["conversation", "messages", last]).await;
        assert_eq!(by_conversation(shown), sorted(expected), "members");

        let expected = said.iter().map(|said| said.iter().map(|entry| reactions_of(entry)).sum::<u64>());
        let mut expected: Vec<u64> = expected.filter(|count| *count > 0).collect();
        let mut given: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows(world, "reactions_per_emoji", &["conversation", "given", "standing"]).await {
            let fields: Vec<&str> = row.split(' ').collect();
            assert_eq!(fields[1], fields[2], "nothing was taken back");
            *given.entry(fields[0].to_owned()).or_default() += fields[1].parse::<u64>().expect("a count");
        }
        let mut given: Vec<u64> = given.into_values().collect();
        expected.sort_unstable();
        given.sort_unstable();
        assert_eq!(given, expected, "reactions");

        let mut kinds: BTreeMap<(String, &str), u64> = BTreeMap::new();
        for entry in said.iter().flatten() {
            let hour = hour_of(seconds_of(entry));
            *kinds.entry((hour.clone(), "MessageSent")).or_default() += 1;
            let reactions = reactions_of(entry);
            if reactions > 0 {
                *kinds.entry((hour, "ReactionAdded")).or_default() += reactions;
            }
            if let Some(edited) = entry["edited"]["ts"].as_str().and_then(|ts| ts.split('.').next()?.parse().ok()) {
                *kinds.entry((hour_of(edited), "MessageEdited")).or_default() += 1;
            }
        }
        let mut expected: Vec<String> = kinds.into_iter().map(|((hour, kind), n)| format!("{hour} {kind} {n}")).collect();
        let is_one = |row: &String| ["MessageSent", "ReactionAdded", "MessageEdited"].iter().any(|kind| row.contains(kind));
        let mut shown: Vec<String> =
            rows(world, "events_per_hour", &[hour, "type", "events"]).await.into_iter().filter(is_one).collect();
        expected.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, expected, "events by the hour");
    }
}
