//! Typing, presence and receipts: who is told, who is not, and that nothing of it is kept.

use super::sockets::Client;
use super::world::{World, account, conversation};
use crate::live::ephemeral::{follow, frame};
use crate::live::outbox::Outbox;
use crate::live::sizes::NEW_CONVERSATION_PATIENCE;
use crate::live::wire::{Texts, Wire};
use domain::account::event::SettingsChanged;
use domain::conversation::event::MemberLeft;
use domain::event::Event;
use domain::ids::{AccountId, Position};
use domain::limits::{EPHEMERAL_MAX_MEMBERS, FEED_EPHEMERAL_MAX_BYTES, FEED_QUEUE_MAX_BYTES};
use domain::relationship::event::{AccountBlocked, AccountUnblocked};
use domain::source::EventSource;
use domain::stream::StreamName;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A world that tells what is ephemeral, with a room of these members.
async fn world(members: &[AccountId]) -> World {
    let world = World::new();
    world.create(conversation(1), members).await;
    world.catch_up(&world.live).await;
    world.live.sockets.spawn(follow(Arc::clone(&world.live), CancellationToken::new()));
    world
}

/// The same with as many members as may be told anything.
async fn world_of_a_full_group() -> (World, Vec<AccountId>) {
    let members: Vec<_> = (1..=EPHEMERAL_MAX_MEMBERS as u128).map(account).collect();
    (world(&members).await, members)
}

/// What a client is told within a moment.
async fn told(client: &mut Client) -> Vec<Value> {
    tokio::time::sleep(Duration::from_secs(3)).await;
    client.says(&json!({"op": "heartbeat"})).await;
    let mut frames = Vec::new();
    loop {
        let frame = client.next().await;
        if frame["op"] == "heartbeat_ack" {
            return frames;
        }
        assert_eq!(frame["op"], "ephemeral", "{frame}");
        frames.push(json!([frame["type"], frame["data"]]));
    }
}

fn presence(who: AccountId, status: &str) -> Value {
    json!(["presence", {"account_id": who, "status": status}])
}

fn typing(who: AccountId) -> Value {
    json!(["typing", {"conversation_id": conversation(1), "account_id": who}])
}

#[test]
fn the_exact_text_of_an_ephemeral_frame() {
    let wire = frame("typing", &json!({"x": 1}));
    let text = wire.texts().next().unwrap();
    assert_eq!(text, r#"{"op":"ephemeral","type":"typing","data":{"x":1}}"#);
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_to_the_devices_of_other_members_and_to_nobody_else() {
    let (ann, bob, eve) = (account(1), account(2), account(3));
    let world = world(&[ann, bob]).await;
    let head = world.log.head();
    let mut hers = Client::identifies(&world, ann).await;
    let mut her_other = Client::identifies(&world, ann).await;
    let (mut his, mut strange) = (Client::identifies(&world, bob).await, Client::identifies(&world, eve).await);
    let (_, _, _) = (told(&mut hers).await, told(&mut her_other).await, told(&mut his).await);
    hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    strange.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    assert_eq!(told(&mut his).await, [typing(ann)]);
    for client in [&mut hers, &mut her_other, &mut strange] {
        assert!(told(client).await.is_empty());
    }
    assert_eq!(world.log.head(), head, "nothing of it is an event");
}

#[tokio::test(start_paused = true)]
async fn typing_is_limited() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let (mut hers, mut his) = (Client::identifies(&world, ann).await, Client::identifies(&world, bob).await);
    told(&mut his).await;
    for _ in 0..50 {
        hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    }
    assert_eq!(told(&mut his).await, vec![typing(ann); 5]);
}

/// The mutant that it kills: a limit of members that is not looked at.
#[tokio::test(start_paused = true)]
async fn nothing_ephemeral_is_told_in_a_conversation_above_the_limit() {
    let members: Vec<_> = (1..=EPHEMERAL_MAX_MEMBERS as u128 + 1).map(account).collect();
    let world = world(&members).await;
    let mut his = Client::identifies(&world, members[1]).await;
    let mut hers = Client::identifies(&world, members[0]).await;
    hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    world.read(conversation(1), members[0], 1).await;
    world.catch_up(&world.live).await;
    assert!(told(&mut his).await.is_empty());
    world.leave(conversation(1), members[5]).await;
    world.catch_up(&world.live).await;
    assert_eq!(his.next().await["type"], "member.left");
    assert_eq!(hers.next().await["type"], "read.moved");
    tokio::time::sleep(Duration::from_secs(10)).await;
    hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    assert_eq!(told(&mut his).await, [typing(members[0])]);
}

/// A conversation that was just created is known to the feed before the read models know its size. The mutants that it
/// kills: an unknown size that counts as small; one that is believed to be small later on.
#[tokio::test(start_paused = true)]
async fn nothing_ephemeral_is_told_where_the_size_is_not_known() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    // What the feed itself saw of its first members is not believed any more.
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.index.unknown.lock().insert(conversation(1));
    let (mut his, mut hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    world.read(conversation(1), ann, 1).await;
    world.catch_up(&world.live).await;
    assert!(told(&mut his).await.is_empty());
    world.index.unknown.lock().clear();
    tokio::time::sleep(Duration::from_secs(10)).await;
    hers.says(&json!({"op": "typing", "conversation_id": conversation(1)})).await;
    assert_eq!(told(&mut his).await, [typing(ann)]);
}

#[tokio::test(start_paused = true)]
async fn sizes_that_do_not_become_known_are_waited_for_once_in_a_while() {
    let ann = account(1);
    let world = world(&[ann, account(2)]).await;
    for number in 2..10 {
        world.create(conversation(number), &[ann, account(2)]).await;
        world.index.unknown.lock().insert(conversation(number));
    }
    world.catch_up(&world.live).await;
    // What the feed itself saw of their first members is not believed any more.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let _hers = Client::identifies(&world, ann).await;
    let began = Instant::now();
    for number in 2..10 {
        world.live.typing(ann, conversation(number)).await;
    }
    let took = began.elapsed();
    assert!(took >= NEW_CONVERSATION_PATIENCE && took < NEW_CONVERSATION_PATIENCE * 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn presence_follows_focus_on_all_devices_and_ends_with_the_last_socket() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let mut his = Client::identifies(&world, bob).await;
    assert!(told(&mut his).await.is_empty());
    let mut hers = Client::identifies(&world, ann).await;
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    assert_eq!(told(&mut hers).await, [presence(bob, "online")], "one who comes is told who is there");
    hers.says(&json!({"op": "focus", "visible": false})).await;
    assert_eq!(told(&mut his).await, [presence(ann, "away")]);
    let other = Client::identifies(&world, ann).await;
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    drop(other);
    assert_eq!(told(&mut his).await, [presence(ann, "away")]);
    hers.says(&json!({"op": "focus", "visible": false})).await;
    assert!(told(&mut his).await.is_empty(), "what did not change is not told");
    drop(hers);
    assert_eq!(told(&mut his).await, [presence(ann, "offline")]);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_comes_back_at_once_is_no_news() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let (mut his, hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    told(&mut his).await;
    drop(hers);
    let _again = Client::identifies(&world, ann).await;
    assert!(told(&mut his).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn presence_that_is_turned_off_or_on_is_told_at_once() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let (mut his, _hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    for (is_on, status) in [(false, "offline"), (true, "online")] {
        let chosen = SettingsChanged { read_receipts: true, presence: is_on, time_zone: None };
        world.append(vec![(StreamName::account(ann), chosen.into())]).await;
        world.catch_up(&world.live).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        let frame = his.next().await;
        assert_eq!(json!([frame["type"], frame["data"]]), presence(ann, status));
        assert!(told(&mut his).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_share_a_conversation_is_told_who_is_there_until_nothing_is_shared() {
    let (ann, bob, eve) = (account(1), account(2), account(3));
    let world = world(&[ann, bob]).await;
    let mut clients = Vec::new();
    for who in [ann, bob, eve] {
        clients.push(Client::identifies(&world, who).await);
    }
    for client in &mut clients {
        told(client).await;
    }
    let strangers = async |clients: &mut Vec<Client>, kinds: [&[&str]; 3]| {
        world.catch_up(&world.live).await;
        let mut frames = Vec::new();
        for (client, kinds) in clients.iter_mut().zip(kinds) {
            for kind in kinds {
                assert_eq!(client.next().await["type"], *kind);
            }
            frames.push(told(client).await);
        }
        frames
    };
    world.join(conversation(1), eve).await;
    let mut frames = strangers(&mut clients, [&["member.joined"]; 3]).await;
    frames[2].sort_by_key(Value::to_string);
    let of_eve = |status| vec![presence(eve, status)];
    assert_eq!(frames, [of_eve("online"), of_eve("online"), vec![presence(ann, "online"), presence(bob, "online")]]);

    world.create(conversation(2), &[ann, eve]).await;
    let created: &[&str] = &["conversation.created", "member.joined", "member.joined"];
    let frames = strangers(&mut clients, [created, &[], created]).await;
    assert_eq!(frames, [of_eve("online"), vec![], vec![presence(ann, "online")]]);

    world.leave(conversation(1), eve).await;
    let frames = strangers(&mut clients, [&["member.left"]; 3]).await;
    assert_eq!(frames, [vec![], of_eve("offline"), vec![presence(bob, "offline")]], "ann and eve still share one");
    world.leave(conversation(2), ann).await;
    let frames = strangers(&mut clients, [&["member.left"], &[], &["member.left"]]).await;
    assert_eq!(frames, [of_eve("offline"), vec![], vec![presence(ann, "offline")]]);
}

#[tokio::test(start_paused = true)]
async fn after_a_block_is_taken_back_both_are_told_of_each_other() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let (mut his, mut hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    assert_eq!(
        (told(&mut his).await, told(&mut hers).await),
        (vec![presence(ann, "online")], vec![presence(bob, "online")])
    );
    let blocked = AccountBlocked { account: bob }.into();
    world.append(vec![(StreamName::relationship(ann), blocked)]).await;
    world.catch_up(&world.live).await;
    assert_eq!(hers.next().await["type"], "relationship.changed");
    assert_eq!(
        (told(&mut his).await, told(&mut hers).await),
        (vec![presence(ann, "offline")], vec![presence(bob, "offline")])
    );
    let unblocked = AccountUnblocked { account: bob }.into();
    world.append(vec![(StreamName::relationship(ann), unblocked)]).await;
    world.catch_up(&world.live).await;
    assert_eq!(hers.next().await["type"], "relationship.changed");
    assert_eq!(
        (told(&mut his).await, told(&mut hers).await),
        (vec![presence(ann, "online")], vec![presence(bob, "online")])
    );
}

/// Several things at once: whatever is told first, nobody keeps seeing who is not there for them. The mutant that it kills:
/// what a closed socket's account shared is not looked at.
#[tokio::test(start_paused = true)]
async fn who_hides_and_goes_at_once_is_offline_to_the_others() {
    let (ann, bob) = (account(1), account(2));
    let hides = || {
        let chosen = SettingsChanged { read_receipts: true, presence: false, time_zone: None };
        (StreamName::account(ann), Event::from(chosen))
    };
    let leaves = || (StreamName::conversation(conversation(1)), Event::from(MemberLeft { account: ann }));
    let blocks = || (StreamName::relationship(ann), Event::from(AccountBlocked { account: bob }));
    for (parts, frames) in [(leaves(), 1), (blocks(), 0)] {
        let world = world(&[ann, bob]).await;
        let (mut his, hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
        assert_eq!(told(&mut his).await, [presence(ann, "online")]);
        world.append(vec![hides()]).await;
        world.append(vec![parts]).await;
        world.catch_up(&world.live).await;
        for _ in 0..frames {
            assert_eq!(his.next().await["type"], "member.left");
        }
        assert_eq!(told(&mut his).await, [presence(ann, "offline")]);
        drop(hers);
    }
    let world = world(&[ann, bob]).await;
    let (mut his, hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    drop(hers);
    // So that its task ends first.
    tokio::time::sleep(Duration::from_millis(10)).await;
    world.append(vec![blocks()]).await;
    world.catch_up(&world.live).await;
    assert_eq!(told(&mut his).await, [presence(ann, "offline")], "closed and blocked");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_last_is_no_reason_to_stay_online() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let mut his = Client::identifies(&world, bob).await;
    let stream = world.connects(ann).await.unwrap();
    let hers = Client::identifies(&world, ann).await;
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    drop(hers);
    // So that its task ends first.
    tokio::time::sleep(Duration::from_millis(10)).await;
    drop(stream);
    assert_eq!(told(&mut his).await, [presence(ann, "offline")]);
}

/// The mutant that it kills: after a while the read model is asked, whatever it knows.
#[tokio::test(start_paused = true)]
async fn presence_that_was_turned_off_stays_off_while_the_read_model_is_behind() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let (mut his, mut hers) = (Client::identifies(&world, bob).await, Client::identifies(&world, ann).await);
    assert_eq!(told(&mut his).await, [presence(ann, "online")]);
    world.index_stands_at(Some(world.log.head()));
    let chosen = SettingsChanged { read_receipts: false, presence: false, time_zone: None };
    world.append(vec![(StreamName::account(ann), chosen.into())]).await;
    world.catch_up(&world.live).await;
    assert_eq!(told(&mut his).await, [presence(ann, "offline")]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    hers.says(&json!({"op": "focus", "visible": true})).await;
    world.read(conversation(1), ann, 1).await;
    world.catch_up(&world.live).await;
    assert!(told(&mut his).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_a_group_above_the_limit_is_told_of_nobody() {
    let members: Vec<_> = (1..=EPHEMERAL_MAX_MEMBERS as u128 + 1).map(account).collect();
    let world = world(&members).await;
    let small = conversation(2);
    world.create(small, &[members[1], members[2]]).await;
    world.catch_up(&world.live).await;
    let (mut first, mut second) =
        (Client::identifies(&world, members[0]).await, Client::identifies(&world, members[1]).await);
    let _third = Client::identifies(&world, members[2]).await;
    assert!(told(&mut first).await.is_empty());
    assert_eq!(told(&mut second).await, [presence(members[2], "online")]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.leave(conversation(1), members[0]).await;
    world.catch_up(&world.live).await;
    assert_eq!(first.next().await["type"], "member.left");
    assert!(told(&mut first).await.is_empty());
}

/// The mutants that it kills: a size that is not known counts as too large; one that becomes known later is not looked at.
#[tokio::test(start_paused = true)]
async fn in_a_group_that_may_have_grown_beyond_the_limit_all_stay_online_until_that_is_known() {
    let (world, members) = world_of_a_full_group().await;
    let mut first = Client::identifies(&world, members[0]).await;
    let _second = Client::identifies(&world, members[1]).await;
    assert_eq!(told(&mut first).await, [presence(members[1], "online")]);
    world.index.unknown.lock().insert(conversation(1));
    world.join(conversation(1), account(1_000)).await;
    world.catch_up(&world.live).await;
    assert_eq!(first.next().await["type"], "member.joined");
    assert!(told(&mut first).await.is_empty());
    world.index.unknown.lock().clear();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(told(&mut first).await, [presence(members[1], "offline")]);
}

/// The mutants that it kills: a size of before somebody joined is believed; whose last socket has just gone is forgotten; a
/// newcomer is told who of the others is there, by an `offline`.
#[tokio::test(start_paused = true)]
async fn in_a_group_that_has_grown_while_read_models_are_behind_a_newcomer_is_told_of_nobody() {
    let (world, members) = world_of_a_full_group().await;
    let mut newcomer = Client::identifies(&world, account(1_000)).await;
    let mut first = Client::identifies(&world, members[0]).await;
    let _second = Client::identifies(&world, members[1]).await;
    let third = Client::identifies(&world, members[2]).await;
    assert_eq!(told(&mut first).await.len(), 2);
    world.index_stands_at(Some(world.log.head()));
    world.join(conversation(1), account(1_000)).await;
    drop(third);
    tokio::time::sleep(Duration::from_millis(10)).await;
    for joins in [None, Some(1_001)] {
        if let Some(joins) = joins {
            world.join(conversation(1), account(joins)).await;
        }
        world.catch_up(&world.live).await;
        for client in [&mut first, &mut newcomer] {
            assert_eq!(client.next().await["type"], "member.joined");
            assert!(told(client).await.is_empty());
        }
    }
    world.index_stands_at(None);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut of_first = told(&mut first).await;
    of_first.sort_by_key(Value::to_string);
    assert_eq!(of_first, [presence(members[1], "offline"), presence(members[2], "offline")]);
    assert!(told(&mut newcomer).await.is_empty());
}

/// The mutant that it kills: whoever has just gone shares nothing with anybody.
#[tokio::test(start_paused = true)]
async fn in_a_group_that_grows_beyond_the_limit_who_comes_back_at_once_is_near_still() {
    let (world, members) = world_of_a_full_group().await;
    world.create(conversation(2), &[members[1], members[2]]).await;
    world.catch_up(&world.live).await;
    let _first = Client::identifies(&world, members[0]).await;
    let mut second = Client::identifies(&world, members[1]).await;
    let third = Client::identifies(&world, members[2]).await;
    assert_eq!(told(&mut second).await.len(), 2);
    world.join(conversation(1), account(1_000)).await;
    drop(third);
    tokio::time::sleep(Duration::from_millis(10)).await;
    world.catch_up(&world.live).await;
    // Nothing is waited for but this: frames are made on other threads, and meanwhile the clock would go on.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _third = Client::identifies(&world, members[2]).await;
    assert_eq!(second.next().await["type"], "member.joined");
    assert_eq!(told(&mut second).await, [presence(members[0], "offline")]);
}

/// The mutants that it kills: what was told before stays; who is near by another way is offline, too.
#[tokio::test(start_paused = true)]
async fn in_a_group_that_grows_beyond_the_limit_those_who_share_nothing_else_are_offline() {
    let (world, members) = world_of_a_full_group().await;
    world.create(conversation(2), &[members[1], members[2]]).await;
    world.catch_up(&world.live).await;
    let mut first = Client::identifies(&world, members[0]).await;
    let mut second = Client::identifies(&world, members[1]).await;
    let _third = Client::identifies(&world, members[2]).await;
    assert_eq!(told(&mut first).await.len(), 2);
    assert_eq!(told(&mut second).await.len(), 2);
    // One leaves and another joins: as many as before.
    let newcomers: Vec<_> = (1..=3).map(|number| account(EPHEMERAL_MAX_MEMBERS as u128 + number)).collect();
    world.leave(conversation(1), members[5]).await;
    world.join(conversation(1), newcomers[0]).await;
    world.catch_up(&world.live).await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.next().await["type"], "member.left");
        assert_eq!(client.next().await["type"], "member.joined");
        assert!(told(client).await.is_empty());
    }
    for newcomer in &newcomers[1..] {
        world.join(conversation(1), *newcomer).await;
    }
    world.catch_up(&world.live).await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.next().await["type"], "member.joined");
        assert_eq!(client.next().await["type"], "member.joined");
    }
    let mut of_first = told(&mut first).await;
    of_first.sort_by_key(Value::to_string);
    assert_eq!(of_first, [presence(members[1], "offline"), presence(members[2], "offline")]);
    assert_eq!(told(&mut second).await, [presence(members[0], "offline")]);
}

/// The mutant that it kills: settings that are not asked.
#[tokio::test(start_paused = true)]
async fn who_lets_others_know_nothing_is_told_of_to_nobody() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    world.index.reserved.lock().insert(ann);
    let mut his = Client::identifies(&world, bob).await;
    let hers = Client::identifies(&world, ann).await;
    world.read(conversation(1), ann, 1).await;
    world.catch_up(&world.live).await;
    assert!(told(&mut his).await.is_empty());
    drop(hers);
    assert!(told(&mut his).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn receipts_are_told_to_other_members_and_only_the_last_of_several() {
    let (ann, bob) = (account(1), account(2));
    let world = world(&[ann, bob]).await;
    let mut his = Client::identifies(&world, bob).await;
    told(&mut his).await;
    for seq in 1..=3 {
        world.read(conversation(1), ann, seq).await;
    }
    world.catch_up(&world.live).await;
    let expected = json!(["read", {"conversation_id": conversation(1), "account_id": ann, "seq": 3}]);
    assert_eq!(told(&mut his).await, [expected]);
}

#[test]
fn ephemeral_frames_go_first_and_events_never() {
    let world = World::new();
    let outbox = Outbox::new(None, Arc::clone(&world.live.meters));
    outbox.open();
    let hint = Wire::json(&"e".repeat(1_000));
    for _ in 0..100 {
        outbox.push_ephemeral(&hint);
    }
    assert!(outbox.bytes() <= FEED_EPHEMERAL_MAX_BYTES && outbox.bytes() > FEED_EPHEMERAL_MAX_BYTES - 1_100);
    let event = Wire::json(&"m".repeat(10_000));
    let mut events = 0;
    while outbox.bytes() + event.len() <= FEED_QUEUE_MAX_BYTES {
        events += 1;
        outbox.push(&event, Position(events));
    }
    for _ in 0..3 {
        events += 1;
        outbox.push(&event, Position(events));
    }
    let mut taken = Vec::new();
    outbox.take(&mut taken);
    let texts: Vec<_> = taken.into_iter().flat_map(Texts).collect();
    assert!(texts.iter().all(|text| text.starts_with(b"\"m")), "the ephemeral ones made room");
    assert_eq!(texts.len() as u64, events);
}
