//! Pages of other origins in a browser.

use serde_json::json;
use tests::http::Http;
use tests::person::Person;
use tests::process::Server;
use tests::reply::Reply;

const OURS: &str = "https://app.example.org";

/// What a browser asks before it sends a request that is not simple.
async fn preflight(http: &Http, origin: &str) -> Reply {
    let asking = http.ask("OPTIONS", "/v1/me").header("origin", origin);
    let asking = asking.header("access-control-request-method", "PUT");
    asking.header("access-control-request-headers", "authorization,if-match,idempotency-key").send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_the_origins_that_are_set_may_use_it_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let origins = format!("[\"{OURS}\"]");
    let server = Server::start(data.path(), &[("TIDINGS_SERVER__CORS_ORIGINS", &origins)]).await;
    let asked = preflight(&server.http, OURS).await;
    assert_eq!(asked.header("access-control-allow-origin"), Some(OURS));
    assert!(asked.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PUT")));
    let allowed = asked.header("access-control-allow-headers").unwrap_or_default();
    assert!(["authorization", "if-match", "idempotency-key"].iter().all(|name| allowed.contains(name)), "{allowed}");
    assert_eq!(asked.header("access-control-allow-credentials"), None, "there are no cookies");
    assert_eq!(
        preflight(&server.http, "https://elsewhere.example.org").await.header("access-control-allow-origin"),
        None
    );

    let alice = Person::registers(&server.http, "alice").await;
    let changed = alice.ask("PUT", "/v1/me").header("origin", OURS).json(&json!({"display_name": "Al"})).send().await;
    changed.ok(200);
    assert_eq!(changed.header("access-control-allow-origin"), Some(OURS));
    let shown = changed.header("access-control-expose-headers").unwrap_or_default();
    assert!(["etag", "tidings-position", "retry-after"].iter().all(|name| shown.contains(name)), "{shown}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_setting_no_other_origin_may() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    assert_eq!(preflight(&server.http, OURS).await.header("access-control-allow-origin"), None);
    server.stop().await;
}
