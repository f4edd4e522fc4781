//! Reading one message: as a member, and as a moderator.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use domain::words::{Content, open_one};
use tests::both_modes;
use tests::person::{DEVICE, Person};
use tests::reply::Reply;
use tests::room::Said;
use tests::world::World;

async fn reads(moderator: &Person, said: &Said, reason: &str) -> Reply {
    moderator.ask("GET", &said.path("")).header("tidings-reason", reason).send().await
}

/// Message and reason of every recorded reading.
async fn accesses(world: &World) -> Vec<(String, String, String)> {
    let filter = Filter { types: vec![EventType::ContentAccessed], ..Filter::default() };
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 100, &filter).await.unwrap();
    let mut found = Vec::new();
    for recorded in &slice.events {
        let Event::ContentAccessed(accessed) = &recorded.event else { continue };
        assert_eq!(accessed.role, Role::Moderator);
        let Content::Present(words) = open_one(&*world.app().words, &accessed.reason).await.unwrap() else { continue };
        let actor = recorded.actor.expect("an actor").to_string();
        found.push((actor, accessed.message.to_string(), words.reason));
    }
    found
}

both_modes! {
    async fn a_moderator_reads_with_a_reason_and_that_is_recorded(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("an insult", &room).await;
        let mallory = world.registers("mallory").await;
        mallory.get(&said.path("")).await.problem(404, "NOT_FOUND");
        world.grants(&mallory, Role::Moderator).await;
        mallory.get(&said.path("")).await.problem(422, "REASON_REQUIRED");
        assert_eq!(reads(&mallory, &said, "complaint 17").await.ok(200)["text"], "an insult");
        assert_eq!(reads(&mallory, &said, "Beschwerde über 17").await.ok(200)["text"], "an insult");
        let expected = |reason: &str| (mallory.id.clone(), said.id.clone(), reason.to_owned());
        assert_eq!(accesses(world).await, [expected("complaint 17"), expected("Beschwerde über 17")]);
        reads(&mallory, &said, &"r".repeat(513)).await.problem(400, "BAD_HEADER");
        mallory.get(&room.path("/messages")).await.problem(404, "NOT_FOUND");

        world.grants(&mallory, Role::User).await;
        reads(&mallory, &said, "complaint 17").await.problem(404, "NOT_FOUND");
        assert_eq!(accesses(world).await.len(), 2);
    }

    async fn members_read_without_a_trace(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("hello", &room).await;
        world.grants(&bob, Role::Moderator).await;
        assert_eq!(bob.get(&said.path("")).await.ok(200)["text"], "hello");
        assert!(accesses(world).await.is_empty());
    }

    async fn nobody_but_members_reads_what_is_strictly_encrypted(world: &mut World) {
        let (alice, _, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        let said = Said::from_json(alice.sends_encrypted("AQID", &key, &room).await.ok(201));
        let mallory = world.registers("mallory").await;
        world.grants(&mallory, Role::Moderator).await;
        let refused = reads(&mallory, &said, "complaint 17").await.problem(403, "NOT_PERMITTED");
        assert!(!refused.to_string().contains("AQID"));
        for role in [Role::Analyst, Role::Auditor, Role::Admin] {
            world.grants(&mallory, role).await;
            reads(&mallory, &said, "complaint 17").await.problem(404, "NOT_FOUND");
        }
        assert!(accesses(world).await.is_empty());
    }
}
