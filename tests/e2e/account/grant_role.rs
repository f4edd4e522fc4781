//! Granting roles.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use domain::words::{Content, open_one};
use serde_json::json;
use std::time::Duration;
use tests::both_modes;
use tests::person::Person;
use tests::reply::Reply;
use tests::world::World;

async fn grants(admin: &Person, to: &Person, role: &str) -> Reply {
    admin.put(&format!("/v1/admin/accounts/{}/role", to.id), json!({"role": role, "reason": "as agreed"})).await
}

/// Alice is an administrator, and nobody else.
async fn only_admin(world: &World) -> Person {
    let alice = world.registers("alice").await;
    world.grants(&alice, Role::Admin).await;
    let first = alice.get("/v1/accounts?username=admin").await.ok(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let first = Person { id: first, ..alice.clone() };
    grants(&alice, &first, "user").await.ok(204);
    alice
}

both_modes! {
    async fn a_role_counts_at_once_and_its_end_too(world: &mut World) {
        let (alice, bob) = (only_admin(world).await, world.registers("bob").await);
        bob.get("/v1/log").await.problem(403, "ROLE_REQUIRED");
        grants(&alice, &bob, "analyst").await.ok(204);
        bob.get("/v1/log").await.ok(200);
        assert_eq!(bob.get("/v1/me").await.ok(200)["role"], "analyst");
        grants(&alice, &bob, "user").await.ok(204);
        let since = std::time::Instant::now();
        bob.ask("GET", "/v1/log").at_once().send().await.problem(403, "ROLE_REQUIRED");
        assert!(since.elapsed() < Duration::from_secs(2));
        let head = world.head();
        grants(&alice, &bob, "user").await.ok(204);
        assert_eq!(world.head(), head, "already so");
    }

    async fn the_event_says_who_and_for_those_who_may_know_why(world: &mut World) {
        let (alice, bob) = (only_admin(world).await, world.registers("bob").await);
        grants(&alice, &bob, "moderator").await.ok(204);
        let log = &world.app().log;
        let filter = Filter { types: vec![EventType::RoleGranted], ..Filter::default() };
        let last = log.read_all(Position(u64::MAX), Direction::Backward, 1, &filter).await.unwrap().events.remove(0);
        assert_eq!(last.actor.map(|actor| actor.to_string()), Some(alice.id.clone()));
        let Event::RoleGranted(granted) = &last.event else { panic!("{last:?}") };
        let reason = open_one(&*world.app().words, granted.reason.as_ref().unwrap()).await.unwrap();
        assert!(matches!(reason, Content::Present(words) if words.reason == "as agreed"));
    }

    async fn only_administrators_grant_and_only_with_a_reason(world: &mut World) {
        let (alice, bob) = (only_admin(world).await, world.registers("bob").await);
        let path = format!("/v1/admin/accounts/{}/role", bob.id);
        for role in [Role::User, Role::Moderator, Role::Analyst, Role::Auditor] {
            world.grants(&bob, role).await;
            grants(&bob, &bob, "admin").await.problem(403, "ROLE_REQUIRED");
        }
        let head = world.head();
        for (body, pointer) in [
            (json!({"role": "moderator"}), "/reason"),
            (json!({"role": "moderator", "reason": ""}), "/reason"),
            (json!({"role": "moderator", "reason": "r".repeat(513)}), "/reason"),
            (json!({"role": "king", "reason": "as agreed"}), "/role"),
        ] {
            alice.put(&path, body).await.invalid(pointer);
        }
        let nobody = Person { id: "00000000-0000-7000-8000-000000000000".into(), ..bob.clone() };
        grants(&alice, &nobody, "moderator").await.problem(404, "NOT_FOUND");
        assert_eq!(world.head(), head);
    }

    async fn the_last_administrator_stays_one(world: &mut World) {
        let (alice, bob) = (only_admin(world).await, world.registers("bob").await);
        grants(&alice, &alice, "user").await.problem(409, "LAST_ADMIN");
        grants(&alice, &bob, "admin").await.ok(204);
        grants(&alice, &alice, "user").await.ok(204);
        grants(&bob, &bob, "user").await.problem(409, "LAST_ADMIN");
    }

    async fn of_two_who_take_it_from_each_other_one_stays(world: &mut World) {
        for round in 0..5 {
            let world: &World = world;
            let alice = if round == 0 { only_admin(world).await } else {
                let alice = world.registers(&format!("alice_{round}")).await;
                world.grants(&alice, Role::Admin).await;
                alice
            };
            let bob = world.registers(&format!("bob_{round}")).await;
            grants(&alice, &bob, "admin").await.ok(204);
            let admins = world.admins().await;
            for other in admins.iter().filter(|other| **other != alice.id && **other != bob.id) {
                grants(&alice, &Person { id: other.clone(), ..alice.clone() }, "user").await.ok(204);
            }
            let (one, other) = tokio::join!(grants(&alice, &bob, "user"), grants(&bob, &alice, "user"));
            let mut answers = [one.status, other.status];
            answers.sort_unstable();
            assert!(answers == [204, 403] || answers == [204, 409], "{answers:?}");
            assert_eq!(world.admins().await.len(), 1);
        }
    }
}
