//! Signing in.

use commands::account::register_account::RegisterAccount;
use commands::command::Envelope;
use domain::account::values::Username;
use domain::ids::AccountId;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::person::PASSWORD;
use tests::reply::Reply;
use tests::world::World;
use tokio::sync::Mutex;

async fn sign_in(world: &World, username: &str, password: &str) -> Reply {
    world.http.ask("POST", "/v1/sessions").json(&json!({"username": username, "password": password})).send().await
}

/// An account without a password, as an import makes them.
async fn keyless(world: &World) {
    let command = RegisterAccount {
        account: AccountId::new(uuid::Uuid::now_v7()),
        username: Username::parse("keyless").expect("a name"),
        display_name: None,
        password_hash: None,
    };
    world.app().executor.execute(command, Envelope::default()).await.expect("registered");
}

/// How far the times may be apart: this part of the shortest.
const APART_MAX: f64 = 0.05;
/// Samples of each kind that are taken before they are compared, and again if the machine was too busy to tell.
const ROUNDS: usize = 20;
/// How often to compare before it counts as a difference.
const TRIES: usize = 20;
/// One test at a time measures.
static MEASURING: Mutex<()> = Mutex::const_new(());

/// The mean of the shortest tenth, in seconds. Whatever else the machine does only adds to a sample, so these are the
/// ones that tell what the work itself takes.
fn undisturbed(samples: &[Duration]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let tenth = &sorted[..(sorted.len() / 10).max(1)];
    tenth.iter().sum::<Duration>().as_secs_f64() / tenth.len() as f64
}

both_modes! {
    async fn a_failed_sign_in_takes_as_long_whether_there_is_such_an_account_or_not(world: &mut World) {
        // What hashing costs by default.
        world.restarts_with(|config| {
            let auth = api::config::auth::Auth::default();
            config.auth.argon2_memory_kib = auth.argon2_memory_kib;
            config.auth.argon2_iterations = auth.argon2_iterations;
        }).await;
        world.registers("alice").await;
        keyless(world).await;
        let _alone = MEASURING.lock().await;
        let names = ["alice", "nobody", "keyless"];
        let mut samples: [Vec<Duration>; 3] = Default::default();
        for _ in 0..TRIES {
            for round in 0..ROUNDS {
                // One failure is forgiven in 30 seconds.
                world.clock.advance(31);
                for turn in 0..names.len() {
                    let which = (round + turn) % names.len();
                    let since = Instant::now();
                    sign_in(world, names[which], "wrong password").await.problem(401, "INVALID_CREDENTIALS");
                    samples[which].push(since.elapsed());
                }
            }
            let times = samples.each_ref().map(|samples| undisturbed(samples));
            let least = times.iter().copied().fold(f64::MAX, f64::min);
            let most = times.iter().copied().fold(0.0, f64::max);
            let apart = most / least - 1.0;
            println!("{} samples each of {names:?}: {times:.5?} s, {:.2} % apart", samples[0].len(), apart * 100.0);
            if apart <= APART_MAX {
                return;
            }
        }
        panic!("how long a failed sign-in takes tells whether there is such an account");
    }

    async fn every_failed_sign_in_computes_one_hash(world: &mut World) {
        world.registers("alice").await;
        keyless(world).await;
        for name in ["alice", "ALICE", "nobody", "keyless", "admin", "system", "no name", ""] {
            let before = world.app().passwords.verified();
            sign_in(world, name, "wrong password").await.problem(401, "INVALID_CREDENTIALS");
            assert_eq!(world.app().passwords.verified(), before + 1, "{name}");
        }
    }

    async fn a_limit_tells_nothing_about_the_name(world: &mut World) {
        world.registers("alice").await;
        keyless(world).await;
        let mut told: Vec<Vec<Value>> = Vec::new();
        for name in ["alice", "nobody", "keyless", "system", "no name"] {
            let mut answers = Vec::new();
            for _ in 0..12 {
                let reply = sign_in(world, name, "wrong password").await;
                let limits = ["ratelimit", "ratelimit-policy", "retry-after"].map(|header| reply.header(header));
                let mut body = reply.json();
                body["request_id"] = Value::Null;
                answers.push(json!([reply.status, limits, body]));
            }
            let before = world.app().passwords.verified();
            sign_in(world, name, PASSWORD).await.problem(429, "RATE_LIMITED");
            assert_eq!(world.app().passwords.verified(), before, "no hash is computed for {name}, right or wrong");
            told.push(answers);
        }
        for answers in &told[1..] {
            assert_eq!(answers, &told[0]);
        }
    }

    async fn a_session_has_tokens_and_the_account(world: &mut World) {
        let alice = world.registers("alice").await;
        let session = sign_in(world, "ALICE", PASSWORD).await.ok(201);
        assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(session["account"]["id"], alice.id.as_str());
        assert!(session["refresh_token"].as_str().is_some_and(|token| token.len() >= 32));
        let token = session["access_token"].as_str().unwrap();
        world.http.ask("GET", "/v1/conversations").token(token).send().await.ok(200);
    }

    async fn a_wrong_password_and_an_unknown_name_are_told_alike(world: &mut World) {
        world.registers("alice").await;
        let plain = |mut problem: Value| {
            problem["request_id"] = Value::Null;
            problem
        };
        let wrong = sign_in(world, "alice", "wrong password").await.problem(401, "INVALID_CREDENTIALS");
        let unknown = sign_in(world, "nobody", PASSWORD).await.problem(401, "INVALID_CREDENTIALS");
        assert_eq!(plain(wrong), plain(unknown));
    }

    async fn an_access_token_ends_after_fifteen_minutes(world: &mut World) {
        let alice = world.registers("alice").await;
        world.clock.advance(15 * 60 - 30);
        alice.get("/v1/conversations").await.ok(200);
        world.clock.advance(60);
        alice.get("/v1/conversations").await.problem(401, "UNAUTHENTICATED");
        alice.signs_in().await.get("/v1/conversations").await.ok(200);
    }

    async fn bad_tokens_are_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        let (head, signature) = alice.token.rsplit_once('.').unwrap_or((alice.token.as_str(), ""));
        let reversed: String = signature.chars().rev().collect();
        let bad = ["", "x", "a.b.c", &format!("{head}.{reversed}"), &format!("{head}."), "eyJhbGciOiJub25lIn0.e30."];
        for token in bad {
            let reply = world.http.ask("GET", "/v1/conversations").token(token).send().await;
            reply.problem(401, "UNAUTHENTICATED");
            assert!(reply.header("www-authenticate").is_some(), "RFC 9110 asks for it");
        }
        let basic = world.http.ask("GET", "/v1/conversations").header("authorization", "Basic YTpi").send().await;
        basic.problem(401, "UNAUTHENTICATED");
    }

    async fn failed_sign_ins_are_limited_even_when_rates_are_off(world: &mut World) {
        world.registers("alice").await;
        world.registers("bob").await;
        for _ in 0..10 {
            sign_in(world, "alice", "wrong password").await.problem(401, "INVALID_CREDENTIALS");
        }
        let limited = sign_in(world, "alice", PASSWORD).await;
        limited.problem(429, "RATE_LIMITED");
        let seconds: i64 = limited.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
        assert!((1..=30).contains(&seconds), "{seconds}");
        sign_in(world, "bob", PASSWORD).await.ok(201);
        world.clock.advance(seconds);
        sign_in(world, "alice", PASSWORD).await.ok(201);
    }

    async fn texts_that_cannot_be_names_count_as_one_name(world: &mut World) {
        for n in 0..10 {
            sign_in(world, &format!("not a name {n}"), PASSWORD).await.problem(401, "INVALID_CREDENTIALS");
        }
        sign_in(world, "?", PASSWORD).await.problem(429, "RATE_LIMITED");
    }

    async fn signing_in_well_is_not_counted(world: &mut World) {
        world.registers("alice").await;
        for _ in 0..15 {
            sign_in(world, "alice", PASSWORD).await.ok(201);
        }
    }

    async fn signing_in_well_on_many_devices_at_once_is_not_counted_either(world: &mut World) {
        world.registers("alice").await;
        for reply in join_all((0..16).map(|_| sign_in(world, "alice", PASSWORD))).await {
            reply.ok(201);
        }
        let failures = join_all((0..16).map(|_| sign_in(world, "alice", "not her password"))).await;
        let counted = failures.iter().filter(|reply| reply.status == 401).count();
        assert_eq!((counted, failures.iter().filter(|reply| reply.status == 429).count()), (10, 6));
    }
}
