//! Clients that never give up: what was not answered is sent again with the same key until it is.

use super::ledger::{Ledger, Promise};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use tests::http::Http;
use tests::person::Person;
use tests::room::Room;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Clients that send at the same time.
pub const CLIENTS: usize = 8;

/// The clients of a run.
pub struct Load {
    server: watch::Sender<Option<Http>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<(), String>>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Load {
    /// Starts them; they wait for a server.
    pub fn start(people: &[Person], rooms: &[Room]) -> Self {
        let (server, _) = watch::channel(None);
        let (stop, _) = watch::channel(false);
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let tasks = (0..CLIENTS).map(|number| {
            let client = Client {
                number,
                person: people[number % people.len()].clone(),
                rooms: rooms.to_vec(),
                server: server.subscribe(),
                stop: stop.subscribe(),
                ledger: ledger.clone(),
            };
            tokio::spawn(client.run())
        });
        Self { tasks: tasks.collect(), server, stop, ledger }
    }

    /// From now on they talk to this server; none while it is down.
    pub fn serve(&self, http: Option<Http>) {
        self.server.send_replace(http);
    }

    /// Lets them finish what they have begun.
    pub async fn finish(self) -> Result<Ledger, String> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.map_err(|fault| fault.to_string())??;
        }
        Ok(std::mem::take(&mut *self.ledger.lock()))
    }
}

struct Client {
    number: usize,
    person: Person,
    rooms: Vec<Room>,
    server: watch::Receiver<Option<Http>>,
    stop: watch::Receiver<bool>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Client {
    async fn run(mut self) -> Result<(), String> {
        for count in 0_u64.. {
            if *self.stop.borrow() {
                break;
            }
            let text = format!("c{}-{count}", self.number);
            let room = self.rooms[(count as usize + self.number) % self.rooms.len()].clone();
            self.send_until_answered(&text, &room).await?;
        }
        Ok(())
    }

    async fn send_until_answered(&mut self, text: &str, room: &Room) -> Result<(), String> {
        loop {
            let http = match &*self.server.wait_for(Option::is_some).await.map_err(|fault| fault.to_string())? {
                Some(http) => http.clone(),
                None => continue,
            };
            let ask = http.ask("POST", &room.path("/messages")).token(&self.person.token).key(text);
            let reply = match ask.json(&json!({"text": text})).try_send().await {
                Ok(reply) => reply,
                // Killed in the middle: nobody knows whether it was stored. The same key will tell.
                Err(_) => {
                    tokio::task::yield_now().await;
                    tests::wait::let_run(std::time::Duration::from_millis(5)).await;
                    continue;
                }
            };
            match reply.status {
                201 => {
                    let message = reply.json();
                    let promise = Promise {
                        room: room.id.clone(),
                        seq: message["seq"].as_u64().unwrap_or_default(),
                        position: reply.position().unwrap_or_default(),
                    };
                    return self.ledger.lock().note(text, promise, reply.is_replay());
                }
                401 => self.person = Person { http, ..self.person.clone() }.signs_in().await,
                // Shutting down or contended: try again.
                503 | 429 => tests::wait::let_run(std::time::Duration::from_millis(20)).await,
                status => return Err(format!("{text}: {status} {}", reply.text())),
            }
        }
    }
}
