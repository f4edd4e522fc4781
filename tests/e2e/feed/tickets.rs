//! Tickets to the feed.

use serde_json::{Value, json};
use tests::both_modes;
use tests::feed::Feed;
use tests::person::Person;

async fn takes(person: &Person) -> String {
    let ticket = person.ask("POST", "/v1/feed/tickets").send().await.ok(201);
    assert_eq!(ticket["expires_in"], 30);
    ticket["ticket"].as_str().expect("a ticket").to_owned()
}

both_modes! {
    async fn a_ticket_opens_one_feed(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let path = format!("/v1/feed?ticket={}", takes(&alice).await);
        let mut feed = Feed::connects_at(&world.http, &path, None).await.expect("a socket");
        feed.send(&json!({"op": "identify"})).await;
        feed.is_ready().await;
        assert_eq!(feed.ready["account_id"], alice.id.as_str());
        bob.sends("hello", &room).await;
        feed.event("message.sent").await;
        assert_eq!(Feed::connects_at(&world.http, &path, None).await.err(), Some(401), "it works once");
        feed.closes().await;
    }

    async fn a_ticket_ends_with_the_session_that_it_was_taken_in(world: &mut World) {
        let alice = world.registers("alice").await;
        let other = alice.signs_in().await;
        let (kept, void, void_too) = (takes(&alice).await, takes(&other).await, takes(&other).await);
        other.delete("/v1/sessions/current").await.ok(204);
        let path = format!("/v1/feed?ticket={void}");
        assert_eq!(Feed::connects_at(&world.http, &path, None).await.err(), Some(401));
        let poll = world.http.ask("GET", &format!("/v1/feed/events?ticket={void_too}")).send().await;
        poll.problem(401, "UNAUTHENTICATED");
        let feed = Feed::connects_at(&world.http, &format!("/v1/feed?ticket={kept}"), None).await.expect("a socket");
        feed.closes().await;
    }

    async fn a_ticket_that_is_old_or_none_opens_nothing(world: &mut World) {
        let alice = world.registers("alice").await;
        let path = format!("/v1/feed?ticket={}", takes(&alice).await);
        world.clock.advance(31);
        for path in [path.as_str(), "/v1/feed?ticket=", "/v1/feed?ticket=x"] {
            assert_eq!(Feed::connects_at(&world.http, path, None).await.err(), Some(401), "{path}");
        }
        let with_token = format!("/v1/feed?token={}", alice.token);
        assert_eq!(Feed::connects_at(&world.http, &with_token, None).await.err(), Some(422), "no token in an address");
        let none = world.http.ask("POST", "/v1/feed/tickets").send().await;
        assert_ne!(none.problem(401, "UNAUTHENTICATED"), Value::Null);
    }
}
