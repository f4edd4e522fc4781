//! Registering, and being found.

use futures_util::future::join_all;
use serde_json::json;
use tests::both_modes;
use tests::matchers::assert_time;
use tests::person::PASSWORD;

both_modes! {
    async fn who_registered_is_found_by_id_and_by_name_in_any_case(world: &mut World) {
        let body = json!({"username": "Alice_1", "password": PASSWORD, "display_name": "Alice Liddell"});
        let account = world.http.ask("POST", "/v1/accounts").json(&body).send().await.ok(201);
        assert_eq!((&account["username"], &account["display_name"]), (&json!("Alice_1"), &json!("Alice Liddell")));
        assert_time(&account["created_at"]);
        assert!(account.get("password").is_none());

        let bob = world.registers("bob").await;
        let profile = bob.get(&format!("/v1/accounts/{}", account["id"].as_str().unwrap())).await.ok(200);
        assert_eq!((&profile["id"], &profile["username"]), (&account["id"], &account["username"]));
        let found = bob.get("/v1/accounts?username=aLICE_1").await.ok(200);
        assert_eq!(found["items"][0]["id"], account["id"]);
        assert_eq!(bob.get("/v1/accounts?username=nobody_here").await.ok(200)["items"], json!([]));
        bob.get("/v1/accounts/00000000-0000-7000-8000-000000000000").await.problem(404, "NOT_FOUND");
        bob.get("/v1/accounts/bob").await.problem(404, "NOT_FOUND");
    }

    async fn a_display_name_may_be_missing(world: &mut World) {
        let body = json!({"username": "plain", "password": PASSWORD});
        let account = world.http.ask("POST", "/v1/accounts").json(&body).send().await.ok(201);
        assert_eq!(account["display_name"], "plain");
    }

    async fn a_taken_name_is_refused_in_any_case(world: &mut World) {
        world.registers("alice").await;
        let head = world.head();
        let body = json!({"username": "ALICE", "password": PASSWORD});
        world.http.ask("POST", "/v1/accounts").json(&body).send().await.problem(409, "USERNAME_TAKEN");
        assert_eq!(world.head(), head, "a refusal appends nothing");
    }

    async fn of_twenty_who_want_the_same_name_at_once_one_gets_it(world: &mut World) {
        let body = json!({"username": "wanted", "password": PASSWORD});
        let answers = join_all((0..20).map(|_| world.http.ask("POST", "/v1/accounts").json(&body).send())).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 19, "{statuses:?}");
    }

    async fn names_and_passwords_that_do_not_fit_are_refused_by_pointer(world: &mut World) {
        let good = json!({"username": "fits_well", "password": PASSWORD});
        let cases = [
            ("username", json!("ab"), "/username"),
            ("username", json!("a".repeat(31)), "/username"),
            ("username", json!("with space"), "/username"),
            ("username", json!("Admin"), "/username"),
            ("username", json!(7), "/username"),
            ("username", json!(null), "/username"),
            ("password", json!("1234567"), "/password"),
            ("password", json!("p".repeat(129)), "/password"),
            ("display_name", json!(""), "/display_name"),
            ("display_name", json!("d".repeat(101)), "/display_name"),
            ("is_admin", json!(true), "/is_admin"),
        ];
        for (field, value, pointer) in cases {
            let mut body = good.clone();
            body[field] = value;
            world.http.ask("POST", "/v1/accounts").json(&body).send().await.invalid(pointer);
        }
        world.http.ask("POST", "/v1/accounts").json(&json!({"username": "lonely"})).send().await.invalid("/password");
    }

    async fn an_account_of_before_a_restart_is_still_there(world: &mut World) {
        let alice = world.registers("alice").await;
        world.restarts().await;
        let alice = tests::person::Person { http: world.http.clone(), ..alice };
        assert_eq!(alice.get("/v1/me").await.ok(200)["username"], "alice");
        alice.signs_in().await;
    }
}
