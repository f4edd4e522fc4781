//! Every endpoint as somebody who has no business there, by enumeration: a new route is tried without being named.

use serde_json::json;
use tests::both_modes;
use tests::operations::operations;

both_modes! {
    async fn without_a_token_every_route_but_the_open_ones_is_closed(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("secret", &room).await;
        let head = world.head();
        for operation in operations(&world.http).await.iter().filter(|operation| !operation.is_open()) {
            let path = operation.path(|name| match name {
                "account_id" => alice.id.clone(),
                "emoji" => ":x:".to_owned(),
                _ if operation.template.contains("/messages/{id}") => said.id.clone(),
                _ => room.id.clone(),
            });
            let mut ask = world.http.ask(&operation.method, &path).at_once();
            if let Some(body) = &operation.body {
                ask = ask.json(body);
            }
            ask.send().await.problem(401, "UNAUTHENTICATED");
            let bad = world.http.ask(&operation.method, &path).at_once().token("nonsense").send().await;
            bad.problem(401, "UNAUTHENTICATED");
        }
        assert_eq!(world.head(), head);
    }

    async fn a_stranger_finds_nothing_of_a_conversation(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("secret", &room).await;
        let mallory = world.registers("mallory").await;
        let head = world.head();
        let all = operations(&world.http).await;
        let guarded = all.iter().filter(|operation| {
            operation.template.starts_with("/v1/conversations/{") || operation.template.starts_with("/v1/messages/{")
        });
        let mut tried = 0;
        for operation in guarded {
            let path = operation.path(|name| match name {
                "account_id" => bob.id.clone(),
                "emoji" => "%F0%9F%91%8D".to_owned(),
                _ if operation.template.contains("/messages/{") => said.id.clone(),
                _ => room.id.clone(),
            });
            let mut ask = mallory.ask(&operation.method, &path).header("tidings-reason", "curiosity");
            if let Some(body) = &operation.body {
                let mut body = body.clone();
                for (field, value) in [("account_id", json!(bob.id)), ("seq", json!(1)), ("emoji", json!("👍")),
                    ("text", json!("hi")), ("role", json!("member")), ("days", json!(7))] {
                    if body.get(field).is_some() {
                        body[field] = value;
                    }
                }
                let kept = ["account_id", "seq", "emoji", "text", "role", "days"];
                body.as_object_mut().expect("an object").retain(|name, _| kept.contains(&name.as_str()));
                ask = ask.json(&body);
            }
            let reply = ask.send().await;
            let problem = reply.problem(404, "NOT_FOUND");
            assert!(!problem.to_string().contains("secret"));
            tried += 1;
        }
        assert!(tried >= 14, "only {tried} were tried");
        assert_eq!(world.head(), head);
    }

    async fn a_user_is_told_which_routes_need_a_role(world: &mut World) {
        let alice = world.registers("alice").await;
        let all = operations(&world.http).await;
        let with_role = all.iter().filter(|operation| {
            ["/v1/log", "/v1/audit", "/v1/admin"].iter().any(|prefix| operation.template.starts_with(prefix))
        });
        let mut tried = 0;
        for operation in with_role {
            let path = operation.path(|_| "timeline-00000000-0000-7000-8000-000000000000".to_owned());
            alice.ask(&operation.method, &path).send().await.problem(403, "ROLE_REQUIRED");
            tried += 1;
        }
        assert!(tried >= 2, "only {tried} were tried");
    }

    async fn unknown_addresses_and_methods_are_problems_too(world: &mut World) {
        let alice = world.registers("alice").await;
        for path in ["/", "/v1", "/v2/accounts", "/v1/conversations/", "/favicon.ico", "/v1/log/streams", "/problems/NO_SUCH"] {
            alice.get(path).await.problem(404, "NOT_FOUND");
        }
        let wrong = alice.ask("DELETE", "/v1/conversations").send().await;
        wrong.problem(405, "METHOD_NOT_ALLOWED");
    }
}
