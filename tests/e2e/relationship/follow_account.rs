//! Following and following no longer.

use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, every};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

both_modes! {
    async fn followers_are_listed_and_counted_for_everybody(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        for follower in [&bob, &carol] {
            follower.follows(&alice).await.ok(204);
            follower.follows(&alice).await.ok(204);
        }
        let path = format!("/v1/accounts/{}/followers", alice.id);
        let list = bob.get(&path).await.ok(200);
        assert_eq!(every(list["items"].as_array().unwrap(), "account_id"), [&json!(carol.id), &json!(bob.id)]);
        assert_time(&list["items"][0]["since"]);
        assert_eq!((&list["count"], &list["has_more"]), (&json!(2), &json!(false)));
        let paged = bob.all(&format!("{path}?limit=1")).await;
        assert_eq!(every(&paged, "account_id"), [&json!(carol.id), &json!(bob.id)]);
        let following = alice.get(&format!("/v1/accounts/{}/following", bob.id)).await.ok(200);
        assert_eq!(following["items"][0]["account_id"], json!(alice.id));

        bob.unfollows(&alice).await.ok(204);
        bob.unfollows(&alice).await.ok(204);
        let list = alice.get(&path).await.ok(200);
        assert_eq!((&list["count"], &list["items"][0]["account_id"]), (&json!(1), &json!(carol.id)));
    }

    async fn nobody_follows_themself_or_somebody_who_is_not_there(world: &mut World) {
        let alice = world.registers("alice").await;
        let head = world.head();
        alice.follows(&alice).await.invalid("/id");
        for path in [format!("/v1/accounts/{NOBODY}/follow"), "/v1/accounts/x/follow".to_owned()] {
            alice.ask("PUT", &path).send().await.problem(404, "NOT_FOUND");
            alice.delete(&path).await.problem(404, "NOT_FOUND");
        }
        for list in ["followers", "following"] {
            alice.get(&format!("/v1/accounts/{NOBODY}/{list}")).await.problem(404, "NOT_FOUND");
            alice.get(&format!("/v1/accounts/{}/{list}?cursor=x", alice.id)).await.problem(400, "BAD_CURSOR");
            alice.get(&format!("/v1/accounts/{}/{list}?limit=0", alice.id)).await.invalid("/limit");
        }
        assert_eq!(world.head(), head);
    }

    async fn it_is_told_to_ones_own_devices_only_live_and_after_a_resume(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        let position = his.position.clone();
        bob.follows(&alice).await.ok(204);
        bob.unfollows(&alice).await.ok(204);
        let changed = |active: bool| json!({"account_id": alice.id, "relation": "following", "active": active});
        for active in [true, false] {
            assert_eq!(his.event("relationship.changed").await, changed(active));
        }
        let mark = alice.posts_story("the end").await;
        let told = hers.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        assert_eq!(every(&told, "type"), ["story.posted"]);
        let mut again = bob.resumes(&position).await;
        let missed = again.catches_up().await;
        assert_eq!(every(&missed, "data"), [&changed(true), &changed(false)]);
        for feed in [hers, his, again] {
            feed.closes().await;
        }
    }

    async fn it_goes_over_the_feed_too(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let mut feed = bob.feed().await;
        assert_eq!(feed.command("FollowAccount", Some("k"), json!({"id": alice.id})).await["status"], 204);
        let list = bob.get(&format!("/v1/accounts/{}/followers", alice.id)).await.ok(200);
        assert_eq!(list["count"], 1);
        assert_eq!(feed.command("UnfollowAccount", None, json!({"id": alice.id})).await["status"], 204);
        assert_eq!(feed.command("FollowAccount", None, json!({"id": bob.id})).await["op"], "reject");
        feed.closes().await;
    }
}
