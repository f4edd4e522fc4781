//! A running Tidings of a test's own.

use crate::clock::MovableClock;
use crate::databases::Databases;
use crate::held_projection::HeldProjection;
use crate::http::Http;
use crate::person::{PASSWORD, Person};
use crate::room::Room;
use crate::wait::soon;
use api::app::{self, App, Running};
use api::config::Config;
use api::config::limits::Switch;
use commands::account::grant_role::GrantRole;
use commands::command::Envelope;
use domain::account::values::Role;
use domain::state::State;
use domain::stream::StreamName;
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// One of the two ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// SQLite, and the log's own tail.
    Embedded,
    /// PostgreSQL and NATS.
    Production,
}

type Change = Box<dyn Fn(&mut Config) + Send + Sync>;

/// A running Tidings, alone in its directory, its databases and its NATS stream.
pub struct World {
    /// How it runs.
    pub mode: Mode,
    /// Its clock.
    pub clock: Arc<MovableClock>,
    /// Its client.
    pub http: Http,
    directory: TempDir,
    change: Change,
    databases: Option<Databases>,
    running: Option<Running>,
}

impl World {
    /// In the embedded mode.
    pub async fn embedded() -> Self {
        Self::start(Mode::Embedded, None).await
    }

    /// In the production mode; none, with a message, where `tests/run` did not start PostgreSQL and NATS.
    pub async fn production() -> Option<Self> {
        let Some(databases) = Databases::make().await else {
            println!("skipped: PostgreSQL and NATS are started by tests/run");
            return None;
        };
        Some(Self::start(Mode::Production, Some(databases)).await)
    }

    /// The same over a NATS server of the test's own.
    pub async fn production_over(nats: String) -> Option<Self> {
        let mut databases = Databases::make().await?;
        databases.nats = nats;
        Some(Self::start(Mode::Production, Some(databases)).await)
    }

    async fn start(mode: Mode, databases: Option<Databases>) -> Self {
        let directory = TempDir::with_prefix("tidings-world-").expect("a directory");
        let clock = Arc::new(MovableClock::default());
        let mut world = Self {
            mode,
            clock,
            http: Http::new(String::new()),
            directory,
            change: Box::new(|_| ()),
            databases,
            running: None,
        };
        world.go().await;
        world
    }

    async fn go(&mut self) {
        let running = app::start(self.config(), self.clock.clone()).await.expect("Tidings starts");
        self.http.base = format!("http://{}", running.address);
        self.running = Some(running);
    }

    /// Its configuration: cheap passwords, no rates, and what the mode needs.
    pub fn config(&self) -> Config {
        let mut config = Config::for_directory(self.directory());
        config.auth.argon2_memory_kib = 8;
        config.auth.argon2_iterations = 1;
        config.limits.rates = Switch::Off;
        if let Some(databases) = &self.databases {
            config.database.url = Some(databases.read_models.clone());
            config.keys.url = Some(databases.keys.clone());
            config.transport.url = databases.nats.clone();
        }
        (self.change)(&mut config);
        config
    }

    /// What a process of the shell needs to find the same databases.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let databases = self.databases.iter().flat_map(Databases::environment);
        databases.map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What runs, for tests that look behind the API.
    pub fn app(&self) -> &Arc<App> {
        self.running.as_ref().expect("it runs").app()
    }

    /// Somebody new, signed in.
    pub async fn registers(&self, username: &str) -> Person {
        Person::registers(&self.http, username).await
    }

    /// So many accounts, nobody signed in: their ids.
    pub async fn registers_a_crowd(&self, count: usize) -> Vec<String> {
        let registers = |number: usize| async move {
            let body = json!({"username": format!("member_{number}"), "password": PASSWORD});
            let account = self.http.ask("POST", "/v1/accounts").json(&body).send().await.ok(201);
            account["id"].as_str().expect("an id").to_owned()
        };
        stream::iter(0..count).map(registers).buffered(16).collect().await
    }

    /// Gives somebody a role. Only the shell does so yet, and it needs the directory for itself.
    pub async fn grants(&self, person: &Person, role: Role) {
        let account = person.id.parse().expect("an id");
        let command = GrantRole { account, role, reason: None };
        self.app().executor.execute(command, Envelope::default()).await.expect("granted");
    }

    /// Who is an administrator, by id.
    pub async fn admins(&self) -> Vec<String> {
        let state = self.app().executor.current(&StreamName::admins()).await.expect("the log");
        let State::Admins(admins) = &*state else { panic!("no administrators: {state:?}") };
        admins.accounts.iter().map(ToString::to_string).collect()
    }

    /// Keeps a read model from being written.
    pub async fn holds(&self, projection: &str) -> HeldProjection {
        match &self.databases {
            Some(databases) => HeldProjection::in_schema(databases, projection).await,
            None => HeldProjection::in_file(self.directory(), projection).await,
        }
    }

    /// The position of the newest event.
    pub fn head(&self) -> u64 {
        self.app().log.head().0
    }

    /// Three people and their group.
    pub async fn three_in_a_room(&self) -> (Person, Person, Person, Room) {
        let (alice, bob, carol) =
            (self.registers("alice").await, self.registers("bob").await, self.registers("carol").await);
        let room = alice.founds("Garden", &[&bob, &carol]).await;
        (alice, bob, carol, room)
    }

    /// Two people and their direct conversation.
    pub async fn two_in_a_room(&self) -> (Person, Person, Room) {
        let (alice, bob) = (self.registers("alice").await, self.registers("bob").await);
        let room = alice.meets(&bob).await;
        (alice, bob, room)
    }

    /// Two people and their direct conversation, strictly encrypted.
    pub async fn two_in_a_strict_room(&self) -> (Person, Person, Room) {
        let (alice, bob) = (self.registers("alice").await, self.registers("bob").await);
        let body = serde_json::json!({"type": "direct", "participant_id": bob.id, "privacy_mode": "strict_e2e"});
        let room = Room::from_json(alice.post("/v1/conversations", body).await.ok(201));
        (alice, bob, room)
    }

    /// Stops it and starts it again on the same data; people stay signed in.
    pub async fn restarts(&mut self) {
        self.stops().await;
        self.go().await;
    }

    /// The same with another configuration from now on.
    pub async fn restarts_with(&mut self, change: impl Fn(&mut Config) + Send + Sync + 'static) {
        self.change = Box::new(change);
        self.restarts().await;
    }

    /// Starts it again with every request traced, to this collector.
    pub async fn traces_to(&mut self, endpoint: &str) {
        let endpoint = endpoint.to_owned();
        let change = move |config: &mut Config| {
            config.telemetry.otlp_endpoint = Some(endpoint.clone());
            config.telemetry.trace_share = 1.0;
        };
        self.restarts_with(change).await;
    }

    /// Stops it, lets somebody at its directory, and starts it again.
    pub async fn stops_for_a_while(&mut self, meanwhile: impl AsyncFnOnce(&Path)) {
        self.stops().await;
        meanwhile(self.directory()).await;
        self.go().await;
    }

    /// Makes PostgreSQL write everything to its files; nothing in the embedded mode.
    pub async fn checkpoints(&self) {
        if let Some(databases) = &self.databases {
            databases.checkpoint().await;
        }
    }

    async fn stops(&mut self) {
        let running = self.running.take().expect("it runs");
        let app = running.app().clone();
        soon("Tidings stops", running.stop()).await.expect("a clean stop");
        assert!(app.tracker.is_closed() && app.tracker.is_empty(), "{} tasks are left over", app.tracker.len());
        // SQLite's last connection takes its side file away.
        assert!(!self.directory().join("keys/keys.db-wal").exists(), "the keys store is still open");
    }

    /// Ends it. A test that does not come here has failed or forgotten to.
    pub async fn done(mut self) {
        self.stops().await;
        if let Some(databases) = self.databases.take() {
            databases.drop_all().await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let forgotten = self.running.is_some() && !std::thread::panicking();
        assert!(!forgotten, "a test must end its world with `world.done().await`");
    }
}
