//! Roles in a group, and handing it over.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::both_modes;
use tests::matchers::assert_time;
use tests::person::Person;
use tests::room::Room;

async fn roles(person: &Person, room: &Room) -> BTreeMap<String, Value> {
    let members = person.all(&room.path("/members?limit=100")).await;
    members.into_iter().map(|m| (m["account_id"].as_str().unwrap().to_owned(), m["role"].clone())).collect()
}

both_modes! {
    async fn an_owner_makes_an_admin_who_manages_members_only(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let reply = alice.makes(&bob, "admin", &room).await;
        let member = reply.ok(200);
        assert_eq!((&member["account_id"], &member["role"]), (&json!(bob.id), &json!("admin")));
        assert_time(&member["joined_at"]);
        assert_eq!(roles(&carol, &room).await[&bob.id], "admin");
        bob.makes(&carol, "admin", &room).await.problem(403, "NOT_PERMITTED");
        bob.makes(&alice, "member", &room).await.problem(403, "NOT_PERMITTED");
        bob.makes(&carol, "member", &room).await.ok(200);
        carol.makes(&carol, "owner", &room).await.problem(403, "NOT_PERMITTED");
        alice.makes(&bob, "member", &room).await.ok(200);
        assert_eq!(roles(&bob, &room).await[&bob.id], "member");
    }

    async fn an_owner_hands_over_and_may_leave_then(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mut feed = carol.feed().await;
        alice.removes(&alice, &room).await.problem(409, "OWNER_MUST_HAND_OVER");
        alice.makes(&alice, "admin", &room).await.problem(409, "OWNER_MUST_HAND_OVER");
        let reply = alice.makes(&bob, "owner", &room).await;
        assert_eq!(reply.ok(200)["role"], "owner");
        for (who, role) in [(&bob, "owner"), (&alice, "admin")] {
            let changed = feed.event("member.role_changed").await;
            assert_eq!(changed, json!({"conversation_id": room.id, "account_id": who.id, "role": role}));
        }
        let now = roles(&carol, &room).await;
        assert_eq!([&now[&alice.id], &now[&bob.id], &now[&carol.id]], ["admin", "owner", "member"]);
        let head = world.head();
        assert_eq!(bob.makes(&bob, "owner", &room).await.ok(200)["role"], "owner");
        assert_eq!(world.head(), head, "is so already");
        alice.removes(&alice, &room).await.ok(204);
        feed.closes().await;
    }

    async fn two_who_take_over_at_once_leave_one_owner(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        for _ in 0..5 {
            let (one, other) = tokio::join!(alice.makes(&bob, "owner", &room), alice.makes(&carol, "owner", &room));
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 403], "{} {}", one.text(), other.text());
            let now = roles(&bob, &room).await;
            let owners: Vec<_> = now.iter().filter(|(_, role)| **role == "owner").map(|(id, _)| id.clone()).collect();
            assert_eq!(owners.len(), 1, "{now:?}");
            let owner = [&bob, &carol].into_iter().find(|person| person.id == owners[0]).expect("one of the two");
            owner.makes(&alice, "owner", &room).await.ok(200);
        }
    }

    async fn what_cannot_be_meant_is_refused(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let mallory = world.registers("mallory").await;
        alice.makes(&bob, "king", &room).await.invalid("/role");
        alice.makes(&mallory, "admin", &room).await.problem(404, "NOT_FOUND");
        mallory.makes(&bob, "member", &room).await.problem(404, "NOT_FOUND");
        let direct = alice.meets(&bob).await;
        alice.makes(&bob, "admin", &direct).await.problem(409, "DIRECT_MEMBERS_FIXED");
    }

    async fn a_role_is_changed_over_the_feed_too(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let mut feed = alice.feed().await;
        let body = json!({"id": room.id, "account_id": bob.id, "role": "admin"});
        let ack = feed.command("ChangeMemberRole", None, body).await;
        assert_eq!((&ack["op"], &ack["status"], &ack["data"]["role"]), (&json!("ack"), &json!(200), &json!("admin")));
        feed.closes().await;
    }

    async fn a_change_is_answered_as_made_though_the_member_is_removed_at_the_same_moment(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        alice.makes(&carol, "admin", &room).await.ok(200);
        let path = room.path("/members");
        for _ in 0..40 {
            let (made, nothing, removed) =
                tokio::join!(alice.makes(&bob, "admin", &room), alice.makes(&bob, "member", &room), alice.removes(&bob, &room));
            removed.ok(204);
            for (reply, role) in [(made, "admin"), (nothing, "member")] {
                match reply.status {
                    404 => drop(reply.problem(404, "NOT_FOUND")),
                    _ => assert_eq!(reply.ok(200)["role"], role),
                }
            }
            alice.post(&path, json!({"account_id": bob.id})).await.ok(201);
        }
    }
}
