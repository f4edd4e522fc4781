//! An export's plan, from exports written by hand.

use super::*;
use serde_json::{Value, json};

fn export(users: Value, channels: Value, general: Value) -> Export {
    let entries: Vec<Entry> = serde_json::from_value(general).unwrap();
    let placed = entries.into_iter().map(|entry| Placed { file: "general/2018-02-01.json".into(), entry });
    Export {
        users: serde_json::from_value(users).unwrap(),
        channels: serde_json::from_value(channels).unwrap(),
        entries: [("general".to_owned(), placed.collect())].into(),
    }
}

fn planned(general: Value) -> (Plan, Vec<String>) {
    let users = json!([
        {"id": "U1", "team_id": "T1", "name": "ada"}, {"id": "U2", "team_id": "T1", "name": "bo"},
        {"id": "U3", "team_id": "T1", "name": "cy"},
    ]);
    let channel = json!([{"id": "C1", "name": "general", "created": 100, "creator": "U1", "members": ["U1", "U2"]}]);
    let mut notices = Notices::default();
    let plan = plan(export(users, channel, general), &mut notices);
    (plan, notices.into_vec().into_iter().map(|notice| notice.what).collect())
}

fn whats(plan: &Plan) -> Vec<&What> {
    plan.items.iter().map(|item| &item.what).collect()
}

#[test]
fn a_member_whose_first_entry_is_a_join_is_no_initial_member() {
    let (plan, notices) = planned(json!([
        {"type": "message", "user": "U2", "subtype": "channel_join", "ts": "200.000001"},
        {"type": "message", "user": "U3", "text": "hi", "ts": "201.000001"},
        {"type": "message", "user": "U1", "subtype": "channel_leave", "ts": "202.000001"},
    ]));
    assert_eq!(notices, Vec::<String>::new());
    assert!(matches!(whats(&plan)[0], What::Create { creator: 0, members, .. } if members.is_empty()));
    assert_eq!(*whats(&plan)[1], What::Join { who: 1 });
    assert_eq!(plan.places[0].members, [1].into(), "the writer does not become a member, the creator left");
}

#[test]
fn items_are_in_time_order_with_reactions_behind_their_message_and_edits_at_their_own_time() {
    let (plan, _) = planned(json!([
        {"type": "message", "user": "U2", "text": "two", "ts": "201.000000"},
        {"type": "message", "user": "U1", "text": "one", "ts": "200.000000",
            "edited": {"user": "U1", "ts": "300.000000"},
            "reactions": [{"name": "tada", "users": ["U2", "U1"], "count": 2}, {"name": "+1", "users": ["U2"]}]},
    ]));
    let kinds: Vec<String> = plan.items.iter().map(|item| format!("{} {}", kind(&item.what), item.step)).collect();
    assert_eq!(kinds, ["create 0", "send 0", "🎉 0 1", "🎉 1 2", "👍 1 3", "send 0", "edit 0"]);
}

fn kind(what: &What) -> String {
    match what {
        What::Create { .. } => "create".into(),
        What::Enter { .. } => "enter".into(),
        What::Join { .. } => "join".into(),
        What::Leave { .. } => "leave".into(),
        What::Send { .. } => "send".into(),
        What::Edit { .. } => "edit".into(),
        What::React { who, emoji, .. } => format!("{} {who}", emoji.as_str()),
    }
}

#[test]
fn a_thread_replies_to_its_first_message_where_that_is_there() {
    let (plan, notices) = planned(json!([
        {"type": "message", "user": "U1", "text": "root", "ts": "200.000000", "thread_ts": "200.000000"},
        {"type": "message", "user": "U2", "text": "reply", "ts": "201.000000", "thread_ts": "200.000000"},
        {"type": "message", "user": "U2", "text": "lost", "ts": "202.000000", "thread_ts": "150.000000"},
    ]));
    let replies: Vec<Option<i64>> = whats(&plan)[1..]
        .iter()
        .map(|what| match what {
            What::Send { reply_to, .. } => reply_to.map(Time::micros),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(replies, [None, Some(200_000_000), None]);
    assert_eq!(notices, ["202.000000: the thread's first message 150.000000 is not there; imported as no reply"]);
}

#[test]
fn what_cannot_be_mapped_is_reported_and_the_rest_planned() {
    let (plan, notices) = planned(json!([
        {"type": "message", "user": "U9", "text": "who am I", "ts": "200.000000"},
        {"type": "message", "user": "U1", "ts": "201.000000"},
        {"type": "message", "text": "nobody's", "ts": "202.000000"},
        {"type": "message", "user": "U1", "subtype": "channel_topic", "text": "x", "ts": "203.000000"},
        {"type": "message", "user": "U1", "text": "when", "ts": "soon"},
        {"type": "message", "user": "U1", "text": "good", "ts": "204.000000",
            "reactions": [{"name": "partyparrot", "users": ["U1"]}, {"name": "No Such", "users": ["U1", "U2"]}]},
        {"type": "message", "user": "U1", "text": "good again", "ts": "204.000000"},
        {"type": "message", "user": "U1", "text": "", "ts": "205.000000"},
    ]));
    assert_eq!(plan.items.len(), 4, "the creation, two messages and a reaction");
    assert_eq!(
        notices,
        [
            "an entry has a bad time stamp; it is left out",
            "201.000000: a message without a text; it is left out",
            "202.000000: an entry of nobody; it is left out",
            "203.000000: channel_topic has no counterpart; it is left out",
            "204.000000: a second entry has the same time; it is left out",
            "205.000000: a message has an empty text; it is imported so",
            "No Such is no name of an emoji: 2 reactions are left out",
            "partyparrot is no known emoji: 1 reactions are kept as :partyparrot:",
            "U9 is not there: 1 things that name this person are left out",
        ]
    );
}

#[test]
fn without_users_people_are_made_from_the_ids_that_occur() {
    let channel = json!([{"id": "C1", "name": "general", "created": 100, "creator": "U1", "members": ["U2"]}]);
    let general = json!([{"type": "message", "user": "U3", "text": "hi", "ts": "200.000000"}]);
    let mut notices = Notices::default();
    let plan = plan(export(Value::Null, channel, general), &mut notices);
    let names: Vec<&str> = plan.people.iter().map(|person| person.username.as_str()).collect();
    assert_eq!(names, ["u1_", "u2_", "u3_"]);
    assert_eq!((plan.items.len(), notices.into_vec().len()), (2, 1));
}

#[test]
fn a_channel_of_unknown_people_is_left_out_with_everything_in_it() {
    let channel = json!([{"id": "C1", "name": "general", "created": 100, "creator": "U8", "members": ["U9"]}]);
    let general = json!([{"type": "message", "user": "U8", "text": "hi", "ts": "200.000000"}]);
    let mut notices = Notices::default();
    let plan = plan(export(json!([]), channel, general), &mut notices);
    assert!(plan.items.is_empty() && plan.places.is_empty());
    assert_eq!((plan.found.conversations.found, plan.found.messages.found), (1, 1));
    assert_eq!(notices.into_vec().len(), 3, "the channel and two people");
}
