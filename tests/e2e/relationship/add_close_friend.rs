//! The list of close friends.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::every;
use tests::person::PASSWORD;
use tests::world::World;

/// The ids of new accounts that nobody signs in to.
async fn people(world: &World, count: usize) -> Vec<String> {
    let register = async |number: usize| {
        let body = json!({"username": format!("friend_{number}"), "password": PASSWORD});
        let account = world.http.ask("POST", "/v1/accounts").json(&body).send().await.ok(201);
        account["id"].as_str().expect("an id").to_owned()
    };
    let mut ids = Vec::new();
    for first in (0..count).step_by(10) {
        ids.extend(join_all((first..count.min(first + 10)).map(register)).await);
    }
    ids
}

both_modes! {
    async fn friends_are_added_listed_and_removed(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        for friend in [&bob, &carol] {
            alice.befriends(friend).await.ok(204);
            alice.befriends(friend).await.ok(204);
        }
        let path = format!("/v1/accounts/{}/close-friends", alice.id);
        let list = alice.get(&path).await.ok(200);
        assert_eq!(every(list["items"].as_array().unwrap(), "account_id"), [&json!(carol.id), &json!(bob.id)]);
        assert_eq!(list["count"], 2);
        assert_eq!(alice.all(&format!("{path}?limit=1")).await.len(), 2);
        alice.unfriends(&carol).await.ok(204);
        alice.unfriends(&carol).await.ok(204);
        let list = alice.get(&path).await.ok(200);
        assert_eq!((&list["count"], &list["items"][0]["account_id"]), (&json!(1), &json!(bob.id)));
    }

    async fn a_list_is_its_owners_alone(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        alice.befriends(&bob).await.ok(204);
        let head = world.head();
        let path = format!("/v1/accounts/{}/close-friends", alice.id);
        bob.get(&path).await.problem(403, "NOT_PERMITTED");
        bob.ask("POST", &format!("{path}/{}", bob.id)).send().await.problem(403, "NOT_PERMITTED");
        bob.delete(&format!("{path}/{}", bob.id)).await.problem(403, "NOT_PERMITTED");
        alice.befriends(&alice).await.invalid("/friend_id");
        let nobody = "00000000-0000-7000-8000-000000000000";
        alice.ask("POST", &format!("{path}/{nobody}")).send().await.problem(404, "NOT_FOUND");
        alice.delete(&format!("{path}/{nobody}")).await.problem(404, "NOT_FOUND");
        assert_eq!(world.head(), head);
    }

    async fn a_list_holds_a_hundred_however_many_come_at_once(world: &mut World) {
        let alice = world.registers("alice").await;
        let friends = people(world, 112).await;
        let add = async |friend: &String| {
            alice.ask("POST", &format!("/v1/accounts/{}/close-friends/{friend}", alice.id)).send().await
        };
        for some in friends[..92].chunks(10) {
            for reply in join_all(some.iter().map(add)).await {
                reply.ok(204);
            }
        }
        let last = join_all(friends[92..].iter().map(add)).await;
        let added = last.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(added, 8);
        for reply in last.into_iter().filter(|reply| reply.status != 204) {
            reply.problem(409, "CLOSE_FRIENDS_FULL");
        }
        let list: Vec<Value> = alice.all(&format!("/v1/accounts/{}/close-friends?limit=30", alice.id)).await;
        assert_eq!(list.len(), 100);
    }

    async fn a_friend_is_not_told(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        alice.befriends(&bob).await.ok(204);
        alice.unfriends(&bob).await.ok(204);
        for active in [true, false] {
            let expected = json!({"account_id": bob.id, "relation": "close_friend", "active": active});
            assert_eq!(hers.event("relationship.changed").await, expected);
        }
        let mark = bob.posts_story("the end").await;
        let told = his.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        assert_eq!(every(&told, "type"), ["story.posted"]);
        hers.closes().await;
        his.closes().await;
    }
}
