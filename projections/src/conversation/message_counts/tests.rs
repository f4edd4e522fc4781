//! Counted by hand, recounted from random logs, and as analysts find it.

use super::*;
use crate::database::row::Columns;
use crate::database::url::DatabaseUrl;
use crate::rebuild::tests::rig::{quick, rebuild};
use crate::testing::script::{Script, account, conversation, everything, time_of};
use crate::testing::world::{Place, Source, World};
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeSet;

fn day_of(position: u64) -> NaiveDate {
    time_of(position).to_utc().date_naive()
}

#[tokio::test]
async fn messages_are_counted_by_day_and_member() {
    for place in Place::all("counts") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let first = script.sends(1, 1, "today", None);
        script.sends(1, 2, "today, too", None);
        let before_midnight = script.sends(1, 2, "and again", None);
        while day_of(script.events.len() as u64) == day_of(first.0) {
            script.reads(1, 1, 2);
        }
        let last = script.sends(1, 2, "tomorrow", None);
        let world = World::caught_up(&place, &script.events, 500).await;
        let (from, to) = (day_of(first.0), day_of(last.0));
        let reader = world.projections.message_counts();
        let counted = reader.per_day(conversation(1), from, to).await.unwrap().value;
        let expected = [DayCount { day: from, count: 3, senders: 2 }, DayCount { day: to, count: 1, senders: 1 }];
        assert_eq!(counted, expected);
        assert_eq!(reader.per_day(conversation(2), from, to).await.unwrap().value, []);
        let of = |number, count, at: domain::ids::Position| MemberCount {
            account: account(number),
            count,
            last_at: time_of(at.0),
        };
        let members = async |from, to| reader.per_member(conversation(1), from, to).await.unwrap().value;
        assert_eq!(members(from, to).await, [of(2, 3, last), of(1, 1, first)]);
        assert_eq!(members(from, from).await, [of(2, 2, before_midnight), of(1, 1, first)]);
        assert_eq!(members(to, to).await, [of(2, 1, last)]);
        world.stop().await;
        place.clean().await;
    }
}

/// Every table as rows of text.
type Tables = [Vec<String>; 3];

/// Counted from the log in the simplest way.
fn recounted(events: &[Arc<Recorded>]) -> Tables {
    let mut messages: BTreeMap<(ConversationId, NaiveDate, u32, AccountId), (u64, Time)> = BTreeMap::new();
    let mut standing: BTreeMap<(ConversationId, String), (u64, i64)> = BTreeMap::new();
    let mut kinds: BTreeMap<(NaiveDate, u32, String), u64> = BTreeMap::new();
    for recorded in events {
        let at = recorded.occurred_at.to_utc();
        let (day, hour) = (at.date_naive(), at.hour());
        let stream = recorded.stream.as_str();
        if !["read-", "session-", "view-"].iter().any(|shrinking| stream.starts_with(shrinking)) {
            *kinds.entry((day, hour, recorded.event.event_type().to_string())).or_default() += 1;
        }
        match &recorded.event {
            Event::MessageSent(e) => {
                let conversation = recorded.stream.conversation_id().unwrap();
                let row = messages.entry((conversation, day, hour, e.sender)).or_insert((0, recorded.occurred_at));
                *row = (row.0 + 1, row.1.max(recorded.occurred_at));
            }
            Event::ReactionAdded(e) => {
                let message = recorded.stream.message_id().unwrap();
                let row = standing.entry((message.conversation, e.emoji.clone())).or_default();
                *row = (row.0 + 1, row.1 + 1);
            }
            Event::ReactionRemoved(e) => {
                let message = recorded.stream.message_id().unwrap();
                standing.entry((message.conversation, e.emoji.clone())).or_default().1 -= 1;
            }
            _ => {}
        }
    }
    [
        messages.into_iter().map(|((c, d, h, s), (n, at))| format!("{c} {d} {h} {s} {n} {}", at.micros())).collect(),
        standing.into_iter().map(|((c, e), (given, stands))| format!("{c} {e} {given} {stands}")).collect(),
        kinds.into_iter().map(|((d, h, k), n)| format!("{d} {h} {k} {n}")).collect(),
    ]
}

/// What the projection holds.
async fn held(world: &World) -> Tables {
    let (mut tx, _) = world.projections.message_counts().0.snapshot().await.unwrap();
    let mut tables: Tables = Default::default();
    for (table, rows) in MessageCounts::TABLES.iter().zip(&mut tables) {
        for row in tx.fetch_all(table.select, []).await.unwrap() {
            let mut columns = row.columns();
            let texts: Vec<String> = table.columns.iter().map(|kind| text_of(&mut columns, *kind)).collect();
            rows.push(texts.join(" "));
        }
    }
    tx.commit().await.unwrap();
    tables
}

fn text_of(columns: &mut Columns<'_>, kind: Kind) -> String {
    match kind {
        Kind::Uuid => columns.take::<uuid::Uuid>().unwrap().to_string(),
        Kind::Day => columns.day().unwrap().to_string(),
        Kind::Small => columns.take::<i16>().unwrap().to_string(),
        Kind::Int => columns.take::<i64>().unwrap().to_string(),
        Kind::Text => columns.take().unwrap(),
        Kind::Time => columns.time().unwrap().micros().to_string(),
        Kind::Bool | Kind::Bytes => panic!("no such column"),
    }
}

/// Message counts of the views, which must come to the same: by day, by hour, by member, by member and day; then standing
/// reactions and events.
async fn viewed(world: &World, prefix: &str) -> Vec<i64> {
    let (mut tx, _) = world.projections.message_counts().0.snapshot().await.unwrap();
    let mut sums = Vec::new();
    for (view, column) in [
        ("messages_per_day", "messages"),
        ("messages_per_hour", "messages"),
        ("members", "messages"),
        ("members_per_day", "messages"),
        ("reactions_per_emoji", "standing"),
        ("events_per_hour", "events"),
    ] {
        let sql = format!("SELECT CAST(COALESCE(SUM({column}), 0) AS BIGINT) FROM {prefix}{view}");
        let row = tx.fetch_optional(AssertSqlSafe(sql), []).await.unwrap().unwrap();
        sums.push(row.columns().take().unwrap());
    }
    sums
}

fn sum(rows: &[String], column: usize) -> i64 {
    rows.iter().map(|row| row.split(' ').nth(column).unwrap().parse::<i64>().unwrap()).sum()
}

/// Every row of every view, from the recounted tables: what an analyst is shown. Times are seconds.
fn expected_views(events: &[Arc<Recorded>]) -> BTreeMap<&'static str, Vec<String>> {
    let mut days: BTreeMap<(ConversationId, NaiveDate), (u64, BTreeSet<AccountId>)> = BTreeMap::new();
    let mut hours: BTreeMap<(ConversationId, String), (u64, BTreeSet<AccountId>)> = BTreeMap::new();
    let mut by_day: BTreeMap<(ConversationId, NaiveDate, AccountId), (u64, i64)> = BTreeMap::new();
    let mut members: BTreeMap<(ConversationId, AccountId), (u64, i64)> = BTreeMap::new();
    for recorded in events {
        let Event::MessageSent(sent) = &recorded.event else { continue };
        let conversation = recorded.stream.conversation_id().unwrap();
        let (at, seconds) = (recorded.occurred_at.to_utc(), recorded.occurred_at.micros() / 1_000_000);
        let day = at.date_naive();
        let hour = format!("{day}T{:02}", at.hour());
        for (count, active) in
            [days.entry((conversation, day)).or_default(), hours.entry((conversation, hour)).or_default()]
        {
            *count += 1;
            active.insert(sent.sender);
        }
        let of_day = by_day.entry((conversation, day, sent.sender)).or_default();
        let of_all = members.entry((conversation, sent.sender)).or_default();
        for (count, newest) in [of_day, of_all] {
            (*count, *newest) = (*count + 1, seconds.max(*newest));
        }
    }
    BTreeMap::from([
        ("messages_per_day", days.into_iter().map(|((c, d), (n, who))| format!("{c} {d} {n} {}", who.len())).collect()),
        (
            "messages_per_hour",
            hours.into_iter().map(|((c, h), (n, who))| format!("{c} {h} {n} {}", who.len())).collect(),
        ),
        ("members_per_day", by_day.into_iter().map(|((c, d, a), (n, at))| format!("{c} {d} {a} {n} {at}")).collect()),
        ("members", members.into_iter().map(|((c, a), (n, at))| format!("{c} {a} {n} {at}")).collect()),
    ])
}

/// The same, as the database shows it.
async fn shown_views(world: &World, is_sqlite: bool) -> BTreeMap<&'static str, Vec<String>> {
    let seconds = if is_sqlite {
        "strftime('%s', last_message_at)"
    } else {
        "floor(extract(epoch FROM last_message_at))::bigint"
    };
    let hour =
        if is_sqlite { "substr(hour, 1, 13)" } else { "to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24')" };
    let views = [
        ("messages_per_day", vec!["conversation", "day", "messages", "active_members"]),
        ("messages_per_hour", vec!["conversation", hour, "messages", "active_members"]),
        ("members_per_day", vec!["conversation", "day", "account", "messages", seconds]),
        ("members", vec!["conversation", "account", "messages", seconds]),
    ];
    let (mut tx, _) = world.projections.message_counts().0.snapshot().await.unwrap();
    let mut shown = BTreeMap::new();
    for (view, columns) in views {
        let columns: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
        let sql = format!("SELECT {} AS line FROM {view} ORDER BY line", columns.join(" || ' ' || "));
        let rows = tx.fetch_all(AssertSqlSafe(sql), []).await.unwrap();
        shown.insert(view, rows.iter().map(|row| row.columns().take::<String>().unwrap()).collect());
    }
    tx.commit().await.unwrap();
    shown
}

#[tokio::test]
async fn a_recount_of_the_log_comes_to_the_same_tables_always() {
    for (seed, batch) in [(1, 1), (2, 7), (3, 100), (4, 1_000), (5, 33)] {
        for place in Place::all(&format!("recount_{seed}")) {
            let events = everything(400, 0xc0_0417 + seed).events;
            let world = World::caught_up(&place, &events, batch).await;
            let expected = recounted(&events);
            assert_eq!(held(&world).await, expected, "seed {seed}, batches of {batch}");
            let messages = sum(&expected[0], 4);
            let sums = [messages, messages, messages, messages, sum(&expected[1], 3), sum(&expected[2], 3)];
            assert_eq!(viewed(&world, "").await, sums, "the views");
            let is_sqlite = !matches!(place.url, DatabaseUrl::Postgres { .. });
            let mut shown = shown_views(&world, is_sqlite).await;
            let mut views = expected_views(&events);
            shown.values_mut().chain(views.values_mut()).for_each(|rows| rows.sort_unstable());
            assert_eq!(shown, views, "every row of the views, seed {seed}");
            world.stop().await;
            place.clean().await;
        }
    }
}

#[tokio::test]
async fn analysts_find_the_live_counts_under_names_that_stay() {
    let Some(place) = Place::postgres("analysts") else { return };
    let DatabaseUrl::Postgres { url, schema_prefix } = place.url.clone() else { return };
    let events = everything(300, 7).events;
    let world = World::run_with(&place, Source::new(&events, 50), quick()).await;
    world.catches_up().await;
    let prefix = format!("{schema_prefix}analytics.");
    let found = viewed(&world, &prefix).await;
    assert_eq!(found, viewed(&world, "").await);
    assert!(found[0] > 0);
    let rebuilt = rebuild(&world, &[crate::projection::MESSAGE_COUNTS], false).await.unwrap();
    assert!(rebuilt[0].is_switched);
    assert_eq!(viewed(&world, &prefix).await, found);
    // They show the copy that is live now, not the one that goes.
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let shown: String =
        sqlx::query_scalar("SELECT definition FROM pg_views WHERE schemaname = $1 AND viewname = 'members'")
            .bind(prefix.trim_end_matches('.'))
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert!(shown.contains("message_counts_v2_1"), "{shown}");
    connection.close().await.unwrap();
    world.stop().await;
    place.clean().await;
}
