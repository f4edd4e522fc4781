//! The one HTTP client of a world. It remembers the greatest position that anybody was told, so that every query sees
//! what was done before it.

use crate::reply::Reply;
use reqwest::{Client, Method};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The client.
#[derive(Clone)]
pub struct Http {
    client: Client,
    /// Such as `http://127.0.0.1:1234`.
    pub base: String,
    seen: Arc<AtomicU64>,
}

/// A request in the making.
pub struct Asking {
    http: Http,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    waits: bool,
}

impl Http {
    /// For a server at this address.
    pub fn new(base: String) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { client, base, seen: Arc::default() }
    }

    /// The greatest position that anybody was told.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// Somebody was told this position.
    pub fn saw(&self, position: u64) {
        self.seen.fetch_max(position, Ordering::SeqCst);
    }

    /// A request of nobody in particular.
    pub fn ask(&self, method: &str, path: &str) -> Asking {
        Asking {
            http: self.clone(),
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            waits: method == "GET" && path.starts_with("/v1/"),
        }
    }
}

impl Asking {
    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With an idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string().into_bytes())
    }

    /// With any body.
    pub fn raw(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", content_type)
    }

    /// Without waiting for what was done before.
    pub fn at_once(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Sends it.
    pub async fn send(self) -> Reply {
        let request = format!("{} {}", self.method, self.path);
        self.try_send().await.unwrap_or_else(|fault| panic!("{request}: {fault:?}"))
    }

    /// Sends it to a server that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(self) -> Result<Reply, reqwest::Error> {
        let http = self.http;
        let mut builder = http.client.request(self.method.clone(), format!("{}{}", http.base, self.path));
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        if self.waits {
            builder = builder.header("tidings-min-position", http.seen().to_string()).header("tidings-wait-ms", "5000");
        }
        let response = builder.body(self.body).send().await?;
        let reply = Reply {
            request: format!("{} {}", self.method, self.path),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?,
        };
        if let Some(position) = reply.position() {
            http.saw(position);
        }
        Ok(reply)
    }
}
