//! Building read models again, while people go on.

use domain::account::values::Role;
use serde_json::{Value, json};
use std::time::Duration;
use tests::both_modes;
use tests::person::Person;
use tests::process::shell;
use tests::wait::eventually;
use tests::world::World;
use tokio::time::timeout;

const REBUILD: &str = "/v1/admin/projections/messaging/rebuild";

async fn ends(admin: &Person, job: &Value) -> Value {
    let path = format!("/v1/admin/jobs/{}", job["id"].as_str().expect("an id"));
    let over = || async {
        let job = admin.get(&path).await.ok(200);
        (job["state"] != "running").then_some(job)
    };
    eventually("the job ends", over).await
}

/// Before anything else is asked, for a role is remembered for a moment.
async fn becomes(world: &World, person: &Person, role: Role) {
    world.grants(person, role).await;
    let is_known = || async { (person.get("/v1/me").await.ok(200)["role"] == role.as_str()).then_some(()) };
    eventually("the role is known", is_known).await;
}

both_modes! {
    async fn an_administrator_rebuilds_and_people_notice_nothing(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for n in 0..20 {
            alice.sends(&format!("message {n}"), &room).await;
        }
        let before = bob.timeline(&room).await;
        let admin = world.registers("operator").await;
        becomes(world, &admin, Role::Admin).await;
        let asked = world.http.ask("POST", REBUILD).token(&admin.token).json(&json!({"reason": "a drill"}));
        let job = asked.key("k-1").send().await.ok(202);
        assert_eq!((&job["kind"], &job["projections"]), (&json!("rebuild"), &json!(["messaging"])), "{job}");
        alice.sends("meanwhile", &room).await;
        let done = ends(&admin, &job).await;
        assert_eq!((&done["state"], &done["outcome"][0]["comparison"]), (&json!("done"), &json!("equal")), "{done}");
        assert_eq!(done["progress"]["done"], done["progress"]["total"], "{done}");
        let again = world.http.ask("POST", REBUILD).token(&admin.token).json(&json!({"reason": "a drill"}));
        assert_eq!(again.key("k-1").send().await.ok(202)["id"], job["id"], "a repeat starts nothing");
        alice.sends("afterwards", &room).await;
        let after = bob.timeline(&room).await;
        assert_eq!(after.len(), before.len() + 2);

        let auditor = world.registers("auditor_1").await;
        becomes(world, &auditor, Role::Auditor).await;
        let log = auditor.get("/v1/log?types=JobStarted,JobEnded").await.ok(200);
        assert_eq!(log["items"].as_array().map(Vec::len), Some(2), "{log}");
        assert_eq!(log["items"][0]["actor"], json!(admin.id), "{log}");
        assert!(!log.to_string().contains("a drill"), "the reason is sealed: {log}");

        world.restarts().await;
        let remembered = world.http.ask("GET", &format!("/v1/admin/jobs/{}", job["id"].as_str().expect("an id")));
        assert_eq!(remembered.token(&admin.token).send().await.ok(200)["state"], "done");
    }

    async fn a_job_goes_on_when_whoever_asked_goes_away(world: &mut World) {
        let admin = world.registers("operator").await;
        becomes(world, &admin, Role::Admin).await;
        for n in 0..24 {
            let asked = || {
                let asked = world.http.ask("POST", "/v1/admin/projections/story_expiry/rebuild").token(&admin.token);
                asked.key(&format!("k-{n}")).json(&json!({"reason": "a drill"}))
            };
            // Some go away before it is known, some afterwards.
            drop(timeout(Duration::from_micros(300 * n), asked().try_send()).await);
            let again = || async {
                let reply = asked().send().await;
                // While the one before is at work.
                (reply.status == 202).then(|| reply.ok(202))
            };
            let job = ends(&admin, &eventually("it is taken", again).await).await;
            assert_eq!(job["state"], "done", "{job}");
        }
    }

    async fn a_repeat_is_answered_while_no_other_job_may_run(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let admin = world.registers("operator").await;
        becomes(world, &admin, Role::Admin).await;
        let asked = |projection: &str| {
            let path = format!("/v1/admin/projections/{projection}/rebuild");
            world.http.ask("POST", &path).token(&admin.token).key(projection).json(&json!({"reason": "a drill"}))
        };
        // What is served does not come to the message, so what is built cannot be compared with it.
        let (mut held, mut jobs) = (Vec::new(), Vec::new());
        let projections = ["messaging", "feed_index", "message_counts", "stories"];
        for projection in projections {
            held.push(world.holds(projection).await);
        }
        alice.sends("meanwhile", &room).await;
        for projection in projections {
            jobs.push(asked(projection).send().await.ok(202));
        }
        let refused = asked("accounts").send().await;
        assert_eq!(refused.header("retry-after"), Some("10"), "{refused:?}");
        refused.problem(503, "OVERLOADED");
        let on_shell = shell(world.directory(), &["rebuild", "accounts"], "", &[]).await;
        let said = String::from_utf8_lossy(&on_shell.stderr);
        assert!(!on_shell.status.success() && said.contains("too many jobs are running"), "{said}");
        let again = asked("messaging").send().await;
        assert!(again.is_replay(), "{again:?}");
        let again = again.ok(202);
        assert_eq!((&again["id"], &again["state"]), (&jobs[0]["id"], &json!("running")), "{again}");
        for held in held {
            held.ends().await;
        }
        for job in &jobs {
            assert_eq!(ends(&admin, job).await["state"], "done");
        }
        assert_eq!(ends(&admin, &asked("accounts").send().await.ok(202)).await["state"], "done");
    }

    async fn only_administrators_may_and_they_say_why(world: &mut World) {
        let alice = world.registers("alice").await;
        let ask = |token: &str, path: &str, body: &Value| world.http.ask("POST", path).token(token).json(body).send();
        ask(&alice.token, REBUILD, &json!({"reason": "x"})).await.problem(403, "ROLE_REQUIRED");
        alice.get("/v1/admin/jobs/00000000-0000-0000-0000-000000000001").await.problem(403, "ROLE_REQUIRED");
        let admin = world.registers("operator").await;
        becomes(world, &admin, Role::Admin).await;
        ask(&admin.token, REBUILD, &json!({})).await.problem(422, "VALIDATION_FAILED");
        ask(&admin.token, REBUILD, &json!({"reason": ""})).await.problem(422, "VALIDATION_FAILED");
        let nowhere = "/v1/admin/projections/nothing/rebuild";
        ask(&admin.token, nowhere, &json!({"reason": "x"})).await.problem(404, "NOT_FOUND");
        admin.get("/v1/admin/jobs/00000000-0000-0000-0000-000000000001").await.problem(404, "NOT_FOUND");
    }
}
