//! The versions of a message: members see that there are and when, auditors what they said.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::{assert_time, every};
use tests::person::{DEVICE, Person};
use tests::reply::Reply;
use tests::room::Said;
use tests::world::World;

async fn audits(auditor: &Person, said: &Said) -> Reply {
    auditor.ask("GET", &said.path("/history")).header("tidings-reason", "case 12").send().await
}

/// Role and message of every recorded reading.
async fn accesses(world: &World) -> Vec<(Role, String)> {
    let filter = Filter { types: vec![EventType::ContentAccessed], ..Filter::default() };
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 100, &filter).await.unwrap();
    let of = |event: &Event| match event {
        Event::ContentAccessed(accessed) => Some((accessed.role, accessed.message.to_string())),
        _ => None,
    };
    slice.events.iter().filter_map(|recorded| of(&recorded.event)).collect()
}

both_modes! {
    async fn members_see_that_it_was_changed_and_when(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("first words", &room).await;
        alice.edits(&said, "second words").await.ok(200);
        bob.reacts("👍", &said).await.ok(201);
        let last = alice.edits(&said, "third words").await.ok(200);
        alice.deletes(&said).await.ok(204);
        let answer = bob.get(&said.path("/history")).await;
        let history = answer.ok(200);
        let items = history["items"].as_array().expect("items");
        assert_eq!(every(items, "kind"), ["sent", "edited", "edited", "deleted"]);
        assert_eq!((&items[0]["at"], &items[2]["at"]), (&said.json["sent_at"], &last["edited_at"]));
        assert_eq!(items[0]["position"], said.json["position"]);
        items.iter().for_each(|item| assert_time(&item["at"]));
        assert!(!answer.text().contains("words") && items.iter().all(|item| item["account_id"].is_null()));
        let first = bob.get(&said.path("/history?limit=3")).await.ok(200);
        let cursor = first["next_cursor"].as_str().expect("a cursor");
        let second = bob.get(&said.path(&format!("/history?cursor={cursor}"))).await.ok(200);
        assert_eq!((&second["items"][0], &second["has_more"]), (&items[3], &json!(false)));
        bob.get(&said.path("/history?cursor=AAAA")).await.problem(400, "BAD_CURSOR");
        let untouched = bob.sends("left alone", &room).await;
        let history = alice.get(&untouched.path("/history")).await.ok(200);
        assert_eq!(every(history["items"].as_array().expect("items"), "kind"), ["sent"]);
        assert!(accesses(world).await.is_empty(), "members leave no trace");
    }

    async fn an_auditor_sees_what_it_said_with_a_reason_that_is_recorded(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let said = bob.sends("first words", &room).await;
        bob.edits(&said, "second words").await.ok(200);
        let mallory = world.registers("mallory").await;
        world.grants(&mallory, Role::Moderator).await;
        let reason = |who: &Person| who.ask("DELETE", &said.path("")).header("tidings-reason", "an insult");
        reason(&mallory).send().await.ok(204);
        let audrey = world.registers("audrey").await;
        audits(&audrey, &said).await.problem(404, "NOT_FOUND");
        world.grants(&audrey, Role::Auditor).await;
        audrey.get(&said.path("/history")).await.problem(422, "REASON_REQUIRED");
        assert!(accesses(world).await.is_empty());

        let items = audits(&audrey, &said).await.ok(200)["items"].clone();
        let items = items.as_array().expect("items");
        assert_eq!(accesses(world).await, [(Role::Auditor, said.id.clone())]);
        let told: Vec<(&Value, &Value)> = items.iter().map(|item| (&item["text"], &item["account_id"])).collect();
        let (bobs, mallorys) = (json!(bob.id), json!(mallory.id));
        assert_eq!(told, [(&json!("first words"), &bobs), (&json!("second words"), &bobs), (&json!(null), &mallorys)]);
        assert_eq!(items[2]["reason"], "an insult");

        // Who is a member, too, is shown what members are shown as long as they give no reason.
        world.grants(&carol, Role::Auditor).await;
        assert_eq!(carol.get(&said.path("/history")).await.ok(200)["items"][0]["text"], json!(null));
        assert_eq!(audits(&carol, &said).await.ok(200)["items"][0]["text"], "first words");
        for role in [Role::User, Role::Moderator, Role::Analyst, Role::Admin] {
            world.grants(&audrey, role).await;
            audits(&audrey, &said).await.problem(404, "NOT_FOUND");
        }
        assert!(!alice.get(&said.path("/history")).await.text().contains("words"));
        assert_eq!(accesses(world).await.len(), 2);
    }

    async fn nobody_reads_what_is_strictly_encrypted(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        let said = Said::from_json(alice.sends_encrypted("AQID", &key, &room).await.ok(201));
        let audrey = world.registers("audrey").await;
        world.grants(&audrey, Role::Auditor).await;
        audits(&audrey, &said).await.problem(403, "NOT_PERMITTED");
        assert_eq!(bob.get(&said.path("/history")).await.ok(200)["items"][0]["kind"], "sent");
        assert!(accesses(world).await.is_empty());
    }
}
