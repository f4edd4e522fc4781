//! The whole system in this process, with its router at hand: no TCP, a clock that stands still, stops and crashes.

use api::app::{self, Running};
use api::config::Config;
use api::config::limits::Switch;
use api::http::routes::router;
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::clock::{Clock, Time};
use futures_util::future::join_all;
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tests::person::PASSWORD;
use tests::reply::Reply;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// When every system starts.
const START: &str = "2026-03-01T08:00:00Z";
/// Bytes of an answer, at most.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// How long a stopped or crashed system may hold its files.
const PATIENCE: Duration = Duration::from_secs(20);
/// Seconds that an access token lives: the most that can be configured.
pub const TOKEN_SECONDS: i64 = 24 * 60 * 60;
/// Seconds that a refresh token lives: few enough for a history to see its end.
pub const REFRESH_SECONDS: i64 = 36 * 60 * 60;

/// A clock that moves only when it is told to.
pub struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Vec<u8>>,
    pub headers: Vec<(&'static str, String)>,
}

impl Ask {
    pub fn of(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), ..Self::default() }
    }

    pub fn json(self, body: &Value) -> Self {
        Self { body: Some(body.to_string().into_bytes()), ..self.header("content-type", "application/json") }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A text of the body.
    pub fn sent(&self, name: &str) -> String {
        let body: Value = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }

    /// The token that it bears.
    pub fn token(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(name, value)| if *name == "authorization" { value.strip_prefix("Bearer ") } else { None })
    }

    pub fn signed(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// The system, alone in its directory.
pub struct System {
    runtime: Option<Runtime>,
    running: Option<Running>,
    router: Option<Router>,
    clock: Arc<StillClock>,
    directory: TempDir,
    people: usize,
    /// The greatest position that anybody was told.
    seen: u64,
}

impl System {
    pub fn start() -> Self {
        let start = Time::parse(START).expect("a time").micros();
        let mut system = Self {
            runtime: None,
            running: None,
            router: None,
            clock: Arc::new(StillClock(AtomicI64::new(start))),
            directory: TempDir::with_prefix("tidings-simulation-").expect("a directory"),
            people: 0,
            seen: 0,
        };
        system.go();
        system
    }

    fn config(&self) -> Config {
        let mut config = Config::for_directory(self.directory.path());
        config.auth.argon2_memory_kib = 8;
        config.auth.argon2_iterations = 1;
        config.auth.access_token_seconds = TOKEN_SECONDS;
        config.auth.refresh_token_seconds = REFRESH_SECONDS;
        config.limits.rates = Switch::Off;
        config
    }

    fn go(&mut self) {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let since = Instant::now();
        // The files of a crashed system are given back when its last thread has ended.
        let running = loop {
            match runtime.block_on(app::start(self.config(), self.clock.clone())) {
                Ok(running) => break running,
                Err(fault) if since.elapsed() > PATIENCE => panic!("it does not start: {fault:?}"),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.router = Some(router(running.app().clone()));
        self.running = Some(running);
        self.runtime = Some(runtime);
    }

    /// Stops in order.
    pub fn stop(&mut self) {
        let (runtime, running) = (self.runtime.take().expect("it runs"), self.running.take().expect("it runs"));
        self.router = None;
        runtime.block_on(running.stop()).expect("a clean stop");
        runtime.shutdown_timeout(PATIENCE);
    }

    /// Stops in order and starts again.
    pub fn restart(&mut self) {
        self.stop();
        self.go();
    }

    /// Ends as a crash does, as far as one process can: every task ends where it is, nothing is finished or written.
    pub fn crash(&mut self) {
        let (runtime, running) = (self.runtime.take().expect("it runs"), self.running.take().expect("it runs"));
        runtime.shutdown_timeout(PATIENCE);
        self.router = None;
        drop(running);
        self.go();
    }

    pub fn now(&self) -> i64 {
        self.clock.now().micros()
    }

    pub fn advance(&self, micros: i64) {
        self.clock.0.fetch_add(micros.max(0), Ordering::SeqCst);
    }

    /// Requests that are under way at the same time; the answers in the same order.
    pub fn ask_together(&mut self, asks: Vec<Ask>) -> Vec<Reply> {
        let router = self.router.clone().expect("it runs");
        let runtime = self.runtime.as_ref().expect("it runs");
        let replies = if asks.len() == 1 {
            asks.into_iter().map(|ask| runtime.block_on(answer(router.clone(), ask))).collect::<Vec<_>>()
        } else {
            runtime.block_on(async {
                let tasks = asks.into_iter().map(|ask| tokio::spawn(answer(router.clone(), ask)));
                join_all(tasks).await.into_iter().map(|reply| reply.expect("no panic")).collect()
            })
        };
        self.seen = replies.iter().filter_map(Reply::position).fold(self.seen, u64::max);
        replies
    }

    pub fn ask(&mut self, ask: Ask) -> Reply {
        self.ask_together(vec![ask]).remove(0)
    }

    /// A question that knows of everything that anybody was told.
    pub fn get(&mut self, token: &str, path: &str) -> Reply {
        let ask = Ask::of("GET", path)
            .header("tidings-min-position", self.seen.to_string())
            .header("tidings-wait-ms", "5000");
        self.ask(ask.signed(token))
    }

    /// A new account: its id and its name.
    pub fn register(&mut self) -> (String, String) {
        self.people += 1;
        let username = format!("person_{}", self.people);
        let body = json!({"username": username, "password": PASSWORD});
        let account = self.ask(Ask::of("POST", "/v1/accounts").json(&body)).ok(201);
        (account["id"].as_str().expect("an id").to_owned(), username)
    }
}

async fn answer(router: Router, ask: Ask) -> Reply {
    let mut request = Request::builder().method(ask.method).uri(&ask.path);
    for (name, value) in &ask.headers {
        request = request.header(*name, value);
    }
    let body = ask.body.map_or_else(Body::empty, Body::from);
    let response = router.oneshot(request.body(body).expect("a request")).await.expect("routes do not fail");
    let (parts, body) = response.into_parts();
    Reply {
        request: format!("{} {}", ask.method, ask.path),
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: to_bytes(body, ANSWER_MAX_BYTES).await.expect("a body"),
    }
}
