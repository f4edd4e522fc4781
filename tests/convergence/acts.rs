//! What people do, one command at a time, each in a scene of its own.

use futures_util::future::BoxFuture;
use serde_json::json;
use tests::person::{DEVICE, Person};
use tests::room::{Room, Said};
use tests::world::World;

/// Four people, a group of three, a direct conversation, and something said in both.
pub struct Scene {
    alice: Person,
    bob: Person,
    carol: Person,
    dave: Person,
    group: Room,
    direct: Room,
    first: Said,
    second: Said,
    private: Said,
}

impl Scene {
    /// Sets it with people of its own.
    pub async fn set(world: &World, number: usize) -> Self {
        let name = |who: &str| format!("{who}_{number}");
        let alice = world.registers(&name("alice")).await;
        let bob = world.registers(&name("bob")).await;
        let carol = world.registers(&name("carol")).await;
        let dave = world.registers(&name("dave")).await;
        let group = alice.founds("Garden", &[&bob, &carol]).await;
        let direct = alice.meets(&bob).await;
        let first = alice.sends("first", &group).await;
        let second = bob.sends("second", &group).await;
        let private = bob.sends("between us", &direct).await;
        carol.reacts("👍", &first).await.ok(201);
        Self { alice, bob, carol, dave, group, direct, first, second, private }
    }

    /// Everybody.
    pub fn people(&self) -> [&Person; 4] {
        [&self.alice, &self.bob, &self.carol, &self.dave]
    }
}

/// One thing that people do.
pub type Act = for<'a> fn(&'a Scene) -> BoxFuture<'a, ()>;

/// At least one for each command.
pub const ACTS: &[Act] = &[
    |s| Box::pin(async { drop(s.carol.meets(&s.dave).await) }),
    |s| Box::pin(async { drop(s.bob.founds("Shed", &[&s.alice, &s.dave]).await) }),
    |s| Box::pin(async { drop(s.alice.adds(&s.dave, &s.group).await.ok(201)) }),
    |s| Box::pin(async { drop(s.alice.removes(&s.carol, &s.group).await.ok(204)) }),
    |s| Box::pin(async { drop(s.bob.removes(&s.bob, &s.group).await.ok(204)) }),
    |s| {
        Box::pin(async {
            s.alice.adds(&s.dave, &s.group).await.ok(201);
            s.dave.sends("hello", &s.group).await;
            s.dave.removes(&s.dave, &s.group).await.ok(204);
            s.alice.adds(&s.dave, &s.group).await.ok(201);
        })
    },
    |s| {
        Box::pin(async {
            s.bob.sends("third", &s.group).await;
            s.alice.sends("fourth", &s.group).await;
        })
    },
    |s| Box::pin(async { drop(s.carol.replies("in the thread", &s.first, &s.group).await) }),
    |s| {
        Box::pin(async {
            s.alice.edits(&s.first, "first, edited").await.ok(200);
            s.bob.edits(&s.second, "second, edited").await.ok(200);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.deletes(&s.first).await.ok(204);
            s.alice.deletes(&s.second).await.ok(204);
            s.bob.deletes(&s.private).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.reacts("👍", &s.first).await.ok(201);
            s.bob.reacts("🎉", &s.first).await.ok(201);
        })
    },
    |s| {
        Box::pin(async {
            s.carol.takes_back("👍", &s.first).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.carol.reads(&s.group, 1).await.ok(204);
            s.alice.reads(&s.direct, 1).await.ok(204);
            s.carol.reads(&s.group, 2).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.makes(&s.bob, "admin", &s.group).await.ok(200);
            s.bob.adds(&s.dave, &s.group).await.ok(201);
            s.alice.makes(&s.dave, "owner", &s.group).await.ok(200);
            s.alice.removes(&s.alice, &s.group).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.changes(&s.group, json!({"name": "Shed", "description": "for tools"})).await.ok(200);
            s.alice.adds(&s.dave, &s.group).await.ok(201);
            s.alice.changes(&s.group, json!({"description": null})).await.ok(200);
            s.carol.removes(&s.carol, &s.group).await.ok(204);
            s.alice.changes(&s.group, json!({"name": "Barn"})).await.ok(200);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.changes(&s.group, json!({"name": "Shed"})).await.ok(200);
            s.alice.pins(&s.first, &s.group).await.ok(204);
            s.alice.closes(&s.group).await.ok(204);
            s.carol.keeps(&s.group, json!({"archived": true})).await.ok(200);
        })
    },
    |s| {
        Box::pin(async {
            s.bob.keeps(&s.direct, json!({"muted": true, "pinned": true})).await.ok(200);
            s.bob.keeps(&s.group, json!({"mute_until": "2999-01-01T00:00:00Z", "notify": "mentions"})).await.ok(200);
            s.bob.keeps(&s.direct, json!({"archived": true, "pinned": false})).await.ok(200);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.pins(&s.second, &s.group).await.ok(204);
            s.alice.pins(&s.first, &s.group).await.ok(204);
            s.bob.pins(&s.private, &s.direct).await.ok(204);
            s.alice.unpins(&s.private, &s.direct).await.ok(204);
            s.bob.deletes(&s.second).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            let said = s.carol.sends(&format!("@{} and @{}", s.alice.username, s.bob.username), &s.group).await;
            s.bob.keeps(&s.group, json!({"notify": "mentions"})).await.ok(200);
            s.carol.replies("to bob", &s.second, &s.group).await;
            s.bob.keeps(&s.group, json!({"muted": true})).await.ok(200);
            s.carol.sends(&format!("@{}", s.bob.username), &s.group).await;
            s.alice.sends("@all", &s.group).await;
            s.bob.reacts("👍", &s.first).await.ok(201);
            s.bob.takes_back("👍", &s.first).await.ok(204);
            s.bob.reacts("🎉", &s.first).await.ok(201);
            s.alice.adds(&s.dave, &s.group).await.ok(201);
            s.carol.deletes(&said).await.ok(204);
            s.dave.removes(&s.dave, &s.group).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            let head = |list: serde_json::Value| list["items"][0]["id"].clone();
            s.bob.reacts("🎉", &s.first).await.ok(201);
            let newest = head(s.alice.get("/v1/notifications").await.ok(200));
            s.alice.put("/v1/notifications/read", json!({"up_to": newest})).await.ok(204);
            s.bob.replies("once more", &s.first, &s.group).await;
        })
    },
    |s| {
        Box::pin(async {
            s.alice.keeps_messages(&s.group, Some(30)).await.ok(200);
            s.alice.adds(&s.dave, &s.group).await.ok(201);
            s.alice.keeps_messages(&s.group, None).await.ok(200);
            s.carol.removes(&s.carol, &s.group).await.ok(204);
            s.alice.keeps_messages(&s.group, Some(7)).await.ok(200);
        })
    },
    |s| Box::pin(async { drop(s.dave.posts_story("a story").await) }),
    |s| {
        Box::pin(async {
            s.alice.put("/v1/me/settings", json!({"presence": false, "time_zone": "Europe/Vienna"})).await.ok(200);
            s.alice.put("/v1/me", json!({"display_name": "Al", "bio": "likes tea"})).await.ok(200);
            s.bob.put("/v1/me/settings", json!({"read_receipts": false})).await.ok(200);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.delete("/v1/me").await.ok(202);
            s.bob.delete("/v1/me").await.ok(202);
            s.bob.post("/v1/me/erasure/cancel", json!({})).await.any(&[200, 204]);
            s.carol.delete("/v1/me").await.ok(202);
            s.carol.post("/v1/me/erasure/cancel", json!({})).await.any(&[200, 204]);
            s.carol.delete("/v1/me").await.ok(202);
        })
    },
    |s| {
        Box::pin(async {
            let key = s.carol.publishes(DEVICE, "AAAA").await;
            let body = json!({"type": "direct", "participant_id": s.alice.id, "privacy_mode": "strict_e2e"});
            let room = Room::from_json(s.carol.post("/v1/conversations", body).await.ok(201));
            let [first, second] = [
                s.carol.sends_encrypted("AQID", &key, &room).await,
                s.carol.sends_encrypted("BAUG", &key, &room).await,
            ]
            .map(|sent| Said::from_json(sent.ok(201)));
            let edited = json!({"ciphertext": "Cg==", "nonce": "AAAA", "scheme": "mls-1",
                "sender_key_id": key["key_id"], "mentions": [s.alice.id]});
            s.carol.put(&first.path(""), edited).await.ok(200);
            s.carol.deletes(&second).await.ok(204);
            s.carol.delete(&format!("/v1/me/devices/{DEVICE}/key")).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.posts_story_for("before", "followers").await;
            s.bob.follows(&s.alice).await.ok(204);
            s.alice.posts_story_for("after", "followers").await;
            s.alice.posts_story_for("not for bob", "close_friends").await;
        })
    },
    |s| {
        Box::pin(async {
            s.bob.follows(&s.alice).await.ok(204);
            s.alice.posts_story("a story").await;
            s.bob.unfollows(&s.alice).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.alice.befriends(&s.dave).await.ok(204);
            s.alice.befriends(&s.bob).await.ok(204);
            s.alice.unfriends(&s.dave).await.ok(204);
            s.alice.posts_story_for("for bob", "close_friends").await;
        })
    },
    |s| {
        Box::pin(async {
            s.bob.follows(&s.alice).await.ok(204);
            s.alice.befriends(&s.carol).await.ok(204);
            let story = s.alice.posts_story_for("a story", "followers").await;
            for privacy in ["close_friends", "public", "close_friends"] {
                s.alice.changes_privacy(&story, privacy).await.ok(204);
            }
        })
    },
    |s| {
        Box::pin(async {
            s.bob.follows(&s.alice).await.ok(204);
            let story = s.alice.posts_story_for("a story", "followers").await;
            s.alice.posts_story("another").await;
            s.alice.deletes_story(&story).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            let story = s.alice.posts_story("a story").await;
            for viewer in [&s.bob, &s.carol, &s.bob, &s.alice] {
                viewer.views_story(&story).await.ok(204);
            }
        })
    },
    |s| {
        Box::pin(async {
            let direct = json!({"type": "direct", "participant_id": s.bob.id});
            let room = Room::from_json(s.alice.post("/v1/conversations", direct).await.any(&[200, 201]));
            let said = s.alice.sends("before", &room).await;
            s.bob.follows(&s.alice).await.ok(204);
            s.alice.follows(&s.bob).await.ok(204);
            s.alice.posts_story("before").await;
            s.bob.posts_story("before").await;
            s.alice.blocks(&s.bob).await.ok(204);
            s.alice.posts_story("apart").await;
            s.bob.posts_story("apart").await;
            s.bob.reacts("👍", &said).await.problem(403, "MESSAGING_NOT_ALLOWED");
            s.bob.blocks(&s.carol).await.ok(204);
            s.bob.unblocks(&s.carol).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            // Told before: some of it goes with the block, from the list of the one who blocks.
            s.carol.reacts("👍", &s.second).await.ok(201);
            s.bob.reacts("🎉", &s.first).await.ok(201);
            s.bob.blocks(&s.carol).await.ok(204);
            s.alice.blocks(&s.bob).await.ok(204);
            let hers = s.carol.sends("hers", &s.group).await;
            s.bob.reacts("👍", &hers).await.ok(201);
            s.carol.replies("apart", &s.second, &s.group).await;
            s.alice.replies("apart", &s.second, &s.group).await;
            s.bob.reacts("👍", &s.first).await.ok(201);
            let shed = s.bob.founds("Shed", &[&s.carol, &s.dave]).await;
            s.bob.adds(&s.alice, &shed).await.ok(201);
            s.bob.unblocks(&s.carol).await.ok(204);
            s.carol.reacts("🎉", &s.second).await.ok(201);
        })
    },
    |s| {
        Box::pin(async {
            s.bob.follows(&s.alice).await.ok(204);
            s.carol.follows(&s.alice).await.ok(204);
            s.alice.posts_story("for both").await;
            s.carol.mutes_stories_of(&s.alice).await.ok(204);
            let story = s.alice.posts_story("for one").await;
            for privacy in ["close_friends", "followers"] {
                s.alice.changes_privacy(&story, privacy).await.ok(204);
            }
            s.carol.delete(&format!("/v1/accounts/{}/story-mute", s.alice.id)).await.ok(204);
        })
    },
    |s| {
        Box::pin(async {
            s.bob.follows(&s.alice).await.ok(204);
            s.alice.hides_stories_from(&s.bob).await.ok(204);
            s.alice.posts_story("not for bob").await;
            s.alice.hides_stories_from(&s.carol).await.ok(204);
            s.alice.delete(&format!("/v1/accounts/{}/story-hide", s.carol.id)).await.ok(204);
        })
    },
];
